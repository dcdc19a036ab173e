"""docs/grpc.md against the code: the reasons it lists are those that a refusal can carry."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from runtime import refusals
from runtime.refusals import Refusal
from runtime.rpc.errors import code_of

ROOT = Path(__file__).parents[2]
ROOMS = ("runtime", "user_svc", "txn_svc")
KINDS = {name: kind for name, kind in vars(refusals).items() if isinstance(kind, type) and issubclass(kind, Refusal)}
ROW = re.compile(r"^\| `([A-Z_]+)` \| ([A-Z_, ]+) \|", re.MULTILINE)


def modules() -> Iterator[ast.Module]:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            yield ast.parse(path.read_text())


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def helper(function: ast.AST) -> tuple[int, str] | None:
    """Of a function that makes a refusal with the reason it is given: where the reason stands, and the kind."""
    if not isinstance(function, ast.FunctionDef):
        return None
    parameters = [argument.arg for argument in function.args.args]
    for call in calls(function):
        for keyword in call.keywords:
            if name_of(call) in KINDS and keyword.arg == "reason" and isinstance(keyword.value, ast.Name):
                return parameters.index(keyword.value.id), name_of(call)
    return None


def reasons_in_code() -> dict[str, set[str]]:
    """Each reason with the statuses it comes with."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind in KINDS.values():
        if kind is not Refusal:
            found[kind.default_reason].add(code_of(kind("")).name)
    for tree in modules():
        helpers = {node.name: helper(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for call in calls(tree):
            given, kind_name = [word.value for word in call.keywords if word.arg == "reason"], name_of(call)
            place = helpers.get(kind_name)
            if place is not None:
                given, kind_name = [*given, *call.args[place[0] : place[0] + 1]], place[1]
            for reason in given:
                if kind_name in KINDS and isinstance(reason, ast.Constant):
                    found[str(reason.value)].add(code_of(KINDS[kind_name]("")).name)
    return found


def test_the_guide_lists_every_reason_with_its_status() -> None:
    listed = dict(ROW.findall((ROOT / "docs" / "grpc.md").read_text()))

    assert {reason: set(codes.split(", ")) for reason, codes in listed.items()} == reasons_in_code()
