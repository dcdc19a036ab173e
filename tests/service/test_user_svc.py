"""user_svc over real gRPC and real PostgreSQL, with an issuer of its own."""

import asyncio
from typing import Any

import orjson
import psycopg
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from protos.user.v1 import user_pb2 as pb
from runtime.refusals import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, Unavailable
from tests.service.tokens import USER_INFO_PATH, Answer
from tests.service.users import UserSvc, ensured, new_subject


async def test_the_first_call_registers_a_person_with_what_cognito_says(users: UserSvc) -> None:
    subject = new_subject()
    users.issuer.people[subject] = {"email": "ada@example.com", "name": "Ada", "locale": "es-MX"}
    token = users.issuer.token(subject)

    async with users.client(token) as client:
        with pytest.raises(NotFound):
            await client.GetUser(pb.GetUserRequest())
        ensured = (await client.EnsureUser(pb.EnsureUserRequest())).user
        found = (await client.GetUser(pb.GetUserRequest())).user

    assert found == ensured
    assert (found.email, found.display_name, found.locale, found.time_zone) == (
        "ada@example.com",
        "Ada",
        "es-MX",
        "UTC",
    )
    assert found.email_state == pb.EMAIL_STATE_DELIVERABLE
    assert found.id.startswith("user_")


async def test_a_hundred_first_calls_at_once_register_one_person_and_tell_it_once(users: UserSvc) -> None:
    subject = new_subject()

    async with users.client(users.issuer.token(subject)) as client:
        answers = await asyncio.gather(*(client.EnsureUser(pb.EnsureUserRequest()) for _ in range(100)))

    user_ids = {answer.user.id for answer in answers}
    assert len(user_ids) == 1
    events = users.events(user_ids.pop())
    assert [(event["type"], int(event["sequence"])) for event in events] == [("stori.user.v1.UserRegistered", 1)]


async def test_events_carry_no_name_and_no_address(users: UserSvc) -> None:
    subject = new_subject()
    users.issuer.people[subject] = {"email": "canary-mail@example.com", "name": "Canary Name"}

    user = await ensured(users, subject)

    written = orjson.dumps(users.events(user.id)).decode()
    assert user.id in written
    assert "anary" not in written


async def test_a_new_address_at_cognito_replaces_the_old_one_and_mail_flows_again(users: UserSvc) -> None:
    subject = new_subject()
    first = await ensured(users, subject)
    with psycopg.connect(users.owner_url) as connection:
        connection.execute("UPDATE user_profile SET email_state = 'BOUNCED' WHERE subject = %s", (subject,))
    users.issuer.people[subject] = {"email": "new@example.com"}

    second = await ensured(users, subject)

    assert second.id == first.id
    assert second.email == "new@example.com"
    assert second.email_state == pb.EMAIL_STATE_DELIVERABLE
    assert users.events(first.id)[-1]["data"]["changedFields"] == ["email", "email_state"]


async def test_an_unverified_address_registers_nobody(users: UserSvc) -> None:
    subject = new_subject()
    users.issuer.people[subject] = {"email_verified": "false"}
    before = users.rows("SELECT count(*) FROM user_profile")

    with pytest.raises(FailedPrecondition) as refused:
        await ensured(users, subject)

    assert refused.value.reason == "EMAIL_NOT_VERIFIED"
    assert users.rows("SELECT count(*) FROM user_profile") == before


async def test_while_cognito_is_down_nobody_is_registered_and_the_refusal_says_so(users: UserSvc) -> None:
    subject = new_subject()
    users.issuer.answers[USER_INFO_PATH] = Answer(status=503)
    try:
        with pytest.raises(Unavailable) as refused:
            await ensured(users, subject)
    finally:
        del users.issuer.answers[USER_INFO_PATH]

    assert refused.value.reason == "USER_INFO_UNAVAILABLE"
    assert users.rows(f"SELECT count(*) FROM user_profile WHERE subject = '{subject}'") == [(0,)]


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_token_that_cognito_does_not_take_is_the_caller_s_fault(users: UserSvc, status: int) -> None:
    users.issuer.answers[USER_INFO_PATH] = Answer(status=status)
    try:
        with pytest.raises(PermissionDenied) as refused:
            await ensured(users, new_subject())
    finally:
        del users.issuer.answers[USER_INFO_PATH]

    assert refused.value.reason == "USER_INFO_REFUSED"


async def test_an_answer_about_another_subject_is_not_used(users: UserSvc) -> None:
    subject = new_subject()
    users.issuer.people[subject] = {"sub": "somebody-else"}

    with pytest.raises(Unavailable):
        await ensured(users, subject)

    assert users.rows(f"SELECT count(*) FROM user_profile WHERE subject = '{subject}'") == [(0,)]


