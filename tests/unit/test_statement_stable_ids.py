"""Which ids are one transaction's for ever: those of a format that declares it, and no others."""

import pytest

from tests.unit.statement_text import rows_of, valid

NUBANK = "Data,Valor,Identificador,Descrição\n"
ROW = "02/03/2026,-46.99,{id},Padaria\n"


@pytest.mark.parametrize(
    ("cell", "external_id", "has_stable_id"),
    [("a-1", "a-1", True), ("  a-1\t", "a-1", True), ("", "", False), ("  ", "  ", False)],
)
def test_an_id_of_such_a_format_is_stable_without_its_padding(cell: str, external_id: str, has_stable_id: bool) -> None:
    row = valid(rows_of(NUBANK + ROW.format(id=cell), "BRL")[0])

    assert (row.external_id, row.has_stable_id) == (external_id, has_stable_id)


def test_columns_in_another_order_have_the_same_ids() -> None:
    row = valid(rows_of("Identificador,Descrição,Valor,Data\n a-1,Padaria,-46.99,02/03/2026\n", "BRL")[0])

    assert (row.external_id, row.has_stable_id) == ("a-1", True)


def test_a_format_with_more_columns_has_stable_ids_too() -> None:
    header = (
        "Transaction ID,Date,Time,Type,Name,Emoji,Category,Amount,Currency,Local amount,Local currency,"
        "Notes and #tags,Address,Receipt,Description,Category split,Money Out,Money In\n"
    )
    row = valid(rows_of(header + "tx_1 ,02/03/2026,08:12:03,,Café,,Out,-3.20,GBP,,,,,,CAFE,,-3.20,\n", "GBP")[0])

    assert (row.external_id, row.has_stable_id) == ("tx_1", True)


def test_a_row_counter_is_kept_and_not_trusted() -> None:
    row = valid(rows_of("Id,Date,Transaction\n0,7/15,+1\n")[0])

    assert (row.external_id, row.has_stable_id) == ("0", False)


def test_an_id_is_stable_whatever_the_text_may_say() -> None:
    text = NUBANK + "02/03/2026,-46.99,a-1,Loja 1/2\n03/03/2026,-46.99,a-2,dont Café\n"

    assert [valid(row).has_stable_id for row in rows_of(text, "BRL")] == [True, True]
