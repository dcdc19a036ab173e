"""Keys without a network, for tests of the verifier alone."""

import json
from collections.abc import Sequence

from runtime.tokens.compact import json_object
from runtime.tokens.jwks import MAX_SET_STRUCTURES, usable_parts
from runtime.tokens.verify import PublicKey, rsa_key


class FixedKeys:
    """The usable keys of a published set; `publish` replaces it."""

    def __init__(self, jwks: Sequence[dict[str, object]]) -> None:
        self.generation = 0
        self.publish(jwks)

    def publish(self, jwks: Sequence[dict[str, object]]) -> None:
        document = json_object(json.dumps({"keys": list(jwks)}).encode(), MAX_SET_STRUCTURES)
        self.keys = {kid: rsa_key(*parts) for kid, parts in usable_parts(document).items()}
        self.generation += 1

    async def find(self, kid: str) -> PublicKey | None:
        return self.keys.get(kid)

    def revalidate(self) -> None: ...

    async def check(self) -> None: ...
