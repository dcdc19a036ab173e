"""Every method of the contract says who may call it."""

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import MethodOptions
from grpc_health.v1 import health_pb2

from protos.txn.v1 import txn_pb2
from protos.user.v1 import user_pb2
from runtime.rpc.methods import access_rules, is_idempotent

SERVICES = [service.full_name for file in (txn_pb2, user_pb2) for service in file.DESCRIPTOR.services_by_name.values()]


def test_every_method_names_its_callers() -> None:
    rules = access_rules(SERVICES)

    methods = [m for name in SERVICES for m in descriptor_pool.Default().FindServiceByName(name).methods]
    assert len(SERVICES) == 5
    assert len(rules) == len(methods)
    assert all(rule.person or rule.service_scope or rule.public for rule in rules.values())


def test_no_method_that_changes_something_admits_a_service() -> None:
    changing = [path for path in access_rules(SERVICES) if not is_idempotent(path)]

    assert "/txn.v1.AccountService/OpenAccount" in changing
    assert not [path for path in changing if access_rules(SERVICES)[path].service_scope]


def test_the_only_thing_a_service_may_write_is_what_became_of_a_mail() -> None:
    def changes(path: str) -> bool:
        service_name, _, name = path.lstrip("/").partition("/")
        method = descriptor_pool.Default().FindServiceByName(service_name).FindMethodByName(name)
        return bool(method.GetOptions().idempotency_level != MethodOptions.NO_SIDE_EFFECTS)

    admitting = {path: rule for path, rule in access_rules(SERVICES).items() if rule.service_scope and changes(path)}

    assert {path: rule.service_scope for path, rule in admitting.items()} == {
        "/user.v1.UserService/ReportMail": "stori/mails.write"
    }
    assert not any(rule.person for rule in admitting.values())


def test_a_service_without_rules_cannot_be_served() -> None:
    name = next(iter(health_pb2.DESCRIPTOR.services_by_name.values())).full_name

    with pytest.raises(ValueError, match="does not say who may call it"):
        access_rules([name])
