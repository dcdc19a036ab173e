"""What makes two rows the same transaction."""

import unicodedata
from datetime import date
from hashlib import sha256
from uuid import UUID

# normalise() folds it away as white space, so no normalised field contains it.
SEPARATOR = "\x1f"
_HEX_DIGITS = 32


def normalise(description: str) -> str:
    """The description as it is compared: NFKC, casefolded, each run of white space one space. Idempotent."""
    if description.isascii():
        return " ".join(description.lower().split())
    # Casefolding can undo the normal form and the other way round: Unicode 3.13, D146, hence twice.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", description).casefold())
    return " ".join(unicodedata.normalize("NFKC", folded.casefold()).split())


def identity(
    booked_on: date, amount_minor: int, currency_code: str, description: str, stable_id: str | None = None
) -> UUID:
    """128 bits of SHA-256 over what identifies a transaction within its account, besides its occurrence.

    `stable_id` only where the bank's format declares its id stable: a row counter must not be given.
    """
    return UUID(hex=identity_hex(booked_on, amount_minor, currency_code, description, stable_id))


def identity_hex(
    booked_on: date, amount_minor: int, currency_code: str, description: str, stable_id: str | None = None
) -> str:
    """`identity` as 32 hexadecimal digits, as PostgreSQL takes it: for loops over many rows."""
    text = canonical(booked_on, amount_minor, currency_code, normalise(description), stable_id)
    return sha256(text.encode()).hexdigest()[:_HEX_DIGITS]


def canonical(booked_on: date, amount_minor: int, currency_code: str, normalised: str, stable_id: str | None) -> str:
    """One text per content and one content per text; the id's length keeps its characters from posing as fields."""
    stable = "" if stable_id is None else f"{len(stable_id)}:{stable_id}"
    return SEPARATOR.join((booked_on.isoformat(), str(amount_minor), currency_code, normalised, stable))
