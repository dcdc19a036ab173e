"""What a form says of its upload comes back from the object's metadata as it was."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_svc.imports.objects import Ignored, clean_file_name
from txn_svc.imports.origin import Origin
from txn_svc.statement import format_ids

ACCOUNT = UUID("01890a5d-ac96-774b-bcce-b302099a8058")
PREFIX = "x-amz-meta-"
METADATA_MAX_BYTES = 2048  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html

names = st.text(max_size=300).map(clean_file_name).filter(bool)


def kept(fields: dict[str, str]) -> dict[str, str]:
    """The metadata that S3 keeps of a form's fields."""
    return {name.removeprefix(PREFIX): value for name, value in fields.items()}


@given(name=names, format_id=st.sampled_from([None, *format_ids()]))
def test_what_is_said_is_read_again(name: str, format_id: str | None) -> None:
    origin = Origin(ACCOUNT, name, format_id)

    fields = origin.form_fields()

    assert Origin.from_metadata(kept(fields)) == origin
    assert all(field.startswith(PREFIX) and value.isascii() for field, value in fields.items())


@pytest.mark.parametrize("character", ["a", "é", "\N{GRINNING FACE}"])
def test_the_longest_name_fits_into_what_s3_keeps(character: str) -> None:
    said = kept(Origin(ACCOUNT, character * 255, format_ids()[0]).form_fields())

    assert sum(len(name) + len(value) for name, value in said.items()) <= METADATA_MAX_BYTES


@given(st.dictionaries(st.sampled_from(["stori-account", "stori-file-name", "stori-format"]), st.text(max_size=40)))
def test_anything_else_is_ignored(said: dict[str, str]) -> None:
    with pytest.raises(Ignored):
        Origin.from_metadata(said)
