"""The functions of deploy/app.yaml against the zip, the settings they read and what bounds them."""

import importlib
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from deploy import package
from deploy.package import NotPackaged
from docs.settings import all_names
from notifier.deliveries import LEASE_SECONDS
from notifier.settings import WorkerSettings
from runtime.messages.batch import ANSWER_SECONDS, ATTEMPTS_SECONDS_MAX, SHOW_SECONDS
from runtime.settings import Settings
from tests.unit.composed import template
from tests.unit.test_aws_guide import VALUES
from txn_svc.imports.lambda_function import ImporterFunctionSettings
from txn_svc.statement.formats import format_ids

FUNCTIONS: dict[str, type[Settings]] = {
    "ImporterFunction": ImporterFunctionSettings,
    "NotifierFunction": WorkerSettings,
}
GIVEN_BY_LAMBDA = {"AWS_REGION": "eu-west-1"}


def resources(kind: str) -> dict[str, Any]:
    found = template()["Resources"].items()
    return {name: each["Properties"] for name, each in found if each["Type"] == f"AWS::Lambda::{kind}"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_told_what_it_reads_and_enough_for_production(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = FUNCTIONS[name]
    told = set(resources("Function")[name]["Environment"]["Variables"])
    assert told <= all_names(settings)
    for variable in all_names(settings):
        monkeypatch.delenv(variable, raising=False)

    values = {**VALUES, "STORI_ENVIRONMENT": "production", "STORI_DATABASE_POOL_SIZE": "4"}
    for variable in told:
        monkeypatch.setenv(variable, values.get(variable, "given"))
    for variable, value in GIVEN_BY_LAMBDA.items():
        monkeypatch.setenv(variable, value)

    assert settings().environment == "production"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_s_handler_is_there(name: str) -> None:
    module, _, handler = resources("Function")[name]["Handler"].rpartition(".")

    assert callable(getattr(importlib.import_module(module), handler))
    assert module.split(".")[0] in package.CODE


def test_the_sdk_knows_every_service_that_the_code_asks() -> None:
    files = [path for package_name in package.CODE for path in (package.ROOT / package_name).rglob("*.py")]
    asked = {name for path in files for name in re.findall(r"""\.client\(\s*["'](\w+)""", path.read_text())}

    assert asked == package.AWS_SERVICES


def test_the_banks_formats_are_in_the_zip_without_their_samples(tmp_path: Path) -> None:
    package.copy_code(tmp_path)

    copied = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.yaml") if path.is_file()}
    assert {f"txn_svc/statement/formats/{name}.yaml" for name in format_ids()} <= copied
    assert not list(tmp_path.rglob("*.csv"))


def test_the_zip_is_made_for_the_runtime_of_the_template() -> None:
    assert template()["Parameters"]["FunctionsRuntime"]["Default"] == f"python{package.PYTHON}"
    assert {(each["Runtime"], *each["Architectures"]) for each in resources("Function").values()} == {
        ("FunctionsRuntime", package.MACHINES[0])
    }


def test_only_what_failed_of_a_batch_comes_again() -> None:
    sources = resources("EventSourceMapping")

    assert len(sources) == len(FUNCTIONS)
    assert all(each["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for each in sources.values())
    # Imports do not share an invocation's time.
    assert sources["ImporterSource"]["BatchSize"] == 1


def test_an_attempt_has_its_time_and_ends_before_lambda_ends_it() -> None:
    parameters = template()["Parameters"]

    assert (
        ATTEMPTS_SECONDS_MAX + SHOW_SECONDS + ANSWER_SECONDS < 14 * 60 < parameters["ImporterTimeoutSeconds"]["Default"]
    )
    assert parameters["NotifierTimeoutSeconds"]["MinValue"] > LEASE_SECONDS + SHOW_SECONDS + ANSWER_SECONDS


def test_the_same_files_give_the_same_zip_whenever_they_were_written(tmp_path: Path) -> None:
    zips = []
    for turn, names in enumerate((("a.py", "b/c.so"), ("b/c.so", "a.py"))):
        folder = tmp_path / str(turn)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
            (folder / name).chmod(0o600 if turn else 0o755)
            os.utime(folder / name, (turn, turn))
        package.write(target := tmp_path / f"{turn}.zip", folder, sorted(folder.rglob("*.*")))
        zips.append(target)

    assert zips[0].read_bytes() == zips[1].read_bytes()
    with zipfile.ZipFile(zips[0]) as archive:
        assert [(entry.filename, entry.external_attr >> 16) for entry in archive.infolist()] == [
            ("a.py", 0o644),
            ("b/c.so", 0o644),
        ]


def test_more_than_lambda_unzips_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "install", lambda *_: None)
    monkeypatch.setattr(package, "UNZIPPED_MAX_BYTES", 1_000)

    with pytest.raises(NotPackaged, match=r"Lambda unzips 1,000 bytes at most, and this would be [\d,]+\."):
        package.package(tmp_path / "lambda.zip")

    assert not (tmp_path / "lambda.zip").exists()


def test_a_checkout_that_is_not_set_up_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "UV", tmp_path / "uv")

    with pytest.raises(NotPackaged, match="uv is missing"):
        package.package(tmp_path / "lambda.zip")
