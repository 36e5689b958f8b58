"""What operators do to findings: clearing what latched, shelving, and the record of it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest_line import SHANGHAI, Line, city, register
from narrowgate_cases import apply
from narrowgate_ingest import state
from narrowgate_ingest.operating import clear, shelve, unshelve
from narrowgate_ingest.shelving import Act, shelves
from narrowgate_rules import GROUP_RULES, RULES, Engine, Shelf, Ticks
from narrowgate_schema.words import Family
from rules_rows import DAY_US, HOUR_US, MONDAY_US, NOWHERE, Row, readings

BY = Act(MONDAY_US + DAY_US, "wang", "seal renewed")


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """Give stores and pipeline over an empty journal, with groups."""
    register(tmp_path, city(3))
    (tmp_path / "journal").mkdir()
    opened = Line(tmp_path, tmp_path / "journal")
    opened.engine = opened.pipeline.engine = Engine(RULES, groups=GROUP_RULES, timezone=SHANGHAI)
    yield opened
    opened.close()


def _hear(line: Line, *tampered: bool) -> list[dict[str, Any]]:
    """Let the rules hear a meter, and keep what they say; give it."""
    rows = [Row(n, "m", MONDAY_US + n * HOUR_US, {"tamper": said}) for n, said in enumerate(tampered)]
    judged = line.engine.judge({Family.WATER: readings(Family.WATER, rows)}, Ticks.none(), NOWHERE)
    with line.stores.state.transaction() as connection:
        state.put_findings(connection, judged.findings)
        apply(connection, judged.causes, MONDAY_US)
    rows_said: list[dict[str, Any]] = judged.findings.to_pylist()
    return rows_said


def _cases(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute("SELECT service, state FROM cases").fetchall()


def test_what_latched_stays_until_it_is_cleared(line: Line) -> None:
    """A meter that was tampered with keeps its case although it says that all is well again."""
    said = _hear(line, True, False, False)

    assert ([row["state"] for row in said], _cases(line.stores.state.connection)) == (
        ["raised", "latched"],
        [("meter_tamper", "reported")],
    )


def test_an_operator_clears_what_latched(line: Line) -> None:
    """What an operator clears is over at that instant, in the findings, in the rules and at the desk."""
    finding = _hear(line, True, False)[0]["finding"]

    ended = clear(line.pipeline, finding, BY)

    connection = line.stores.state.connection
    assert (ended["version"], ended["cleared_at"]) == (3, BY.at_us)
    assert _cases(connection) == [("meter_tamper", "closed")]
    assert [row["state"] for row in _hear(line, False, False, False, True)] == ["raised"]


def test_what_still_holds_is_not_cleared(line: Line) -> None:
    """While the device says that it is tampered with, nobody clears it, and nothing changes."""
    finding = _hear(line, True)[0]["finding"]
    before = line.engine.snapshot()

    with pytest.raises(ValueError, match="still holds"):
        clear(line.pipeline, finding, BY)

    assert before == line.engine.snapshot()


def test_what_is_no_finding_is_not_cleared(line: Line) -> None:
    """A name that no open finding has is refused."""
    with pytest.raises(ValueError, match="no finding 'f0' is open"):
        clear(line.pipeline, "f0", BY)


def test_a_cleared_finding_stays_cleared_after_a_restart(line: Line) -> None:
    """The snapshot that knows of an operator's act is kept with it."""
    clear(line.pipeline, _hear(line, True, False)[0]["finding"], BY)

    again = Engine(RULES, groups=GROUP_RULES, timezone=SHANGHAI)
    again.restore(state.snapshot(line.stores.state.connection, "engine"))

    assert again.snapshot() == line.engine.snapshot()


def test_a_shelf_keeps_a_finding_from_the_desk(line: Line) -> None:
    """A shelved rule's finding is recorded and opens no case."""
    shelve(line.pipeline, Shelf("meter_tamper", "", BY.at_us + DAY_US), BY)

    said = _hear(line, True)

    assert (len(said), _cases(line.stores.state.connection)) == (1, [])


def test_a_shelf_outlasts_a_restart(line: Line) -> None:
    """Shelves are read again when the pipeline begins anew."""
    shelve(line.pipeline, Shelf("", "m", BY.at_us + DAY_US), BY)
    engine = Engine(RULES, groups=GROUP_RULES, timezone=SHANGHAI)
    line.engine = line.pipeline.engine = engine
    type(line.pipeline)(line.tail, line.pipeline._fleet, line.stores, engine, timezone=SHANGHAI)

    _hear(line, True)

    assert _cases(line.stores.state.connection) == []


def test_a_shelf_is_ended_before_its_time(line: Line) -> None:
    """A shelf that somebody ended is no longer in force."""
    number = shelve(line.pipeline, Shelf("meter_tamper", "", BY.at_us + DAY_US), BY)

    unshelve(line.pipeline, number, replace(BY, at_us=BY.at_us + HOUR_US))

    assert shelves(line.stores.state.connection, BY.at_us + 2 * HOUR_US) == []


@pytest.mark.parametrize("until_us", [0, BY.at_us, BY.at_us + 32 * DAY_US])
def test_a_shelf_has_an_end(line: Line, until_us: int) -> None:
    """A shelf ends after now and within 31 days."""
    with pytest.raises(ValueError, match="within 31 days"):
        shelve(line.pipeline, Shelf("meter_tamper", "", until_us), BY)


def test_a_shelf_for_no_rule_is_refused(line: Line) -> None:
    """A rule that is not there cannot be shelved."""
    with pytest.raises(ValueError, match="is no rule"):
        shelve(line.pipeline, Shelf("flood", "", BY.at_us + DAY_US), BY)


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("wang", ""), ("wang", "a\nb")])
def test_nobody_acts_for_no_reason(actor: str, reason: str) -> None:
    """Every act has a user and a reason, one line each."""
    with pytest.raises(ValueError, match="is one line"):
        Act(0, actor, reason)


def test_what_was_done_stays_in_the_record(line: Line) -> None:
    """Every act is recorded with user, reason and instant, and no record is changed or removed."""
    number = shelve(line.pipeline, Shelf("", "m", BY.at_us + DAY_US), BY)
    unshelve(line.pipeline, number, BY)
    connection = line.stores.state.connection

    with pytest.raises(sqlite3.IntegrityError, match="never removed"):
        connection.execute("DELETE FROM rule_acts")

    assert connection.execute("SELECT act, actor, reason, device FROM rule_acts").fetchall() == [
        ("shelve", "wang", "seal renewed", "m"),
        ("unshelve", "wang", "seal renewed", "m"),
    ]
