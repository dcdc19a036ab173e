"""Execution with a short way for the commonest field of all: a scalar or enum that is an attribute of its object.

For these graphql-core builds a resolve info, looks for arguments and walks the type, each time; seven fields of ten are
such on a page. Whatever is not plain, or goes wrong, takes graphql-core's own way.
"""

from operator import attrgetter
from typing import Any

import strawberry
from graphql import GraphQLObjectType, get_nullable_type, is_leaf_type
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition


class PlainExecutor(StrawberryGraphQLCoreExecutionContext):
    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        field = parent_type.fields.get(field_details_list[0].node.name.value)
        if field is not None and type(field.resolve) is PlainField:
            try:
                value = field.resolve.read(source)
                if value is not None:
                    return field.resolve.write(value)
            except Exception:  # noqa: BLE001, S110 -- the long way meets it again, and reports it with its place
                pass
        return super().execute_field(parent_type, source, field_details_list, path, position_context)


class PlainField:
    """A resolver that reads an attribute, known as one to the executor."""

    def __init__(self, name: str, leaf: Any) -> None:
        self.read = attrgetter(name)
        self.write = leaf.serialize

    def __call__(self, source: object, _info: object) -> object:
        return self.read(source)


def mark_plain_fields(schema: strawberry.Schema) -> None:
    """Gives each attribute of a scalar or enum type its PlainField."""
    name_of = schema.config.name_converter.get_graphql_name
    for kind in schema._schema.type_map.values():  # noqa: SLF001 -- Strawberry's documented way to it
        definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if not isinstance(kind, GraphQLObjectType) or not isinstance(definition, StrawberryObjectDefinition):
            continue
        for plain in definition.fields:
            leaf = get_nullable_type(kind.fields[name_of(plain)].type) if plain.is_basic_field else None
            if is_leaf_type(leaf):
                kind.fields[name_of(plain)].resolve = PlainField(plain.python_name, leaf)
