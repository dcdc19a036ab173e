"""What the balances of a file prove, and propose, in words."""

from typing import Final

from cli.money import amount
from protos.txn.v1 import txn_pb2 as pb

PROOFS: Final = {
    pb.PROOF_UNSPECIFIED: "",
    pb.PROOF_BALANCES_MATCH: "balances match",
    pb.PROOF_GAP: "gap",
    pb.PROOF_CANNOT_TELL: "cannot tell",
}


def proof_lines(found: pb.Import) -> list[str]:
    """The days of a file, and each place where its balances say that something is missing."""
    if not found.from_date:
        return []
    days = found.from_date if found.from_date == found.to_date else f"{found.from_date} to {found.to_date}"
    return [f"covers {days}: {PROOFS[found.proof]}", *(_gap(gap, found.currency_code) for gap in found.gaps)]


def proposal_lines(found: pb.Import) -> list[str]:
    """The opening that the file proposes to its account, and how it is taken over."""
    if not found.HasField("proposed_opening"):
        return []
    balance, day = amount(found.proposed_opening.balance_minor, found.currency_code), found.proposed_opening.date
    command = f"stori account update {found.account_id} --opening-balance {balance} --opening-date {day}"
    return [f"the account opens with {balance} {found.currency_code} on {day}, say these balances: `{command}`"]


def _gap(gap: pb.ImportGap, code: str) -> str:
    rejected = f"; line {gap.rejected_line} there was rejected" if gap.HasField("rejected_line") else ""
    where = f"missing between lines {gap.after_line} and {gap.before_line}"
    return f"{where}: {amount(gap.missing_minor, code)} {code}{rejected}"
