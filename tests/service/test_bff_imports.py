"""An import as a page sees and changes it: its plan and rows, its undo, its repeat, and how each refusal comes back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bff.context import MAX_OWN_CALLS
from protos.txn.v1 import txn_pb2 as pb
from runtime.refusals import Aborted, FailedPrecondition, Internal, InvalidArgument, NotFound, Unavailable
from tests.service.bff_stage import ANN, BOB, Stage, account, open_stage, some_id, summary

IMPORT = some_id("imp", account(ANN, 0).id)
OTHER = some_id("imp", account(ANN, 1).id)
OLD, NEW = "a" * 64, "b" * 64
PAYLOAD = "{ import { id state plan { digest } repeats { id } } userErrors { code message path } }"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


def plan(digest: str = OLD, **changes: Any) -> pb.ImportPlan:
    before, after = pb.MonthSummary(month="2026-07"), summary().months[0]
    values = {
        "digest": digest,
        "create_count": 2,
        "duplicate_count": 1,
        "reject_count": 1,
        "currency_code": "USD",
        "balance_before_minor": -1046,
        "balance_after_minor": 3974,
        "months_before": [before],
        "months_after": [after],
        **changes,
    }
    return pb.ImportPlan(**values)


def planned(**changes: Any) -> pb.Import:
    """An import of Ann's that waits for her word."""
    values = {
        "id": IMPORT,
        "account_id": account(ANN, 0).id,
        "state": pb.IMPORT_STATE_READY,
        "file_name": "brief.csv",
        "review": pb.REVIEW_ALWAYS,
        "format_id": "brief",
        "plan": plan(),
        **changes,
    }
    return pb.Import(**values)


async def change(stage: Stage, name: str, **given: Any) -> Any:
    """The payload of an import's mutation."""
    kind = f"I{name[1:]}Input" if name != "importDiscard" else "ImportIdInput"
    query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {PAYLOAD} }}"
    return (await stage.data(query, {"input": given}))[name]


async def read(stage: Stage, fields: str, import_id: str = IMPORT) -> Any:
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Import {{ {fields} }} }} }}"
    return (await stage.data(query, {"id": import_id}))["node"]


