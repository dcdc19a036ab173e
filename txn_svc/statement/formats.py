from collections.abc import Mapping, Sequence

from txn_svc.statement.format import Format, Roles

_ALL = {
    "brief": Format(
        id="brief",
        name="Three columns without years",
        bank=None,
        country=None,
        delimiter=",",
        header=("Id", "Date", "Transaction"),
        width=3,
        roles=Roles(date=1, amount=2, external_id=0),
        date_order="MD",
        decimal_mark=".",
        sign="SIGNED",
    ),
    "plain": Format(
        id="plain",
        name="Plain",
        bank=None,
        country=None,
        delimiter=",",
        header=("date", "description", "amount"),
        width=3,
        roles=Roles(date=0, amount=2, description=(1,)),
        date_order="YMD",
        decimal_mark=".",
        sign="SIGNED",
    ),
}


def formats() -> Mapping[str, Format]:
    return _ALL


def recognise(header: Sequence[str], delimiter: str) -> Format | None:
    names = [name.strip().casefold() for name in header]
    for one in _ALL.values():
        own = [name.casefold() for name in one.header]
        if sorted(own) == sorted(names) and delimiter in ",;":
            from dataclasses import replace

            return replace(one.with_columns_at([names.index(name) for name in own]), header=tuple(header))
    return None
