"""The enums: each member is the number of its protobuf namesake, so reading one is `AccountKind(message.kind)`."""

from enum import Enum

import strawberry

from protos.txn.v1 import txn_pb2 as pb
from protos.user.v1 import user_pb2


@strawberry.enum
class Access(Enum):
    OWNER = pb.ACCESS_OWNER
    EDITOR = pb.ACCESS_EDITOR
    VIEWER = pb.ACCESS_VIEWER
    SUPPORT = pb.ACCESS_SUPPORT


@strawberry.enum
class AccountKind(Enum):
    DEBIT = pb.ACCOUNT_KIND_DEBIT
    CREDIT = pb.ACCOUNT_KIND_CREDIT


@strawberry.enum
class Direction(Enum):
    CREDIT = pb.DIRECTION_CREDIT
    DEBIT = pb.DIRECTION_DEBIT


@strawberry.enum
class EmailState(Enum):
    DELIVERABLE = user_pb2.EMAIL_STATE_DELIVERABLE
    BOUNCED = user_pb2.EMAIL_STATE_BOUNCED
    COMPLAINED = user_pb2.EMAIL_STATE_COMPLAINED


@strawberry.enum
class Role(Enum):
    """A group of the user pool; its value is the group's name."""

    SUPPORT = "support"
    ADMIN = "admin"


@strawberry.enum
class TransactionOrder(Enum):
    BOOKED_DESC = pb.TRANSACTION_ORDER_BOOKED_DESC
    BOOKED_ASC = pb.TRANSACTION_ORDER_BOOKED_ASC
    AMOUNT_DESC = pb.TRANSACTION_ORDER_AMOUNT_DESC
    AMOUNT_ASC = pb.TRANSACTION_ORDER_AMOUNT_ASC


@strawberry.enum
class ImportState(Enum):
    AWAITING_UPLOAD = pb.IMPORT_STATE_AWAITING_UPLOAD
    PLANNING = pb.IMPORT_STATE_PLANNING
    COMMITTING = pb.IMPORT_STATE_COMMITTING
    COMPLETED = pb.IMPORT_STATE_COMPLETED
    FAILED = pb.IMPORT_STATE_FAILED
    EXPIRED = pb.IMPORT_STATE_EXPIRED
    READY = pb.IMPORT_STATE_READY
    REVERTING = pb.IMPORT_STATE_REVERTING
    REVERTED = pb.IMPORT_STATE_REVERTED
    DISCARDED = pb.IMPORT_STATE_DISCARDED
    NEEDS_ANSWER = pb.IMPORT_STATE_NEEDS_ANSWER


@strawberry.enum
class ImportFailureCode(Enum):
    EMPTY = pb.IMPORT_FAILURE_CODE_EMPTY
    NOT_A_STATEMENT = pb.IMPORT_FAILURE_CODE_NOT_A_STATEMENT
    TOO_LARGE = pb.IMPORT_FAILURE_CODE_TOO_LARGE
    UNREADABLE = pb.IMPORT_FAILURE_CODE_UNREADABLE
    UNKNOWN_LAYOUT = pb.IMPORT_FAILURE_CODE_UNKNOWN_LAYOUT
    OBJECT_GONE = pb.IMPORT_FAILURE_CODE_OBJECT_GONE
    NO_ROWS = pb.IMPORT_FAILURE_CODE_NO_ROWS
    INTERNAL = pb.IMPORT_FAILURE_CODE_INTERNAL


@strawberry.enum(
    description="Whether the plan waits for a commit. WHEN_NEW: until a file of the same header was committed into the "
    "account; Stori's own export counts as known. NEVER: what is understood is committed."
)
class Review(Enum):
    NEVER = pb.REVIEW_NEVER
    ALWAYS = pb.REVIEW_ALWAYS
    WHEN_NEW = pb.REVIEW_WHEN_NEW


@strawberry.enum(
    description="TRANSACTIONS of an account, as a CSV file that imports to the same ledger. Of an import, REJECTS: the "
    "rows that were not understood, to be mended and imported again; and ORIGINAL: the file as it came."
)
class DownloadKind(Enum):
    TRANSACTIONS = pb.DOWNLOAD_KIND_TRANSACTIONS
    REJECTS = pb.DOWNLOAD_KIND_REJECTS
    ORIGINAL = pb.DOWNLOAD_KIND_ORIGINAL


@strawberry.enum
class StatementProperty(Enum):
    ENCODING = pb.STATEMENT_PROPERTY_ENCODING
    DELIMITER = pb.STATEMENT_PROPERTY_DELIMITER
    HEADER = pb.STATEMENT_PROPERTY_HEADER
    COLUMNS = pb.STATEMENT_PROPERTY_COLUMNS
    DATE_ORDER = pb.STATEMENT_PROPERTY_DATE_ORDER
    YEAR = pb.STATEMENT_PROPERTY_YEAR
    DECIMAL_MARK = pb.STATEMENT_PROPERTY_DECIMAL_MARK
    SIGN = pb.STATEMENT_PROPERTY_SIGN
    STATUS = pb.STATEMENT_PROPERTY_STATUS
    CURRENCY = pb.STATEMENT_PROPERTY_CURRENCY
    ACCOUNT = pb.STATEMENT_PROPERTY_ACCOUNT
    OVERLAP = pb.STATEMENT_PROPERTY_OVERLAP
    BALANCE = pb.STATEMENT_PROPERTY_BALANCE


@strawberry.enum(
    description="Whether the balances that a file carries show that none of its rows is missing. GAP: something is. "
    "CANNOT_TELL: it has no balances, or none that prove anything."
)
class Proof(Enum):
    BALANCES_MATCH = pb.PROOF_BALANCES_MATCH
    GAP = pb.PROOF_GAP
    CANNOT_TELL = pb.PROOF_CANNOT_TELL


@strawberry.enum
class FindingBasis(Enum):
    DECLARED = pb.FINDING_BASIS_DECLARED
    REMEMBERED = pb.FINDING_BASIS_REMEMBERED
    EVIDENCE = pb.FINDING_BASIS_EVIDENCE
    ASSUMPTION = pb.FINDING_BASIS_ASSUMPTION
    ANSWERED = pb.FINDING_BASIS_ANSWERED


@strawberry.enum
class RowOutcome(Enum):
    CREATE = pb.ROW_OUTCOME_CREATE
    DUPLICATE = pb.ROW_OUTCOME_DUPLICATE
    REJECT = pb.ROW_OUTCOME_REJECT


@strawberry.enum
class RowReason(Enum):
    SAME_ID = pb.ROW_REASON_SAME_ID
    SAME_CONTENT = pb.ROW_REASON_SAME_CONTENT
    SIMILAR = pb.ROW_REASON_SIMILAR
    PENDING = pb.ROW_REASON_PENDING
    NO_DATE = pb.ROW_REASON_NO_DATE
    BAD_DATE = pb.ROW_REASON_BAD_DATE
    BAD_AMOUNT = pb.ROW_REASON_BAD_AMOUNT
    BAD_ENCODING = pb.ROW_REASON_BAD_ENCODING
    UNBALANCED_QUOTE = pb.ROW_REASON_UNBALANCED_QUOTE
    CELL_COUNT = pb.ROW_REASON_CELL_COUNT
    OTHER_CURRENCY = pb.ROW_REASON_OTHER_CURRENCY
    OTHER_ACCOUNT = pb.ROW_REASON_OTHER_ACCOUNT
    TOO_LONG = pb.ROW_REASON_TOO_LONG
    DECIDED = pb.ROW_REASON_DECIDED
