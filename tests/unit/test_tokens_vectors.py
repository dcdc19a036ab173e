"""C2SP/wycheproof's vectors for JSON Web Signature, those for RSA keys (vectors/json_web_signature_rs256.json)."""

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.tokens.compact import TokenRefused, key_id
from runtime.tokens.jwks import usable_parts
from runtime.tokens.verify import rsa_key, signed_payload

VECTORS = json.loads((Path(__file__).parent / "vectors" / "json_web_signature_rs256.json").read_text())
CASES = [
    pytest.param(group["public"], test, id=f"{test['tcId']}-{test['comment']}")
    for group in VECTORS["groups"]
    for test in group["tests"]
]


def accepts(jwk: dict[str, Any], token: str) -> bool:
    try:
        modulus, exponent = usable_parts({"keys": [jwk]})[key_id(token)]
        signed_payload(token, rsa_key(modulus, exponent))
    except (KeyError, TokenRefused):
        return False
    return True


@pytest.mark.parametrize(("jwk", "test"), CASES)
def test_a_vector_is_accepted_exactly_when_it_is_valid(jwk: dict[str, Any], test: dict[str, Any]) -> None:
    if jwk.get("key_ops") == ["verify"] and "use" not in jwk:
        assert not accepts(jwk, test["jws"])  # stricter than the vectors: a key must say use: sig
        jwk = {**jwk, "use": "sig"}

    assert accepts(jwk, test["jws"]) == (test["result"] == "valid")


def test_the_vectors_name_their_source_and_licence() -> None:
    assert "C2SP/wycheproof" in VECTORS["source"]
    assert VECTORS["licence"] == "Apache-2.0"
    assert len(CASES) == 31
