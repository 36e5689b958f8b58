"""kill -9 of edge, core and both under load: nothing acknowledged is lost, nothing is there twice."""

import os
from pathlib import Path

import pytest

from district import Life, kills, live

SEED = 7
DEVICES = 60
HOURS = 28.0
STEPS = int(HOURS * 12)
KILLS = 6
ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The same district with nobody killed."""
    return live(tmp_path_factory.mktemp("undisturbed"), seed=SEED, devices=DEVICES, hours=HOURS)


@pytest.mark.parametrize("seed", range(13, 13 + ROUNDS))
def test_kills_lose_nothing_double_nothing_and_change_no_finding(
    tmp_path: Path, undisturbed: Life, seed: int
) -> None:
    """Eight kills under a supervisor: acknowledged equals stored; findings and cases are as ever."""
    plan = kills(seed, STEPS, KILLS, [("edge", "core"), ("edge",), ("core",)])
    life = live(tmp_path, seed=SEED, devices=DEVICES, hours=HOURS, plan=plan)

    assert undisturbed.summary.objections == []
    assert life.killed >= KILLS + 2
    assert life.summary.objections == []
    assert life.readings == undisturbed.readings
    assert life.findings == undisturbed.findings
    assert life.cases == undisturbed.cases
