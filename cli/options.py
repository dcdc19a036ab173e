"""Options that several commands have."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="JSON with protobuf's field names: one document, or one on a line.")]
Limit = Annotated[int, typer.Option("--limit", min=0, help="The most to show; 0 shows all.")]
Account = Annotated[str, typer.Option("--account", help="An account's id, or its name.")]
DEFAULT_LIMIT = 100
