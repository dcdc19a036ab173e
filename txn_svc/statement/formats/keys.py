"""The keys of a format's file, and what may stand there."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from txn_svc.ledger.money import DecimalMark
from txn_svc.statement.format import DateOrder, SignRule

MAX_WIDTH: Final = 200


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
# One text stands for a list of one.
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Delimiters = Annotated[tuple[Literal[",", ";", "\t", "|"], ...], Field(min_length=1), BeforeValidator(_listed)]


class Columns(BaseModel):
    """Each role's column, by its name in the header or by its number, of which 1 is the first; as in Roles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: Text
    value_date: Text | None = None
    description: Texts = ()
    amount: Text | None = None
    debit: Text | None = None
    credit: Text | None = None
    fee: Text | None = None
    indicator: Text | None = None
    currency: Text | None = None
    balance: Text | None = None
    external_id: Text | None = None
    category: Text | None = None
    account: Text | None = None
    status: Text | None = None


class FormatFile(BaseModel):
    """The keys of a file. `header` is the header's line as the bank writes it.

    `width` is how many cells a row has, where there is no header or rows have more, blank ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: Text
    bank: Text | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    delimiter: Delimiters
    header: Text | None = None
    width: Annotated[int, Field(ge=2, le=MAX_WIDTH)] | None = None
    columns: Columns
    dates: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
    sign: SignRule | None = None
    debit_words: Texts = ()
    credit_words: Texts = ()
    pending_words: Texts = ()
    stable_ids: bool = False
