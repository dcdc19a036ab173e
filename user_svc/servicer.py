"""user.v1.UserService: each method opens its one transaction; the rules of who sees whom stand here."""

from collections.abc import Callable, Collection
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from protos.user.v1 import user_pb2 as pb
from protos.user.v1 import user_pb2_grpc
from runtime import call
from runtime.audit import record
from runtime.call import Caller
from runtime.database import Database, ReadSession
from runtime.ids import from_id, to_id
from runtime.messages.envelope import PREFIX as EVENT_PREFIX
from runtime.pages import Position, list_of, page_size, page_token, position_of
from runtime.refusals import InvalidArgument, NotFound
from user_svc import profile, store
from user_svc.mails import mail_to_proto, reported, wanted
from user_svc.model import User, audit_event
from user_svc.userinfo import UserInfoEndpoint

BATCH_MAX = 100
STAFF = frozenset({"support", "admin"})

Context = grpc.aio.ServicerContext[Any, Any]

_CHECKS: dict[str, Callable[[str], str]] = {
    "display_name": profile.display_name,
    "locale": profile.locale,
    "time_zone": profile.time_zone,
}


class UserServicer(user_pb2_grpc.UserServiceServicer):
    def __init__(self, database: Database, userinfo: UserInfoEndpoint) -> None:
        self._database = database
        self._userinfo = userinfo

    async def EnsureUser(self, request: pb.EnsureUserRequest, context: Context) -> pb.EnsureUserResponse:
        caller = call.person()
        # Asked before the transaction opens: it must not wait for the network.
        info = await self._userinfo.of(caller.token, caller.subject)
        async with self._database.write() as session:
            user = await store.register(session, caller.subject, info)
            if user is None:
                known = await store.locked(session, caller.subject)
                assert known is not None
                address = {} if known.email == info.email else {"email": info.email, "email_state": "DELIVERABLE"}
                user = await store.change(session, known, address, "user.address")
            return pb.EnsureUserResponse(user=user_to_proto(user))

    async def GetUser(self, request: pb.GetUserRequest, context: Context) -> pb.GetUserResponse:
        if request.user_id and request.subject:
            raise InvalidArgument("Name a person by user_id or by subject, not by both.", fields={"subject": "one key"})
        batch = pb.BatchGetUsersRequest(subjects=[request.subject or call.caller().subject])
        if request.user_id:
            batch = pb.BatchGetUsersRequest(user_ids=[request.user_id])
        [result] = (await self.BatchGetUsers(batch, context)).results
        if not result.HasField("user"):
            raise NotFound("There is no such person.", reason="USER_NOT_FOUND")
        return pb.GetUserResponse(user=result.user)

    async def BatchGetUsers(self, request: pb.BatchGetUsersRequest, context: Context) -> pb.BatchGetUsersResponse:
        if request.user_ids and request.subjects:
            raise InvalidArgument(
                "Name people by user_ids or by subjects, not by both.", fields={"subjects": "one kind"}
            )
        keys = list(request.user_ids or request.subjects)
        if len(keys) > BATCH_MAX:
            field = "user_ids" if request.user_ids else "subjects"
            raise InvalidArgument("Too many keys.", fields={field: f"must name at most {BATCH_MAX}"})
        async with self._database.read() as session:
            found = await _found(session, request)
        caller = call.caller()
        seen = {key: user for key, user in found.items() if _may_read(caller, user)}
        others = [user for user in seen.values() if user.subject != caller.subject]
        await self._audit_staff(caller, "user.read", [to_id("user", user.id) for user in others])
        return pb.BatchGetUsersResponse(
            results=[
                pb.BatchGetUsersResult(key=key, user=user_to_proto(seen[key]) if key in seen else None) for key in keys
            ]
        )

    async def UpdateUser(self, request: pb.UpdateUserRequest, context: Context) -> pb.UpdateUserResponse:
        caller = call.person()
        values = _changes(request)
        async with self._database.write() as session:
            user = await store.locked(session, caller.subject)
            if user is None or request.user.id not in ("", to_id("user", user.id)):
                raise NotFound("There is no such person.", reason="USER_NOT_FOUND")
            return pb.UpdateUserResponse(user=user_to_proto(await store.change(session, user, values, "user.update")))

    async def ReportMail(self, request: pb.ReportMailRequest, context: Context) -> pb.ReportMailResponse:
        values = reported(request.mail)
        async with self._database.write() as session:
            await store.keep_mail(session, values)
        return pb.ReportMailResponse()

    async def ListMails(self, request: pb.ListMailsRequest, context: Context) -> pb.ListMailsResponse:
        caller, size, these = call.caller(), page_size(request.page_size), wanted(request)
        this_list = list_of("mails", caller.subject, *map(str, these))
        start = position_of(this_list, request.page_token)
        holder_subject = None if _reads_everybody(caller) else caller.subject
        async with self._database.read(snapshot=True) as session:
            found = await store.mails(session, holder_subject, these, start.id if start else None, size + 1)
            page = found[:size]
            said = await store.feedback(session, page)
        others = [mail.delivery_id for mail in page if mail.holder_subject != caller.subject]
        await self._audit_staff(caller, "mail.read", [to_id(EVENT_PREFIX, delivery_id) for delivery_id in others])
        is_more = len(found) > size
        return pb.ListMailsResponse(
            mails=[mail_to_proto(mail, said.get(mail.delivery_id, ())) for mail in page],
            next_page_token=page_token(this_list, Position(0, page[-1].delivery_id)) if is_more else "",
        )

    async def _audit_staff(self, caller: Caller, action: str, others: Collection[str]) -> None:
        """Records what a person has read that is not their own; services read by their scope, without a trace."""
        if caller.kind == "person" and others:
            async with self._database.write() as session:
                for resource in others:
                    await record(session, audit_event, action, resource)


