"""The table of the kill matrix says what the run gave, a failed seed included."""

from pathlib import Path

from tests.chaos.points import Point
from tests.chaos.steps import MEANING, STEPS
from tests.chaos.table import BEGIN, END, main, read

ROOT = Path(__file__).parent.parent.parent
RUN = """<testsuites><testsuite>
<testcase name="test_nothing[importer:import.staged-postgres-1]" time="3"/>
<testcase name="test_nothing[importer:import.staged-postgres-2]" time="3"><failure message="lost"/></testcase>
<testcase name="test_another" time="3"/>
</testsuite></testsuites>"""


def test_a_failed_seed_is_shown(tmp_path: Path) -> None:
    (tmp_path / "run.xml").write_text(RUN)
    (tmp_path / "page.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    main(str(tmp_path / "run.xml"), str(tmp_path / "page.md"))

    page = (tmp_path / "page.md").read_text()
    assert read(tmp_path / "run.xml") == {(Point("importer", "import.staged"), "postgres"): [True, False]}
    assert page.startswith(f"before\n{BEGIN}\n1 cells, 2 runs, 1 passed")
    assert "**1 of 2**" in page
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page


def test_every_named_point_of_the_product_is_a_step() -> None:
    sources = [
        path for name in ("runtime", "notifier", "txn_svc", "user_svc", "bff") for path in (ROOT / name).rglob("*.py")
    ]
    reached = {
        line.split('points.reach("')[1].split('"')[0]
        for path in sources
        for line in path.read_text().splitlines()
        if 'points.reach("' in line
    }

    assert reached == {step.name for step in STEPS} == set(MEANING)
