"""Prints the schema: `python -m bff.schema > bff/schema.graphql`."""

import sys

from bff.schema import build_schema

sys.stdout.write(build_schema().as_str() + "\n")