async def test_plan_says_what_a_commit_would_do(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = planned()

    node = await read(
        stage,
        """state review formatId repeats { id } plan { digest createCount duplicateCount rejectCount isRenewed
        balanceBefore { amount currencyCode } balanceAfter { amount } monthsBefore { month creditTotal { amount } }
        months { month creditTotal { amount } closingBalance { amount } } }""",
    )

    assert node == {
        "state": "READY",
        "review": "ALWAYS",
        "formatId": "brief",
        "repeats": None,
        "plan": {
            "digest": OLD,
            "createCount": 2,
            "duplicateCount": 1,
            "rejectCount": 1,
            "isRenewed": False,
            "balanceBefore": {"amount": "-10.46", "currencyCode": "USD"},
            "balanceAfter": {"amount": "39.74"},
            "monthsBefore": [{"month": "2026-07", "creditTotal": {"amount": "0.00"}}],
            "months": [{"month": "2026-07", "creditTotal": {"amount": "60.50"}, "closingBalance": {"amount": "50.20"}}],
        },
    }


async def test_import_that_was_not_planned_for_review_has_no_plan(stage: Stage) -> None:
    assert await read(stage, "plan { digest } review formatId") == {
        "plan": None,
        "review": "WHEN_NEW",
        "formatId": None,
    }


async def test_import_says_what_its_balances_prove(stage: Stage) -> None:
    gap = pb.ImportGap(after_line=2, before_line=4, missing_minor=-1000, rejected_line=3)
    stage.txns.imports[IMPORT] = planned(
        currency_code="USD",
        proof=pb.PROOF_GAP,
        gaps=[gap],
        from_date="2026-07-01",
        to_date="2026-07-31",
        opening_minor=3400,
        closing_minor=112_950,
        account_number="DE02 1203",
    )

    node = await read(
        stage,
        """proof fromDate toDate accountNumber opening { amount } closing { amount currencyCode }
        gaps { afterLine beforeLine missing { amount currencyCode } rejectedLine }""",
    )

    missing = {"amount": "-10.00", "currencyCode": "USD"}
    assert node == {
        "proof": "GAP",
        "fromDate": "2026-07-01",
        "toDate": "2026-07-31",
        "accountNumber": "DE02 1203",
        "opening": {"amount": "34.00"},
        "closing": {"amount": "1129.50", "currencyCode": "USD"},
        "gaps": [{"afterLine": 2, "beforeLine": 4, "missing": missing, "rejectedLine": 3}],
    }


async def test_import_proposes_what_an_account_update_takes(stage: Stage) -> None:
    proposal = pb.OpeningProposal(balance_minor=-3400, date="2026-07-01")
    stage.txns.imports[IMPORT] = planned(currency_code="USD", proposed_opening=proposal)

    node = await read(stage, "proposedOpening { balance { amount currencyCode } date }")

    balance = {"amount": "-34.00", "currencyCode": "USD"}
    assert node == {"proposedOpening": {"balance": balance, "date": "2026-07-01"}}


async def test_an_import_whose_file_was_not_read_proves_nothing_yet(stage: Stage) -> None:
    assert await read(stage, "proof fromDate opening { amount } proposedOpening { date } gaps { afterLine }") == {
        "proof": None,
        "fromDate": None,
        "opening": None,
        "proposedOpening": None,
        "gaps": [],
    }


async def test_months_of_plans_count_among_those_of_the_answer(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = planned(plan=plan(months_after=[pb.MonthSummary(month="2026-07")] * 12_001))
    query = "query ($id: ID!) { node(id: $id) { ... on Import { plan { months { month } } } } }"

    answer = await stage.ask(query, {"id": IMPORT})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["reason"] == "TOO_MANY_MONTHS"


async def test_row_says_which_of_its_like_it_is_and_how_many_are_here(stage: Stage) -> None:
    stage.txns.import_rows = [
        pb.ImportRow(
            line=3,
            outcome=pb.ROW_OUTCOME_DUPLICATE,
            occurrence=1,
            occurrences_here=2,
            occurrences_in_file=3,
            reason_code=pb.ROW_REASON_SAME_CONTENT,
            reason="2 of 3 like this are already here",
            transaction_id=some_id("txn", f"{account(ANN, 0).id}/0"),
        ),
        pb.ImportRow(line=4, outcome=pb.ROW_OUTCOME_CREATE, occurrence=1, occurrences_in_file=1),
        pb.ImportRow(line=5, outcome=pb.ROW_OUTCOME_REJECT),
    ]

    node = await read(
        stage,
        "rows { nodes { occurrence occurrencesHere occurrencesInFile reasonCode reason transaction { description } } }",
    )

    nothing = {"reasonCode": None, "reason": None, "transaction": None}
    assert node["rows"]["nodes"] == [
        {
            "occurrence": 1,
            "occurrencesHere": 2,
            "occurrencesInFile": 3,
            "reasonCode": "SAME_CONTENT",
            "reason": "2 of 3 like this are already here",
            "transaction": {"description": "row 0"},
        },
        {"occurrence": 1, "occurrencesHere": 0, "occurrencesInFile": 1, **nothing},
        {"occurrence": None, "occurrencesHere": None, "occurrencesInFile": None, **nothing},
    ]


async def test_preview_of_an_undo_says_what_goes_and_what_keeps_the_rest(stage: Stage) -> None:
    node = await read(
        stage,
        """revertPreview { digest removeCount keepCount editedCount balanceBefore { amount } balanceAfter { amount }
        keepers { import { id account { name } } fileName count } }""",
    )

    assert stage.txns.requests["PreviewRevert"] == [pb.PreviewRevertRequest(import_id=IMPORT)]
    assert node["revertPreview"] == {
        "digest": "e" * 64,
        "removeCount": 1,
        "keepCount": 3,
        "editedCount": 1,
        "balanceBefore": {"amount": "39.74"},
        "balanceAfter": {"amount": "-20.76"},
        "keepers": [
            {"import": {"id": OTHER, "account": {"name": f"{ANN} 1"}}, "fileName": "brief.csv", "count": 2},
            {"import": None, "fileName": None, "count": 1},
        ],
    }


@pytest.mark.parametrize("state", sorted(set(pb.ImportState.values()) - {0, pb.IMPORT_STATE_COMPLETED}))
async def test_only_a_completed_import_is_asked_for_the_preview_of_its_undo(
    stage: Stage, state: pb.ImportState.ValueType
) -> None:
    stage.txns.imports[IMPORT] = planned(state=state)

    node = await read(stage, "state revertPreview { digest }")

    assert node == {"state": pb.ImportState.Name(state).removeprefix("IMPORT_STATE_"), "revertPreview": None}
    assert stage.txns.calls["PreviewRevert"] == 0


async def test_preview_is_not_asked_for_where_it_is_not_selected(stage: Stage) -> None:
    assert await read(stage, "state") == {"state": "COMPLETED"}
    assert stage.txns.calls["PreviewRevert"] == 0


async def test_import_that_is_undone_while_it_is_read_has_no_preview(stage: Stage) -> None:
    stage.txns.failures["PreviewRevert"] = FailedPrecondition("It is not.", reason="IMPORT_NOT_COMPLETED")

    assert await read(stage, "revertPreview { digest }") == {"revertPreview": None}


async def test_preview_that_cannot_be_had_costs_its_own_field(stage: Stage) -> None:
    stage.txns.failures["PreviewRevert"] = Internal("canary")

    answer = (await stage.ask("{ viewer { imports { nodes { state revertPreview { digest } } } } }")).json()

    assert answer["data"]["viewer"]["imports"]["nodes"][0] == {"state": "COMPLETED", "revertPreview": None}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL"}


async def test_previews_of_one_request_leave_room_for_others(stage: Stage) -> None:
    stage.txns.accounts = 20
    stage.txns.gates["PreviewRevert"] = asyncio.Event()
    asking = asyncio.create_task(stage.data("{ viewer { imports { nodes { revertPreview { digest } } } } }"))
    async with asyncio.timeout(2):
        while stage.txns.calls["PreviewRevert"] < MAX_OWN_CALLS:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)

    in_flight = stage.txns.calls["PreviewRevert"]
    stage.txns.gates["PreviewRevert"].set()
    await asking

    assert (in_flight, stage.txns.calls["PreviewRevert"]) == (MAX_OWN_CALLS, 20)


async def test_import_starts_as_it_is_asked_to(stage: Stage) -> None:
    given = {
        "accountId": account(ANN, 0).id,
        "fileName": "brief.csv",
        "sizeBytes": 71,
        "review": "ALWAYS",
        "formatId": "plain",
        "idempotencyKey": "key-1",
    }

    await change(stage, "importStart", **given)
    await change(stage, "importStart", **{**given, "review": None, "formatId": None})

    asked = pb.StartImportRequest(
        account_id=account(ANN, 0).id,
        file_name="brief.csv",
        size_bytes=71,
        review=pb.REVIEW_ALWAYS,
        format_id="plain",
        idempotency_key="key-1",
    )
    first, second = stage.txns.requests["StartImport"]
    assert first == asked
    assert (second.review, second.format_id) == (pb.REVIEW_WHEN_NEW, "")


def asking(**changes: Any) -> pb.Import:
    """An import of Ann's that wants to know how its dates read."""
    read = pb.ImportRow(
        line=2, cells=["3/4/2026"], outcome=pb.ROW_OUTCOME_CREATE, booked_on="2026-03-04", amount_minor=-350,
        currency_code="USD", description="Coffee",
    )  # fmt: skip
    refused = pb.ImportRow(
        line=3, cells=["13/4/2026"], outcome=pb.ROW_OUTCOME_REJECT, currency_code="USD", column="date",
        reason_code=pb.ROW_REASON_BAD_DATE, reason="There is no month 13.",
    )  # fmt: skip
    options = [
        pb.ImportOption(id="MDY", label="Month first", rows=[read, refused]),
        pb.ImportOption(id="DMY", label="Day first"),
    ]
    question = pb.ImportQuestion(
        id="DATE_ORDER",
        property=pb.STATEMENT_PROPERTY_DATE_ORDER,
        message="March or April?",
        options=options,
    )
    state = pb.IMPORT_STATE_NEEDS_ANSWER
    return planned(**{"state": state, "plan": None, "questions": [question], **changes})


async def test_question_comes_with_the_rows_as_each_answer_reads_them(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = asking()

    node = await read(
        stage,
        """state plan { digest } questions { id property message options { id label
        rows { line cells outcome bookedOn amount { amount } description column reasonCode transaction { id } } } }""",
    )

    nothing = {"bookedOn": None, "amount": None, "description": None, "column": None, "reasonCode": None}
    good = {"bookedOn": "2026-03-04", "amount": {"amount": "-3.50"}, "description": "Coffee"}
    bad = {"column": "date", "reasonCode": "BAD_DATE"}
    assert node == {
        "state": "NEEDS_ANSWER",
        "plan": None,
        "questions": [
            {
                "id": "DATE_ORDER",
                "property": "DATE_ORDER",
                "message": "March or April?",
                "options": [
                    {
                        "id": "MDY",
                        "label": "Month first",
                        "rows": [
                            {
                                **nothing,
                                "line": 2,
                                "cells": ["3/4/2026"],
                                "outcome": "CREATE",
                                **good,
                                "transaction": None,
                            },
                            {
                                **nothing,
                                "line": 3,
                                "cells": ["13/4/2026"],
                                "outcome": "REJECT",
                                **bad,
                                "transaction": None,
                            },
                        ],
                    },
                    {"id": "DMY", "label": "Day first", "rows": []},
                ],
            }
        ],
    }
    assert stage.asked() == {"BatchGetImports": 1}


async def test_import_that_asks_nothing_has_no_questions(stage: Stage) -> None:
    assert await read(stage, "questions { id }") == {"questions": []}


async def test_question_is_answered(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = asking()

    payload = await change(
        stage, "importAnswer", importId=IMPORT, answers=[{"questionId": "DATE_ORDER", "optionId": "DMY"}]
    )

    answers = [pb.ImportAnswer(question_id="DATE_ORDER", option_id="DMY")]
    assert stage.txns.requests["AnswerImport"] == [pb.AnswerImportRequest(import_id=IMPORT, answers=answers)]
    assert (payload["import"]["state"], payload["userErrors"]) == ("PLANNING", [])


async def test_wrong_answer_is_named_where_it_stands(stage: Stage) -> None:
    stage.txns.failures["AnswerImport"] = InvalidArgument(
        "The request is not valid.", fields={"answers[1].option_id": "must be one of “DMY”, “MDY”"}
    )

    payload = await change(stage, "importAnswer", importId=IMPORT, answers=[])

    (error,) = payload["userErrors"]
    assert error["path"] == ["input", "answers", "1", "optionId"]
    assert error["message"] == "optionId must be one of “DMY”, “MDY”."
    assert payload["import"] is None


async def test_answer_that_comes_too_late_comes_back_with_the_import(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = planned()
    stage.txns.failures["AnswerImport"] = FailedPrecondition("It asks nothing.", reason="IMPORT_NOT_ASKING")

    payload = await change(
        stage, "importAnswer", importId=IMPORT, answers=[{"questionId": "DATE_ORDER", "optionId": "DMY"}]
    )

    assert payload["import"]["state"] == "READY"
    assert payload["userErrors"] == [{"code": "IMPORT_NOT_ASKING", "message": "It asks nothing.", "path": ["input"]}]


async def test_formats_say_whose_they_are(stage: Stage) -> None:
    stage.txns.formats = [
        pb.StatementFormat(id="plain", name="Date, description, amount"),
        pb.StatementFormat(id="es-norte", name="Norte, cuenta", bank="Norte", country="ES"),
    ]

    data = await stage.data("{ viewer { statementFormats { id name bank country } } }")

    assert data["viewer"]["statementFormats"] == [
        {"id": "plain", "name": "Date, description, amount", "bank": None, "country": None},
        {"id": "es-norte", "name": "Norte, cuenta", "bank": "Norte", "country": "ES"},
    ]


async def test_row_is_decided_and_the_new_plan_comes_back(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = planned(plan=plan(NEW))

    payload = await change(stage, "importRowDecide", importId=IMPORT, line=3, outcome="CREATE")

    asked = pb.DecideImportRowRequest(import_id=IMPORT, line=3, outcome=pb.ROW_OUTCOME_CREATE)
    assert stage.txns.requests["DecideImportRow"] == [asked]
    assert payload["import"]["plan"] == {"digest": NEW}
    assert payload["userErrors"] == []


async def test_commit_names_the_plan_that_was_shown(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = planned()

    payload = await change(stage, "importCommit", importId=IMPORT, planDigest=OLD)

    assert stage.txns.requests["CommitImport"] == [pb.CommitImportRequest(import_id=IMPORT, plan_digest=OLD)]
    assert payload["import"]["state"] == "COMMITTING"
    assert payload["userErrors"] == []


async def test_stale_plan_comes_back_with_the_import_and_its_new_plan(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = planned(plan=plan(NEW, is_renewed=True))
    stage.txns.failures["CommitImport"] = FailedPrecondition(
        "The ledger has changed.", reason="STALE_PLAN", metadata={"plan_digest": NEW}
    )

    payload = await change(stage, "importCommit", importId=IMPORT, planDigest=OLD)

    assert payload == {
        "import": {"id": IMPORT, "state": "READY", "plan": {"digest": NEW}, "repeats": None},
        "userErrors": [{"code": "STALE_PLAN", "message": "The ledger has changed.", "path": ["input"]}],
    }
    assert stage.asked() == {"CommitImport": 1, "BatchGetImports": 1}


async def test_stale_preview_comes_back_with_the_import_and_its_new_preview(stage: Stage) -> None:
    stage.txns.failures["RevertImport"] = FailedPrecondition("It has changed.", reason="STALE_PREVIEW")
    query = """mutation ($input: ImportRevertInput!) { importRevert(input: $input) {
      import { state revertPreview { digest } } userErrors { code } } }"""

    payload = (await stage.data(query, {"input": {"importId": IMPORT, "previewDigest": OLD}}))["importRevert"]

    assert payload == {
        "import": {"state": "COMPLETED", "revertPreview": {"digest": "e" * 64}},
        "userErrors": [{"code": "STALE_PREVIEW"}],
    }


async def test_stale_plan_is_told_also_where_the_import_cannot_be_read_again(stage: Stage) -> None:
    stage.txns.failures["CommitImport"] = FailedPrecondition("The ledger has changed.", reason="STALE_PLAN")
    stage.txns.failures["BatchGetImports"] = Unavailable("It is down.")

    payload = await change(stage, "importCommit", importId=IMPORT, planDigest=OLD)

    assert payload["import"] is None
    assert [error["code"] for error in payload["userErrors"]] == ["STALE_PLAN"]


async def test_undo_names_the_preview_that_was_shown_or_none(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = planned(state=pb.IMPORT_STATE_COMPLETED)

    payload = await change(stage, "importRevert", importId=IMPORT, previewDigest=OLD)
    await change(stage, "importRevert", importId=IMPORT)

    assert stage.txns.requests["RevertImport"] == [
        pb.RevertImportRequest(import_id=IMPORT, preview_digest=OLD),
        pb.RevertImportRequest(import_id=IMPORT),
    ]
    assert payload["import"]["state"] == "REVERTING"


async def test_plan_is_discarded(stage: Stage) -> None:
    stage.txns.imports[IMPORT] = planned()

    payload = await change(stage, "importDiscard", importId=IMPORT)

    assert stage.txns.requests["DiscardImport"] == [pb.DiscardImportRequest(import_id=IMPORT)]
    assert payload["import"]["state"] == "DISCARDED"


async def test_file_is_read_again_as_an_import_of_its_own(stage: Stage) -> None:
    given = {
        "accountId": account(ANN, 1).id,
        "formatId": "plain",
        "answers": [{"questionId": "SIGN", "optionId": "DEBITS"}],
        "review": "ALWAYS",
        "idempotencyKey": "key-1",
    }

    payload = await change(stage, "importRepeat", importId=IMPORT, **given)
    await change(stage, "importRepeat", importId=IMPORT)

    assert stage.txns.requests["RepeatImport"] == [
        pb.RepeatImportRequest(
            import_id=IMPORT,
            account_id=account(ANN, 1).id,
            format_id="plain",
            answers=[pb.ImportAnswer(question_id="SIGN", option_id="DEBITS")],
            review=pb.REVIEW_ALWAYS,
            idempotency_key="key-1",
        ),
        pb.RepeatImportRequest(import_id=IMPORT, review=pb.REVIEW_WHEN_NEW),
    ]
    assert payload["import"]["id"] != IMPORT
    assert payload["import"]["state"] == "PLANNING"
    assert payload["import"]["repeats"] == {"id": IMPORT}


REFUSALS: dict[str, tuple[str, dict[str, Any]]] = {
    "importAnswer": ("AnswerImport", {"answers": []}),
    "importRowDecide": ("DecideImportRow", {"line": 3, "outcome": "CREATE"}),
    "importCommit": ("CommitImport", {"planDigest": OLD}),
    "importRevert": ("RevertImport", {}),
    "importDiscard": ("DiscardImport", {}),
    "importRepeat": ("RepeatImport", {}),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize(
    "refusal",
    [
        NotFound("There is no such import.", reason="IMPORT_NOT_FOUND", fields={"import_id": "not found"}),
        FailedPrecondition("It is not ready.", reason="IMPORT_NOT_READY", fields={"import_id": "not ready"}),
        Aborted("Try again in a moment.", reason="ACCOUNT_BUSY", fields={"import_id": "busy"}),
    ],
)
async def test_refusal_of_a_change_is_a_user_error(stage: Stage, name: str, refusal: Any) -> None:
    method, given = REFUSALS[name]
    stage.txns.failures[method] = refusal

    payload = await change(stage, name, importId=IMPORT, **given)

    error = {"code": refusal.reason, "message": refusal.message, "path": ["input", "importId"]}
    assert payload == {"import": None, "userErrors": [error]}
    assert stage.asked() == {method: 1}


FILTERS: dict[str, tuple[dict[str, Any], str, list[pb.ImportState.ValueType]]] = {
    "nothing": ({}, "", []),
    "states": ({"states": ["READY", "FAILED"]}, "", [pb.IMPORT_STATE_READY, pb.IMPORT_STATE_FAILED]),
    "no state": ({"states": []}, "", []),
    "an account": ({"accountId": account(ANN, 1).id}, account(ANN, 1).id, []),
    "both": (
        {"accountId": account(ANN, 1).id, "states": ["REVERTED"]},
        account(ANN, 1).id,
        [pb.IMPORT_STATE_REVERTED],
    ),
    "nulls": ({"accountId": None, "states": None}, "", []),
}


@pytest.mark.parametrize(("narrowing", "account_id", "states"), FILTERS.values(), ids=FILTERS)
async def test_viewers_imports_are_narrowed(
    stage: Stage, narrowing: dict[str, Any], account_id: str, states: list[pb.ImportState.ValueType]
) -> None:
    query = "query ($f: ImportFilter) { viewer { imports(first: 5, filter: $f) { nodes { id } } } }"

    await stage.data(query, {"f": narrowing})

    asked = pb.ListImportsRequest(account_id=account_id, states=states, page_size=5)
    assert stage.txns.requests["ListImports"] == [asked]


@pytest.mark.parametrize("narrowing", [{}, {"accountId": account(ANN, 0).id}, {"accountId": None}])
async def test_accounts_imports_are_its_own_whatever_the_filter_repeats(
    stage: Stage, narrowing: dict[str, Any]
) -> None:
    query = """query ($id: ID!, $f: ImportFilter) { viewer { account(id: $id) {
      imports(first: 5, filter: $f) { nodes { id } } } } }"""

    data = await stage.data(query, {"id": account(ANN, 0).id, "f": {"states": ["READY"], **narrowing}})

    asked = pb.ListImportsRequest(account_id=account(ANN, 0).id, states=[pb.IMPORT_STATE_READY], page_size=5)
    assert stage.txns.requests["ListImports"] == [asked]
    assert data["viewer"]["account"]["imports"]["nodes"] == [{"id": IMPORT}]


@pytest.mark.parametrize("named", ["", account(ANN, 1).id, account(BOB, 0).id, "acct_x"])
async def test_accounts_imports_of_another_account_are_refused(stage: Stage, named: str) -> None:
    query = """query ($id: ID!, $f: ImportFilter) { viewer { account(id: $id) {
      imports(filter: $f) { nodes { id } } } } }"""

    answer = await stage.ask(query, {"id": account(ANN, 0).id, "f": {"accountId": named}})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["reason"] == "INVALID_FILTER"
    assert stage.txns.calls["ListImports"] == 0


async def test_empty_account_of_the_viewers_imports_is_not_taken_for_every_one(stage: Stage) -> None:
    answer = await stage.ask('{ viewer { imports(filter: {accountId: ""}) { nodes { id } } } }')

    assert answer.status_code == 400
    assert stage.txns.calls["ListImports"] == 0
