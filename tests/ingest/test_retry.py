import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest_line import STRANGER, Crash, Fuse, Line, city, journalled, register
from narrowgate_ingest.quarantine import Quarantine
from narrowgate_ingest.retry import MOST_FRAMES, Retried, finish, rehearse, retry
from narrowgate_schema.words import Disposition, Family, Reason

AT_US = 1_772_600_000_000_000


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A district's journal."""
    directory = tmp_path_factory.mktemp("retry") / "journal"
    journalled(directory, city())
    return directory


@pytest.fixture
def late_comer() -> str:
    """A device that nobody registered at first."""
    device: str = city().devices[0]
    return device


def _unregistered(home: Path, journal: Path, device: str, fuse: Fuse | None = None) -> Line:
    """Run a home that lacks a device over the journal, then register it."""
    register(home, city(), without=[device])
    line = Line(home, journal)
    line.run()
    line.close()
    register(home, city())
    return Line(home, journal, fuse or Fuse())


@pytest.fixture
def line(tmp_path: Path, journal: Path, late_comer: str) -> Iterator[Line]:
    """A home whose quarantine holds a device's frames, registered by now."""
    opened = _unregistered(tmp_path / "home", journal, late_comer)
    opened.run()
    yield opened
    opened.close()


def _held(line: Line, device: str | None = None) -> list[int]:
    frames = line.stores.quarantine.frames(100_000)
    return sorted(each.frame for each in frames if device in (None, each.device))


def _readings(line: Line) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for family in Family:
        rows = line.stores.telemetry.query(f"SELECT device, series, time, frame FROM {family}_rows")  # noqa: S608
        found += [(family, *row.values()) for row in rows.to_pylist()]
    return sorted(found, key=str)


def test_frames_of_a_device_registered_later_are_stored_once(line: Line, late_comer: str) -> None:
    """A retry stores what decodes now under the frames' own offsets, and the ledger moves with it."""
    held = _held(line, late_comer)
    before = line.ledger()
    outcomes = retry(line.pipeline, held, AT_US)
    after = line.ledger()
    stored = [each for each in outcomes if each.disposition is Disposition.STORED]

    assert len(stored) > 20
    assert all((each.was_reason, each.device) == (Reason.UNKNOWN, late_comer) for each in stored)
    assert _held(line, late_comer) == [each.frame for each in outcomes if each.reason]
    assert after.difference == 0
    assert after.dispositions[Disposition.STORED] == before.dispositions[Disposition.STORED] + len(stored)
    assert after.reasons.get(Reason.UNKNOWN, 0) == before.reasons[Reason.UNKNOWN] - len(held)


def test_a_retried_home_holds_the_readings_of_one_that_knew_the_device(
    line: Line, late_comer: str, tmp_path: Path, journal: Path
) -> None:
    """Nothing is missing and nothing is there twice, and the count of readings is that of the rows."""
    retry(line.pipeline, _held(line), AT_US)
    register(tmp_path / "known", city())
    known = Line(tmp_path / "known", journal)
    known.run()
    keys = {row[:4] for row in _readings(line)}

    assert keys == {row[:4] for row in _readings(known)}
    assert len(_readings(line)) == sum(line.ledger().readings.values())
    known.close()


def test_a_rehearsal_says_the_same_and_changes_nothing(line: Line) -> None:
    """What would become of frames is said first; stores, ledger and rules stay as they are."""
    held = _held(line)[:200]
    before, snapshot = line.outcome(), line.engine.snapshot()
    told = rehearse(line.pipeline, held)
    after = line.outcome()

    assert (after, line.engine.snapshot()) == (before, snapshot)
    assert told == retry(line.pipeline, held, AT_US)


def test_what_is_refused_again_stays_with_its_new_reason(line: Line, late_comer: str) -> None:
    """A frame that is refused for another reason now is quarantined and counted under that."""
    outcomes = retry(line.pipeline, _held(line, late_comer), AT_US)
    refused = {each.frame: each.reason for each in outcomes if each.reason}
    kept = {each.frame: each.reason for each in line.stores.quarantine.frames(100_000)}

    assert refused
    assert Reason.UNKNOWN not in refused.values()
    assert {frame: kept[frame] for frame in refused} == refused
    assert sum(line.ledger().reasons.values()) == len(kept)


def test_a_stranger_is_refused_again_and_nothing_moves(line: Line) -> None:
    """A frame for which nothing has changed stays as it is."""
    before = line.outcome()
    outcomes = retry(line.pipeline, _held(line, STRANGER), AT_US)

    assert {(each.was_reason, each.reason, each.readings) for each in outcomes} == {
        (Reason.UNKNOWN, Reason.UNKNOWN, 0)
    }
    assert line.outcome() == before


def test_frames_that_are_not_in_quarantine_are_passed_over(line: Line) -> None:
    """An offset that nobody set aside, or that was retried before, costs nothing."""
    held = _held(line)[:3]
    retry(line.pipeline, held, AT_US)

    assert [each.frame for each in retry(line.pipeline, held, AT_US)] == [
        each.frame for each in line.stores.quarantine.pick(held)
    ]
    assert retry(line.pipeline, [10**12], AT_US) == []