def user_to_proto(user: User) -> pb.User:
    create_time = Timestamp()
    create_time.FromDatetime(user.create_time)
    return pb.User(
        id=to_id("user", user.id),
        subject=user.subject,
        email=user.email,
        email_state=pb.EmailState.Value(f"EMAIL_STATE_{user.email_state}"),
        display_name=user.display_name,
        locale=user.locale,
        time_zone=user.time_zone,
        create_time=create_time,
    )


async def _found(session: ReadSession, request: pb.BatchGetUsersRequest) -> dict[str, User]:
    if not request.user_ids:
        # PostgreSQL's text has no NUL, and a subject never has one.
        return await store.by_subjects(session, {subject for subject in request.subjects if "\x00" not in subject})
    ids = [from_id("user", key, f"user_ids[{index}]") for index, key in enumerate(request.user_ids)]
    return {to_id("user", user_id): user for user_id, user in (await store.by_ids(session, ids)).items()}


def _may_read(caller: Caller, user: User) -> bool:
    return caller.subject == user.subject or _reads_everybody(caller)


def _reads_everybody(caller: Caller) -> bool:
    return caller.kind == "service" or bool(STAFF & caller.roles)


def _changes(request: pb.UpdateUserRequest) -> dict[str, str]:
    """The checked new values of the mask's fields. Raises InvalidArgument, naming every field that is wrong."""
    paths = list(dict.fromkeys(request.update_mask.paths))
    values: dict[str, str] = {}
    wrong = {} if paths else {"update_mask": f"must name at least one of {', '.join(_CHECKS)}"}
    for path in paths:
        if path not in _CHECKS:
            wrong["update_mask"] = f"may name {', '.join(_CHECKS)}"
            continue
        try:
            values[path] = _CHECKS[path](getattr(request.user, path))
        except ValueError as error:
            wrong[f"user.{path}"] = str(error)
    if wrong:
        raise InvalidArgument(f"The profile is not valid: {', '.join(wrong)}.", fields=wrong)
    return values
