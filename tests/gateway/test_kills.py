"""kill -9 of edge, core and both under load: nothing acknowledged is lost, nothing is there twice."""

from pathlib import Path

import pytest

from district import Life, kills, live

SEED = 7
DEVICES = 60
HOURS = 28.0
STEPS = int(HOURS * 12)
KILLS = 8


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The same district with nobody killed."""
    return live(tmp_path_factory.mktemp("undisturbed"), seed=SEED, devices=DEVICES, hours=HOURS)


@pytest.mark.parametrize(
    ("seed", "choices"),
    [(11, [("edge",)]), (12, [("core",)]), (13, [("edge", "core"), ("edge",), ("core",)])],
    ids=["edge", "core", "both"],
)
def test_kills_lose_nothing_double_nothing_and_change_no_finding(
    tmp_path: Path, undisturbed: Life, seed: int, choices: list[tuple[str, ...]]
) -> None:
    """Eight kills of each sort: acknowledged equals stored; findings and cases are the undisturbed ones."""
    life = live(tmp_path, seed=SEED, devices=DEVICES, hours=HOURS, plan=kills(seed, STEPS, KILLS, choices))

    assert undisturbed.summary.objections == []
    assert life.killed >= KILLS
    assert life.summary.objections == []
    assert life.readings == undisturbed.readings
    assert life.findings == undisturbed.findings
    assert life.cases == undisturbed.cases
