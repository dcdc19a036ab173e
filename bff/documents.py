"""From source text to a document that may be executed: bounded, parsed and validated once per text."""

from typing import Any, Final

from cachetools import LRUCache
from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    StringValueNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from bff.errors import request_error
from bff.limits import MAX_COMMENTS, MAX_SOURCE_LENGTH, MAX_TOKENS, LimitsRule

MAX_CACHED_DOCUMENTS: Final = 512
MAX_ERRORS: Final = 10
MAX_FIELD_COMPARISONS: Final = 20_000
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"

# Fields of one name are compared pair by pair, also in fragments that nobody spreads: graphql-core's own bound lets two
# thousand tokens block the event loop for half a second. This is its documented way to a lower one; a pair costs two.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 2 * MAX_FIELD_COMPARISONS


class InvalidDocument(Exception):
    """A document that cannot be executed, and why, ready for the client."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__()
        self.errors = errors


class NoNulRule(ASTValidationRule):
    """PostgreSQL stores no NUL."""

    def enter_string_value(self, node: StringValueNode, *_: Any) -> None:
        if "\0" in node.value:
            self.report_error(GraphQLError("A string must not contain the character U+0000.", node))


class Documents:
    """The documents of one schema. `hide_schema` refuses introspection and offers no names in errors."""

    def __init__(self, schema: GraphQLSchema, *, hide_schema: bool) -> None:
        self._schema = schema
        self._hide_schema = hide_schema
        self._rules = (*specified_rules, *((NoSchemaIntrospectionCustomRule,) if hide_schema else ()))
        self._valid: LRUCache[str, DocumentNode] = LRUCache(MAX_CACHED_DOCUMENTS)

    def get(self, source: str) -> DocumentNode:
        """The valid document of this text. Raises InvalidDocument."""
        known = self._valid.get(source)
        if known is None:
            known = self._parsed(source)
            self._validate(known)
            self._valid[source] = known
        return known

    def _parsed(self, source: str) -> DocumentNode:
        try:
            return parse(
                source,
                max_lexical_tokens=MAX_TOKENS,
                max_comments=MAX_COMMENTS,
                max_source_length=MAX_SOURCE_LENGTH,
            )
        except GraphQLError as error:
            raise InvalidDocument([request_error(error, PARSE_FAILED)]) from None

    def _validate(self, document: DocumentNode) -> None:
        for rules in ((LimitsRule, NoNulRule), self._rules):
            errors = validate(self._schema, document, rules, MAX_ERRORS, self._hide_schema)
            if errors:
                raise InvalidDocument([request_error(error, VALIDATION_FAILED) for error in errors])
