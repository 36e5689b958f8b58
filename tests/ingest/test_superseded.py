"""Another version of a rule: what the one before raised is ended as findings end, once, for a reason."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ingest_line import SHANGHAI, Crash, District, Fuse, Line
from narrowgate_fleet import FleetReader
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_rules import RULES, Engine
from narrowgate_rules.declaration import Rule

NEWER = tuple(replace(rule, version=rule.version + 1) for rule in RULES)
_OPEN = (
    "SELECT finding FROM findings AS f WHERE cleared_at IS NULL"
    " AND version = (SELECT max(version) FROM findings WHERE finding = f.finding) ORDER BY 1"
)
_ENDED = "SELECT finding FROM findings WHERE evidence LIKE '%superseded%' ORDER BY 1"


@pytest.fixture
def home(district: District, tmp_path: Path) -> Path:
    """A home whose pipeline came to where findings are open, and ended."""
    line = district.line(tmp_path / "home")
    while not len(_names(line, _OPEN)):
        assert line.step(20) is not None
    line.pipeline.keep_snapshot()
    line.close()
    return tmp_path / "home"


def _line(district: District, home: Path, rules: Sequence[Rule], fuse: Fuse | None = None) -> Line:
    """Open a home with other rules."""
    line = Line(home, district.journal, fuse or Fuse())
    line.engine = Engine(rules, timezone=SHANGHAI)
    fleet = FleetReader(home / "registry")
    line.pipeline = Pipeline(line.tail, fleet, line.stores, line.engine, timezone=SHANGHAI)
    return line


def _names(line: Line, sql: str) -> list[str]:
    return [name for (name,) in line.stores.state.connection.execute(sql)]


def test_the_same_rules_go_on_with_their_episodes(district: District, home: Path) -> None:
    """A start of the same release ends nothing."""
    line = _line(district, home, RULES)
    assert line.step(1) is not None

    assert _names(line, _ENDED) == []
    line.close()


@pytest.mark.parametrize("rules", [NEWER, ()], ids=["another version", "gone"])
def test_what_no_rule_follows_is_ended_with_its_cases(
    district: District, home: Path, rules: Sequence[Rule]
) -> None:
    """The first row of the new rules clears what the old ones left open, and its cases, and says why."""
    line = _line(district, home, rules)
    before = _names(line, _OPEN)
    line.step(1)

    assert _names(line, _ENDED) == before
    assert _names(line, "SELECT id FROM cases WHERE state = 'reported'") == []
    steps = line.stores.state.connection.execute(
        "SELECT DISTINCT step, actor, reason FROM case_steps WHERE evidence LIKE '%superseded%'"
    ).fetchall()
    assert steps == [(step, "rules", "superseded") for step in ("resolved", "verified", "closed")]
    line.close()


def test_it_is_done_once_however_often_the_core_dies(district: District, home: Path) -> None:
    """A crash at each step of the write, and further starts, end each episode exactly once."""
    line = _line(district, home, RULES)
    before = _names(line, _OPEN)
    line.close()
    for steps in range(4):
        line = _line(district, home, NEWER, Fuse(steps))
        with pytest.raises(Crash):
            line.step(1)
        line.close()
    for _ in range(2):
        line = _line(district, home, NEWER)
        line.step(1)
        assert _names(line, _ENDED) == before
        line.close()
