"""Which fields a client selects below the one being resolved."""

from collections.abc import Iterable

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionNode

from bff.context import Info


def selects(info: Info, *names: str) -> bool:
    """Whether one of `names` is selected directly below; true too where a directive may yet leave it out."""
    raw = info._raw_info  # noqa: SLF001 -- `selected_fields` copies the whole subtree, again for each object of a list
    return any(
        node.selection_set and _names(node.selection_set.selections, names, raw.fragments) for node in raw.field_nodes
    )


def _names(
    selections: Iterable[SelectionNode], names: tuple[str, ...], fragments: dict[str, FragmentDefinitionNode]
) -> bool:
    for node in selections:
        if isinstance(node, FieldNode):
            if node.name.value in names:
                return True
            continue
        inner = fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
        assert isinstance(inner, FragmentDefinitionNode | InlineFragmentNode)
        if _names(inner.selection_set.selections, names, fragments):
            return True
    return False
