"""An operator follows one request on the running stack."""

import asyncio
import json
import secrets
from pathlib import Path

import pytest

from tests.service.stori import Done, Stori
from tests.system.stack import PASSWORD, WAIT_SECONDS, Person, Stack, new_person, sign_in
from tests.system.test_main_job import BRIEF


@pytest.fixture
def operator(stack: Stack, tmp_path: Path) -> Stori:
    """Somebody of the group `support`, with a token."""
    agent = new_person(stack)
    pool = stack.info["user_pool_id"]
    stack.aws("cognito-idp").admin_add_user_to_group(UserPoolId=pool, Username=agent.email, GroupName="support")
    token = sign_in(stack, agent.email, PASSWORD).tokens.access
    return Stori(tmp_path, {"STORI_HOME": str(stack.home), "STORI_TOKEN": token})


async def traced(operator: Stori, given: str, last: str) -> Done:
    """The trace, once it ends with this; each asking takes its time."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            done = await operator.run("trace", given, "--json")
            assert done.code == 0, done.err
            if done.document["timeline"][-1]["what"] == last:
                return done


def bounce(stack: Stack, address: str, message_id: str) -> None:
    """What SES publishes of a message that bounced for good."""
    recipients = [{"emailAddress": address, "diagnosticCode": f"smtp; 550 no {address}"}]
    kind = {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2126-11-20T12:00:00.000Z"}
    mail = {"messageId": message_id, "destination": [address]}
    document = {"eventType": "Bounce", "bounce": {**kind, "bouncedRecipients": recipients}, "mail": mail}
    stack.aws("sns").publish(TopicArn=stack.info["feedback_topic_arn"], Message=json.dumps(document))


async def test_one_request_is_followed_from_its_upload_to_the_bounce_of_its_mail(
    stack: Stack, person: Person, operator: Stori
) -> None:
    request_id = f"request-{secrets.token_hex(8)}"
    import_id = person.bring(person.open_account(), BRIEF, {"x-request-id": request_id})

    by_import = await traced(operator, import_id, "ImportCompleted mail sent")
    [mail] = by_import.document["mails"]
    ids = (request_id, mail["deliveryId"], mail["sesMessageId"])
    others = [await operator.run("trace", one, "--json") for one in ids]

    assert [one.out for one in others] == [by_import.out] * 3
    first = by_import.document["timeline"][0]
    assert (first["where"], first["what"], first["reference"]) == ("txn_svc", "announced", request_id)
    assert stack.mails_of(import_id)[0]["headers"]["X-Stori-Delivery"] == mail["deliveryId"]

    bounce(stack, person.email, mail["sesMessageId"])
    bounced = await traced(operator, request_id, "mail BOUNCED: Permanent/General")

    assert person.email not in bounced.out
