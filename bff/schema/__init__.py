"""The GraphQL schema: names fixed, compiled once."""

from functools import cache

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig

from bff.executor import mark_plain_fields
from bff.schema.account import Account
from bff.schema.imports import Import
from bff.schema.mutation import Mutation
from bff.schema.query import Query
from bff.schema.refusals import InputError
from bff.schema.scalars import SCALARS
from bff.schema.transaction import Transaction
from bff.schema.user import User


@cache
def build_schema() -> strawberry.Schema:
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=[Account, Import, InputError, Transaction, User],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    _leave_out_null_defaults(core_schema(schema))
    mark_plain_fields(schema)
    return schema


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """graphql-core's own schema, which parses, validates and executes."""
    return schema._schema  # noqa: SLF001 -- Strawberry's documented way to it


def _leave_out_null_defaults(schema: GraphQLSchema) -> None:
    """Python's `= None` means "may be left out"; the schema says that by nullability, without `= null` everywhere."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            inputs = [argument for field in kind.fields.values() for argument in field.args.values()]
        elif isinstance(kind, GraphQLInputObjectType):
            inputs = list(kind.fields.values())
        else:
            continue
        for one in inputs:
            if one.default_value is None:
                one.default_value = Undefined
