"""Which Stori the command line talks to."""

import json
from pathlib import Path

import pytest

from cli.exits import BAD_CONFIGURATION, DEPENDENCY_DOWN, Failure
from cli.settings import CliSettings, read_settings
from cli.target import Target, find_target, forget_profile, save_profile

CONTENT = {
    "user_svc_address": "127.0.0.1:1",
    "txn_svc_address": "127.0.0.1:2",
    "sign_in_url": "http://127.0.0.1:3",
    "cli_client_id": "client",
}
REMOTE = Target(
    user_svc_address="user.example:443",
    txn_svc_address="txn.example:443",
    domain_url="https://sign-in.example",
    client_id="remote",
    rpc_tls_ca="/ca.pem",
)


@pytest.fixture(autouse=True)
def _nobody_elses_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("STORI_HOME", str(tmp_path / "home"))


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return write_stack(tmp_path / "home" / "stack.json")


def write_stack(path: Path, **changes: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(CONTENT | changes))
    return path


def test_without_anything_there_is_nothing_to_talk_to() -> None:
    found = find_target(read_settings())

    with pytest.raises(Failure) as refused:
        found.require_services()

    assert refused.value.code == BAD_CONFIGURATION
    assert "make up" in refused.value.message


def test_a_running_stack_is_found(stack: Path) -> None:
    found = find_target(read_settings())

    assert (found.txn_svc_address, found.client_id, found.environment) == ("127.0.0.1:2", "client", "local")
    assert found.stack == str(stack)


def test_a_profile_comes_before_the_running_stack(stack: Path) -> None:
    save_profile(REMOTE)

    assert find_target(read_settings()) == REMOTE

    forget_profile()
    assert find_target(read_settings()).stack == str(stack)


def test_a_profile_of_a_stack_follows_it_to_other_ports(stack: Path) -> None:
    before = find_target(read_settings())
    save_profile(before)

    write_stack(stack, txn_svc_address="127.0.0.1:4")

    after = find_target(read_settings())
    assert after.txn_svc_address == "127.0.0.1:4"
    assert after.sign_in_key == before.sign_in_key


def test_a_stack_that_has_stopped_is_a_dependency_that_is_down(stack: Path) -> None:
    save_profile(find_target(read_settings()))
    stack.unlink()

    with pytest.raises(Failure) as refused:
        find_target(read_settings())

    assert refused.value.code == DEPENDENCY_DOWN


def test_a_stack_that_is_gone_does_not_hide_the_one_that_runs(stack: Path, tmp_path: Path) -> None:
    other = write_stack(tmp_path / "other.json")
    save_profile(find_target(read_settings(), other))
    other.unlink()

    assert find_target(read_settings()).stack == str(stack)


def test_the_environment_comes_before_the_stack_and_has_another_sign_in(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = find_target(read_settings())

    monkeypatch.setenv("STORI_TXN_SVC_ADDRESS", "elsewhere.example:443")

    found = find_target(read_settings())
    assert (found.user_svc_address, found.txn_svc_address) == ("127.0.0.1:1", "elsewhere.example:443")
    assert found.environment == "production"
    assert found.sign_in_key != before.sign_in_key


def test_a_flag_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORI_TXN_SVC_ADDRESS", "environment.example:443")

    found = find_target(read_settings(), txn_svc_address="flag.example:443", user_svc_address="")

    assert found.txn_svc_address == "flag.example:443"


def test_in_production_one_signs_in_by_https() -> None:
    Target(domain_url="http://127.0.0.1:3", client_id="client", environment="local").require_sign_in()

    with pytest.raises(Failure) as refused:
        Target(domain_url="http://sign-in.example", client_id="client").require_sign_in()

    assert refused.value.code == BAD_CONFIGURATION


@pytest.mark.parametrize("content", ["", "[]", '{"stack": 1}', '{"other": "x"}', "\x00"])
def test_a_damaged_profile_is_bad_configuration(content: str, tmp_path: Path) -> None:
    (tmp_path / "config" / "stori").mkdir(parents=True)
    (tmp_path / "config" / "stori" / "profile.json").write_text(content)

    with pytest.raises(Failure) as refused:
        find_target(read_settings())

    assert refused.value.code == BAD_CONFIGURATION


def test_a_wrong_variable_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORI_ENVIRONMENT", "secret-looking")

    with pytest.raises(Failure) as refused:
        read_settings()

    assert refused.value.code == BAD_CONFIGURATION
    assert "STORI_ENVIRONMENT" in refused.value.message
    assert "secret-looking" not in refused.value.message


def test_no_setting_shows_the_token() -> None:
    assert "abc" not in repr(CliSettings(token="abc"))
