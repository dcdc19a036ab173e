"""Whether two texts name the same account."""

import pytest

from txn_svc.statement.account_numbers import is_same_account


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("DE89 3704 0044 0532 0130 00", "de89370400440532013000", True),
        ("12-34-56 78901234", "123456 78901234", True),
        ("DE89 3704 0044 0532 0130 00", "DE02 1203 0000 0000 2020 51", False),
        ("****1234", "4000 1111 2222 1234", True),
        ("XXXX XXXX XXXX 1234", "4000 1111 2222 1234", True),
        ("•••• 1234", "4000 1111 2222 1235", False),
        ("DE89XXXXXXXXXXXX013000", "DE89370400440532013000", True),
        ("DE89XXXXXXXXXXXX013000", "DE88370400440532013000", False),
        ("1234xxxx", "12345678", True),
        ("Tax", "Tab", False),
        ("", "1234", False),
        ("普通預金", "貯蓄預金", False),
        ("普通預金", "普通預金 ", True),
    ],
)
def test_letters_and_digits_count_and_hidden_ones_are_like_any(one: str, other: str, is_same: bool) -> None:
    assert is_same_account(one, other) == is_same
    assert is_same_account(other, one) == is_same