async def test_another_person_looks_like_a_missing_one(users: UserSvc) -> None:
    ada = await ensured(users, new_subject())
    missing = "user_01h455vb4pex5vsknk084sn02q"

    async with users.client(users.issuer.token(new_subject())) as stranger:
        refusals = []
        for user_id in (ada.id, missing):
            with pytest.raises(NotFound) as refused:
                await stranger.GetUser(pb.GetUserRequest(user_id=user_id))
            refusals.append((refused.value.message, refused.value.reason))
        batch = await stranger.BatchGetUsers(pb.BatchGetUsersRequest(user_ids=[ada.id, missing]))

    assert refusals[0] == refusals[1]
    assert [result.HasField("user") for result in batch.results] == [False, False]


async def test_a_service_reads_people_by_subject_in_the_order_it_asks(users: UserSvc) -> None:
    subjects = [new_subject(), new_subject()]
    for subject in subjects:
        await ensured(users, subject)
    keys = [subjects[1], "nobody\x00", subjects[0]]

    async with users.client(users.issuer.service_token()) as service:
        results = (await service.BatchGetUsers(pb.BatchGetUsersRequest(subjects=keys))).results
        with pytest.raises(PermissionDenied):
            await service.EnsureUser(pb.EnsureUserRequest())

    assert [result.key for result in results] == keys
    assert [result.user.subject for result in results] == [subjects[1], "", subjects[0]]


async def test_support_reads_a_person_and_leaves_an_audit_row(users: UserSvc) -> None:
    ada = await ensured(users, new_subject())
    agent = new_subject()

    async with users.client(users.issuer.token(agent, groups=["support"])) as support:
        found = (await support.GetUser(pb.GetUserRequest(user_id=ada.id))).user

    assert found == ada
    audit = users.rows(f"SELECT actor, action FROM audit_event WHERE resource = '{ada.id}' ORDER BY id")
    assert audit[-1] == (agent, "user.read")


async def test_a_profile_is_changed_field_by_field(users: UserSvc) -> None:
    subject = new_subject()
    before = await ensured(users, subject)
    wanted = pb.User(display_name="Ada L.", locale="pt-br", time_zone="America/Sao_Paulo")

    async with users.client(users.issuer.token(subject)) as client:
        request = pb.UpdateUserRequest(user=wanted, update_mask=FieldMask(paths=["locale", "time_zone"]))
        after = (await client.UpdateUser(request)).user
        await client.UpdateUser(request)

    assert (after.display_name, after.locale, after.time_zone) == (before.display_name, "pt-BR", "America/Sao_Paulo")
    assert [event["type"].rpartition(".")[2] for event in users.events(after.id)] == ["UserRegistered", "UserUpdated"]


@pytest.mark.parametrize(
    ("paths", "values", "field"),
    [
        ([], {}, "update_mask"),
        (["email"], {"email": "x@example.com"}, "update_mask"),
        (["display_name"], {"display_name": " "}, "user.display_name"),
        (["display_name"], {"display_name": "a\x00b"}, "user.display_name"),
        (["display_name"], {"display_name": "x" * 101}, "user.display_name"),
        (["locale"], {"locale": "klingon"}, "user.locale"),
        (["time_zone"], {"time_zone": "../etc/passwd"}, "user.time_zone"),
    ],
)
async def test_a_wrong_change_names_the_field_and_changes_nothing(
    users: UserSvc, paths: list[str], values: dict[str, Any], field: str
) -> None:
    subject = new_subject()
    before = await ensured(users, subject)

    async with users.client(users.issuer.token(subject)) as client:
        with pytest.raises(InvalidArgument) as refused:
            await client.UpdateUser(pb.UpdateUserRequest(user=pb.User(**values), update_mask=FieldMask(paths=paths)))
        after = (await client.GetUser(pb.GetUserRequest())).user

    assert set(refused.value.fields) == {field}
    assert after == before


@pytest.mark.parametrize("user_id", ["user_", "acct_01h455vb4pex5vsknk084sn02q", "' OR 1=1 --", "user_\x00"])
async def test_a_malformed_id_is_an_invalid_argument(users: UserSvc, user_id: str) -> None:
    async with users.client(users.issuer.token(new_subject())) as client:
        with pytest.raises(InvalidArgument) as refused:
            await client.GetUser(pb.GetUserRequest(user_id=user_id))

    assert refused.value.reason == "INVALID_ID"
