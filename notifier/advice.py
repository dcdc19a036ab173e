"""What a person can do about a file that could not be imported."""

from typing import Final

from protos.txn.v1 import txn_pb2 as txn

_EXPORT = "Export the statement from your bank as CSV and upload that file."

_ADVICE: Final = {
    txn.IMPORT_FAILURE_CODE_EMPTY: f"The download may have been cut off. {_EXPORT}",
    txn.IMPORT_FAILURE_CODE_NOT_A_STATEMENT: f"Stori reads CSV files, not PDF, Excel or ZIP. {_EXPORT}",
    txn.IMPORT_FAILURE_CODE_TOO_LARGE: "Export a shorter period, for example one year a file, and upload the parts.",
    txn.IMPORT_FAILURE_CODE_UNREADABLE: (
        "Download the file again and upload it as it is, without opening and saving it in another program first."
    ),
    txn.IMPORT_FAILURE_CODE_UNKNOWN_LAYOUT: (
        "Stori looks for rows with a date and an amount, each in a cell of its own. If your bank offers several "
        "exports, choose CSV, and the one that lists single transactions."
    ),
    txn.IMPORT_FAILURE_CODE_OBJECT_GONE: "Upload the file again.",
    txn.IMPORT_FAILURE_CODE_NO_ROWS: "Check that the period you exported has transactions, then export it again.",
}
_OTHERWISE = "Upload the file again. If it fails once more, send us the reference below."


def advice(code: txn.ImportFailureCode.ValueType) -> str:
    return _ADVICE.get(code, _OTHERWISE)
