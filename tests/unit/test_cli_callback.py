"""The addresses that the user pool sends a browser back to."""

import re
from pathlib import Path

from cli.callback import PORTS, Callback

TEMPLATE = (Path(__file__).parent.parent.parent / "deploy" / "app.yaml").read_text()


def test_the_template_admits_every_address_the_command_may_wait_at_and_no_other() -> None:
    default = re.search(r"CliCallbackUrls:\n.*\n\s+Default: \"?([^\"\n]+)", TEMPLATE)

    assert default is not None
    assert default.group(1).split(",") == [Callback(port).redirect_uri for port in PORTS]


def test_only_the_first_answer_with_the_expected_state_is_taken() -> None:
    callback = Callback(8976)
    before = callback.take("/callback?code=early&state=")
    callback.expect("state")

    statuses = [
        callback.take(target)[0]
        for target in ("/callback", "/callback?code=x&state=other", "/callback?code=x&state=state&state=state")
    ]
    first = callback.take("/callback?code=mine&state=state")
    second = callback.take("/callback?code=other&state=state")

    assert (before[0], statuses, first[0], second[0]) == (400, [400, 400, 400], 200, 400)
    assert callback.code(1) == "mine"
