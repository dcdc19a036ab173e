"""What the balances of a file prove, in words."""

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


def _gap(gap: pb.ImportGap, code: str) -> str:
    rejected = f"; line {gap.rejected_line} there was rejected" if gap.HasField("rejected_line") else ""
    where = f"missing between lines {gap.after_line} and {gap.before_line}"
    return f"{where}: {amount(gap.missing_minor, code)} {code}{rejected}"