def test_too_many_frames_at_once_are_refused(line: Line) -> None:
    """Live frames wait while others are run again, so that there is a most of them."""
    with pytest.raises(ValueError, match="1000"):
        rehearse(line.pipeline, range(MOST_FRAMES + 1))


def test_rules_take_a_retried_frame_for_something_late(line: Line, late_comer: str) -> None:
    """Readings older than the newest of their series are marked late, whenever they were kept."""
    held = _held(line, late_comer)
    newest, older = held[-2:], held[:-2]
    retry(line.pipeline, newest, AT_US)
    retry(line.pipeline, older, AT_US)
    marks = ", ".join(map(str, older))
    late: set[bool | None] = set()
    for family in Family:
        sql = f"SELECT late FROM {family}_rows WHERE frame IN ({marks})"  # noqa: S608
        late.update(line.stores.telemetry.query(sql)["late"].to_pylist())

    assert late == {True}


@pytest.mark.parametrize("place", range(0, 12, 2))
def test_findings_and_cases_become_those_of_a_home_that_knew_the_device(
    tmp_path: Path, journal: Path, place: int
) -> None:
    """What rules say in the end does not depend on when a device was registered."""
    register(tmp_path / "known", city())
    known = Line(tmp_path / "known", journal)
    known.run()
    late = _unregistered(tmp_path / "late", journal, city().devices[place])
    late.run()
    retry(late.pipeline, _held(late, city().devices[place]), AT_US)

    assert _told(late) == _told(known)
    known.close()
    late.close()


def _told(line: Line) -> tuple[set[tuple[object, ...]], set[tuple[object, ...]]]:
    findings = line.stores.state.connection.execute(
        "SELECT finding, version, rule, device, state, raised_at, cleared_at FROM findings AS f"
        " WHERE version = (SELECT max(version) FROM findings WHERE finding = f.finding)"
    )
    cases = line.stores.state.connection.execute(
        "SELECT finding, service, device, state, raised_at, cleared_at FROM cases"
    )
    return set(findings), set(cases)


def test_live_frames_go_on_where_they_stood(line: Line, tmp_path: Path, journal: Path) -> None:
    """After a retry and a restart the rules go on from a snapshot that knows the retried frames."""
    retry(line.pipeline, _held(line), AT_US)
    snapshot, offset = line.engine.snapshot(), line.pipeline.offset
    again = Line(line.home, journal)

    assert (again.pipeline.offset, again.engine.snapshot()) == (offset, snapshot)
    again.stores.state.close()
    again.stores.quarantine.close()


def _retried(home: Path, journal: Path, device: str, steps: int | None) -> tuple[dict[str, object], bool]:
    """Retry all of a home; where the fuse blows, come up again as a core does. Give what is left."""
    line = _unregistered(home, journal, device, Fuse())
    line.run()
    frames = _held(line)
    line.fuse.steps = None if steps is None else len(line.fuse.passed) + steps
    crashed = False
    try:
        retry(line.pipeline, frames, AT_US)
    except Crash:
        crashed = True
        line.close()
        line = Line(home, journal)
        line.run()
        finish(line.pipeline)
    outcome = line.outcome()
    line.close()
    return outcome, crashed


def test_a_crash_at_any_step_loses_and_doubles_nothing(
    tmp_path: Path, journal: Path, late_comer: str
) -> None:
    """Wherever the core dies in a retry that was written down, the next one brings it to the same end."""
    expected, _ = _retried(tmp_path / "whole", journal, late_comer, None)
    never_asked, _ = _retried(tmp_path / "never", journal, late_comer, 0)
    left = []
    for steps in itertools.count(1):
        outcome, crashed = _retried(tmp_path / str(steps), journal, late_comer, steps)
        if not crashed:
            break
        left.append(outcome)

    assert never_asked["quarantine"] != expected["quarantine"]
    assert left == [expected] * 5


def test_a_store_that_fails_leaves_the_rules_as_they_were(line: Line) -> None:
    """Rules never know of what is not written: a retry that fails may be finished later."""
    held = _held(line)
    snapshot = line.engine.snapshot()
    line.fuse.steps = len(line.fuse.passed) + 2
    with pytest.raises(Crash):
        retry(line.pipeline, held, AT_US)
    assert line.engine.snapshot() == snapshot

    line.fuse.steps = None
    outcomes: list[Retried] = finish(line.pipeline)
    assert [each.frame for each in outcomes] == held


def test_a_quarantine_of_the_format_before_is_taken_over(tmp_path: Path) -> None:
    """Frames that an earlier format set aside are there, as quarantined ones."""
    path = tmp_path / "quarantine.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            "CREATE TABLE frames (frame INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, transport TEXT "
            "NOT NULL, listener TEXT NOT NULL, path TEXT NOT NULL, device TEXT NOT NULL, profile TEXT, "
            "reason TEXT NOT NULL, detail TEXT NOT NULL, payload BLOB NOT NULL);"
            "INSERT INTO frames VALUES (7, 1, 'coap', 'l', 'p', 'd', NULL, 'unknown', 'w', x'01');"
            "PRAGMA user_version = 1"
        )
    for _ in range(2):
        with closing(Quarantine(tmp_path)) as quarantine:
            [refused] = quarantine.pick([7])

    assert (refused.disposition, refused.uplink()["tenant"], refused.payload) == ("quarantined", "", b"\x01")
