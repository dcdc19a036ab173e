"""compose.yaml against the processes, the settings and the emulator that the code knows."""

import re
from pathlib import Path

import pytest

from docs.settings import PROCESSES, all_names, variables
from local import table
from local.emulator import emulator_environment
from runtime.settings import ProcessSettings
from tests.unit.composed import STEPS, composed, services, written

FOREIGN = ("postgres", "emulator")
OURS = (*table.SERVICES, "mailbox")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|DATABASE_URL|(^|_)KEYS?($|_)")


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text.removesuffix("s"))


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    known = {name for _, settings in PROCESSES.values() for name in all_names(settings)}
    for name in known:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_every_process_of_make_up_is_a_container() -> None:
    assert set(services()) == {*FOREIGN, *OURS, *STEPS}


def test_each_container_runs_the_command_of_its_process() -> None:
    found = {name: services()[name]["command"] for name in (*OURS, *STEPS)}

    modules = {**table.SERVICES, "mailbox": table.MAILBOX}
    assert {name: found[name] for name in OURS} == {name: ["python", "-m", *modules[name]] for name in OURS}
    assert found == {name: PROCESSES[name][0].split() for name in found}


@pytest.mark.parametrize("name", [*OURS, *STEPS])
def test_a_container_sets_no_variable_that_its_process_does_not_read(name: str) -> None:
    set_here = set(services()[name]["environment"])

    assert set_here <= all_names(PROCESSES[name][1])


@pytest.mark.parametrize("name", [*OURS, *STEPS])
def test_a_container_has_every_variable_that_its_process_needs(
    name: str, clean_environment: pytest.MonkeyPatch
) -> None:
    settings = PROCESSES[name][1]
    told = written().get(name, {}) | services()[name]["environment"]
    assert {each.name for each in variables(settings).values() if each.default is None} <= set(told)

    for variable, value in told.items():
        clean_environment.setenv(variable, value)

    assert settings().is_local


def test_what_deploy_writes_is_for_a_container_and_read_only_there() -> None:
    mounts = {name: services()[name]["volumes"] for name in written()}

    volumes = {name: f"{name.replace('_', '-')}" for name in written()}
    assert mounts == {name: [f"{volume}:/stori/environment:ro"] for name, volume in volumes.items()}
    targets = {f"{volume}:/stori/environments/{name}" for name, volume in volumes.items()}
    assert set(services()["deploy"]["volumes"]) == targets | {"deployment:/stori/deployment"}


def test_the_server_is_given_the_superusers_password_by_a_file_that_is_made() -> None:
    postgres = services()["postgres"]

    assert postgres["environment"]["POSTGRES_PASSWORD_FILE"] == "/stori/postgres/password"
    assert "postgres-password:/stori/postgres:ro" in postgres["volumes"]
    assert "postgres-password:/stori/postgres" in services()["passwords"]["volumes"]


def test_no_secret_stands_in_the_file() -> None:
    for name, service in services().items():
        set_here = service.get("environment", {})
        assert not {key for key in set_here if SECRET.search(key) and not key.endswith("_FILE")}, name
        assert not [value for value in set_here.values() if re.search(r"://[^/]*:[^/]*@", value)], name


def test_every_running_container_tells_its_health() -> None:
    tests = {name: services()[name]["healthcheck"]["test"] for name in (*OURS, *FOREIGN)}

    assert {tuple(tests[name]) for name in OURS} == {("CMD", "stori", "healthcheck")}
    assert not [name for name in STEPS if "healthcheck" in services()[name]]


def test_nobody_is_killed_before_it_has_drained() -> None:
    drain = ProcessSettings.model_fields["drain_seconds"].default
    for name in OURS:
        assert seconds(services()[name]["stop_grace_period"]) > drain, name
        assert "STORI_DRAIN_SECONDS" not in services()[name]["environment"]
    assert seconds(services()["emulator"]["stop_grace_period"]) >= 30


def test_what_is_waited_for_is_healthy_or_has_succeeded() -> None:
    for name, service in services().items():
        for other, wait in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in STEPS else "service_healthy"
            assert wait == {"condition": wanted}, (name, other)


def test_nothing_starts_before_its_schema() -> None:
    for name in ("user_svc", "user_relay"):
        assert "user_migrate" in services()[name]["depends_on"]
    for name in ("txn_svc", "txn_relay", "importer"):
        assert "txn_migrate" in services()[name]["depends_on"]


def test_a_death_is_followed_by_a_start_but_not_of_a_step_or_of_an_emulator_that_lost_its_state() -> None:
    ends = {name for name, service in services().items() if service["restart"] == "no"}

    assert ends == {*STEPS, "emulator"}
    assert {services()[name]["restart"] for name in set(services()) - ends} == {"unless-stopped"}


def test_every_container_is_a_numbered_user_without_privileges_on_a_read_only_system() -> None:
    for name, service in services().items():
        user, _, group = str(service["user"]).partition(":")
        assert int(user) > 0, name
        assert int(group) > 0, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert not {"privileged", "cap_add", "pid", "ipc"} & set(service), name


def test_ports_are_open_to_this_machine_only() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]

    assert len(published) == 5
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_databases_are_reached_only_by_who_has_one() -> None:
    inside = {name for name, service in services().items() if "databases" in service.get("networks", [])}

    assert composed()["networks"]["databases"] == {"internal": True}
    migrations = {"user_migrate", "txn_migrate"}
    assert inside == {"postgres", "deploy", "user_svc", "user_relay", "txn_svc", "txn_relay", "importer", *migrations}


def test_the_browser_is_told_addresses_that_it_can_reach() -> None:
    outside = "http://127.0.0.1:4566"

    assert services()["emulator"]["ports"] == ["127.0.0.1:4566:4566"]
    assert services()["bff"]["environment"]["COGNITO_DOMAIN_URL"] == outside
    assert services()["txn_svc"]["environment"]["AWS_ENDPOINT_URL"] == outside


def test_the_emulator_is_set_as_make_up_sets_it() -> None:
    folder = Path("/stori/emulator")
    local = dict(emulator_environment(folder, 4566, persist=True))
    here = services()["emulator"]["environment"]

    differing = {"PATH", "TMPDIR", "BIND_HOST"}
    assert set(here) == set(local) - {"PATH"}
    assert {key: here[key] for key in here if key not in differing} == {
        key: value for key, value in local.items() if key not in differing
    }


def test_each_image_is_built_by_one_container_and_never_looked_for_elsewhere() -> None:
    ours = {name: service for name, service in services().items() if name != "postgres"}

    builders = {service["image"]: name for name, service in ours.items() if "build" in service}
    assert builders == {"stori-local": "passwords", "stori-emulator": "emulator"}
    for name, service in ours.items():
        assert service["pull_policy"] == ("build" if name in builders.values() else "never"), name


def test_every_volume_is_declared_and_used() -> None:
    used = {mount.partition(":")[0] for service in services().values() for mount in service.get("volumes", [])}

    assert used == set(composed()["volumes"])
