"""The bounds of a document: one walk that measures each fragment once, so its time is linear in the document.

Fragments multiply what they hold without growing the document: sixty that each spread the next twice ask for 2^60
fields in two kilobytes. The measures add up and multiply numbers; they never follow a spread a second time.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
)

MAX_SOURCE_LENGTH: Final = 20_000
MAX_TOKENS: Final = 2_000
MAX_COMMENTS: Final = 500
MAX_OPERATIONS: Final = 20
MAX_NESTING: Final = 100  # of braces and chained fragments: bounds this module's own recursion
MAX_DEPTH: Final = 15
MAX_ALIASES: Final = 60
MAX_DIRECTIVES: Final = 60
MAX_ROOT_FIELDS: Final = 20
MAX_FIELDS: Final = 1_000
MAX_COST: Final = 50_000  # fields of the answer, lists at the sizes assumed here
MAX_PAGE_SIZE: Final = 100
CALL_COST: Final = 100  # a call to a service takes as long as this many fields

_PAGE_LISTS = frozenset({"edges", "nodes"})
_DEFAULT_PAGE_SIZE = 50
# Each of these is a call of its own, where all others of a kind share one; so is whatever goes on from a cursor. The
# rows of an option come with their import.
_OWN_CALLS = frozenset({"imports", "revertPreview", "rows", "statementFormats"})
_SHARED_CALLS = frozenset({("ImportOption", "rows")})
_CURSORS = frozenset({"after", "before"})
_ASSUMED_LIST_SIZE = 10
_ASSUMED_LIST_SIZES = {
    ("Viewer", "accounts"): 20,
    ("Viewer", "statementFormats"): 50,
    ("Account", "coverage"): 24,
    ("AccountSummary", "months"): 24,
    ("Import", "questions"): 2,
    ("ImportQuestion", "options"): 4,
    ("ImportOption", "rows"): 5,
    ("ImportPlan", "months"): 24,
    ("ImportPlan", "monthsBefore"): 24,
    ("RevertPreview", "keepers"): 20,
    ("TransactionsPayload", "transactions"): 100,
}


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection asks for. Its cost is `fixed + paged × page size of the field around it`."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    fixed: int = 0
    paged: int = 0

    def __add__(self, other: "Measure") -> "Measure":
        return Measure(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.fixed + other.fixed,
            self.paged + other.paged,
        )


class TooDeeplyNested(Exception):
    """The document nests deeper than MAX_NESTING."""


class LimitsRule(ASTValidationRule):
    """Refuses a document that asks for too much. Runs alone, before the rules that may be slow on such a document."""

    def enter_document(self, node: DocumentNode, *_: Any) -> None:
        operations = [d for d in node.definitions if isinstance(d, OperationDefinitionNode)]
        fragments = {d.name.value: d for d in node.definitions if isinstance(d, FragmentDefinitionNode)}
        if len(operations) > MAX_OPERATIONS:
            self.report_error(GraphQLError(f"The document has too many operations: at most {MAX_OPERATIONS}."))
            return
        assert isinstance(self.context, ValidationContext)
        measurer = Measurer(self.context.schema, fragments)
        try:
            for operation in operations:
                self._check(operation, measurer)
        except TooDeeplyNested:
            self.report_error(GraphQLError(f"The document is nested too deeply: at most {MAX_NESTING} levels."))

    def _check(self, node: OperationDefinitionNode, measurer: "Measurer") -> None:
        measure = measurer.operation(node)
        for name, value, bound in (
            ("levels of fields", measure.depth, MAX_DEPTH),
            ("root fields", measurer.root_fields(node), MAX_ROOT_FIELDS),
            ("fields", measure.fields, MAX_FIELDS),
            ("aliases", measure.aliases, MAX_ALIASES),
            ("directives", measure.directives, MAX_DIRECTIVES),
            ("fields in its answer (lists at their largest)", measure.fixed, MAX_COST),
        ):
            if value > bound:
                self.report_error(GraphQLError(f"The operation asks for too many {name}: at most {bound:,}.", node))


class Measurer:
    """Measures the operations of one document."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._measures: dict[str, Measure] = {}
        self._roots: dict[str, int] = {}
        self._nesting = 0

    def operation(self, node: OperationDefinitionNode) -> Measure:
        measure = self._selections(node.selection_set, self._schema.get_root_type(node.operation))
        return replace(measure, directives=measure.directives + len(node.directives or ()))

    def root_fields(self, node: OperationDefinitionNode) -> int:
        return self._count_roots(node.selection_set)

    def _selections(self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Measure:
        total = Measure()
        if selections is None:
            return total
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise TooDeeplyNested
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                measure = self._field(selection, parent)
            elif isinstance(selection, FragmentSpreadNode):
                measure = self._fragment(selection.name.value)
            else:
                assert isinstance(selection, InlineFragmentNode)
                condition = selection.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else parent
                measure = self._selections(selection.selection_set, inner)
            total += measure
            if selection.directives:
                total += Measure(directives=len(selection.directives))
        self._nesting -= 1
        return total

    def _fragment(self, name: str) -> Measure:
        known = self._measures.get(name)
        if known is None:
            self._measures[name] = Measure()  # what a cycle, or a fragment that is not there, adds: others refuse it
            fragment = self._fragments.get(name)
            if fragment is not None:
                condition = self._schema.get_type(fragment.type_condition.name.value)
                self._measures[name] = self._selections(fragment.selection_set, condition)
            known = self._measures[name]
        return known

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        name = node.name.value
        kind = _field_type(parent, name)
        inner = self._selections(node.selection_set, get_named_type(kind) if kind is not None else None)
        own = Measure(1, 1, 1 if node.alias else 0)
        if name.startswith("__"):  # introspection: bounded by graphql-core's own rule, closed in production
            return replace(inner + own, depth=inner.depth + 1, fixed=1, paged=0)
        below = 1 + inner.fixed + inner.paged * _page_size(node) + (CALL_COST if _is_own_call(node, parent) else 0)
        paged = 0
        if kind is not None and _is_list_of_objects(kind):
            if name in _PAGE_LISTS:
                paged, below = below, 0
            else:
                below *= _ASSUMED_LIST_SIZES.get((parent.name if parent else "", name), _ASSUMED_LIST_SIZE)
        return replace(inner + own, depth=inner.depth + 1, fixed=below, paged=paged)

    def _count_roots(self, selections: SelectionSetNode) -> int:
        count = 0
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                count += 1
            elif isinstance(selection, InlineFragmentNode):
                count += self._count_roots(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                count += self._fragment_roots(selection.name.value)
        return count

    def _fragment_roots(self, name: str) -> int:
        if name not in self._roots:
            self._roots[name] = 0
            fragment = self._fragments.get(name)
            self._roots[name] = self._count_roots(fragment.selection_set) if fragment else 0
        return self._roots[name]


def _field_type(parent: GraphQLNamedType | None, name: str) -> GraphQLOutputType | None:
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        field = parent.fields.get(name)
        return field.type if field else None
    return None


def _is_list_of_objects(kind: GraphQLOutputType) -> bool:
    bare = kind.of_type if is_non_null_type(kind) else kind
    return is_list_type(bare) and is_composite_type(get_named_type(kind))


def _is_own_call(node: FieldNode, parent: GraphQLNamedType | None) -> bool:
    if parent is not None and (parent.name, node.name.value) in _SHARED_CALLS:
        return False
    arguments = {argument.name.value for argument in node.arguments or ()}
    return node.name.value in _OWN_CALLS or not _CURSORS.isdisjoint(arguments)


def _page_size(node: FieldNode) -> int:
    """The page a field asks for; a variable's value is not known yet, so it is the largest."""
    for argument in node.arguments or ():
        if argument.name.value in ("first", "last"):
            value = argument.value
            if isinstance(value, IntValueNode) and len(value.value) <= len(str(MAX_PAGE_SIZE)):
                return max(0, min(int(value.value), MAX_PAGE_SIZE))
            return MAX_PAGE_SIZE
    return _DEFAULT_PAGE_SIZE
