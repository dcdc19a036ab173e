"""docs/operations.md lists every metric that exists, as it is."""

import pkgutil
from importlib import import_module

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from tests.operations import Documented, documented

PACKAGES = ("runtime", "bff", "user_svc", "txn_svc", "notifier")


def existing() -> dict[str, tuple[str | None, frozenset[str]]]:
    """Type and labels of our metrics, once every module of the product is imported."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__") and ".migrations." not in module.name:
                import_module(module.name)
    found = {}
    for collector in REGISTRY._collector_to_names:
        if isinstance(collector, MetricWrapperBase) and collector._name.startswith("stori_"):
            suffix = "_total" if collector._type == "counter" else ""
            found[collector._name + suffix] = (collector._type, frozenset(collector._labelnames))
    return found


def test_every_metric_is_documented_with_its_type_and_labels() -> None:
    assert {one.name: (one.type, one.labels) for one in documented()} == existing()


def test_every_documented_metric_says_where_it_is_and_what_it_means() -> None:
    def is_whole(one: Documented) -> bool:
        return bool(one.processes) and one.meaning.endswith(".")

    assert [one.name for one in documented() if not is_whole(one)] == []
