"""The name under which a browser keeps a file, and nothing else that a file's name could say."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.downloads import content_disposition, download_path
from bff.edge import Edge
from runtime.printable import is_printable

# RFC 6266 with the quoted-string and ext-value that it takes from RFC 9110 and RFC 8187; nothing else may stand there.
GRAMMAR = re.compile(
    r"attachment; filename=\"([ !#-\[\]-~]+)\"(?:; filename\*=UTF-8''((?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+))?"
)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("july 2026.csv", 'attachment; filename="july 2026.csv"'),
        ("", 'attachment; filename="download"'),
        ("año €.csv", "attachment; filename=\"a_o _.csv\"; filename*=UTF-8''a%C3%B1o%20%E2%82%AC.csv"),
        ('a"; x="b.csv', "attachment; filename=\"a_; x=_b.csv\"; filename*=UTF-8''a%22%3B%20x%3D%22b.csv"),
        ("100%41.csv", "attachment; filename=\"100_41.csv\"; filename*=UTF-8''100%2541.csv"),
        ("a\r\nset-cookie: b=c", 'attachment; filename="a__set-cookie: b=c"'),
        ("../..\\etc/passwd", 'attachment; filename=".._.._etc_passwd"'),
        ("invoice\u202egpj.exe", 'attachment; filename="invoice_gpj.exe"'),
    ],
)
def test_file_is_named_as_browsers_read_it(name: str, header: str) -> None:
    assert content_disposition(name) == header


@given(st.text())
def test_whatever_the_name_the_header_is_one_attachment_and_the_name_comes_back(name: str) -> None:
    header = content_disposition(name)

    found = GRAMMAR.fullmatch(header)
    assert found is not None, header
    real = unquote(found[2] or found[1])
    assert real == ("".join(c if is_printable(c) and c not in "/\\" else "_" for c in name) or "download")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/graphql", "/graphql"),
        (download_path("secret"), "/downloads/{ticket}"),
        ("/downloads/", "/downloads/{ticket}"),
        ("/downloads/a/b", "other"),
        ("/secret", "other"),
        ("", "other"),
    ],
)
def test_a_parameter_of_a_path_is_never_named(path: str, named: str) -> None:
    paths = frozenset({"/", "/graphql", "/downloads/{ticket}"})

    assert Edge(None, paths)._named(path) == named  # type: ignore[arg-type]
