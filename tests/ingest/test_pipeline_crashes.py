"""What the pipeline promises: stopped anywhere, it loses nothing, doubles nothing and finds the same."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_rows import take
from ingest_line import SHANGHAI, STRANGER, Crash, Fuse, Line, city, journalled, register
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind
from narrowgate_rules import RULES, Engine
from narrowgate_schema.words import Disposition
from uplinks import tick_batch, uplink_batch

if TYPE_CHECKING:
    from ingest_line import District

METER = city().devices[0]


def crashing_run(home: Path, journal: Path, fuses: list[int], max_rows: int) -> tuple[dict[str, object], int]:
    """Run a pipeline that dies after so many store steps, again and again, then to the end."""
    crashes = 0
    for steps in [*fuses, None]:
        line = Line(home, journal, Fuse(steps))
        try:
            line.run(max_rows)
        except Crash:
            crashes += 1
        else:
            outcome = line.outcome()
            line.close()
            return outcome, crashes
        line.close()
    raise AssertionError("the last run has no fuse")


def die(home: Path, journal: Path, steps: int, max_rows: int) -> None:
    """Run a pipeline that keeps snapshots and dies after so many store steps."""
    line = Line(home, journal, Fuse(steps))
    with pytest.raises(Crash):
        line.run(max_rows, snapshot_every=1)
    line.close()


@settings(max_examples=25 if "NARROWGATE_CHAOS" in os.environ else 5, deadline=None)
@given(st.lists(st.integers(0, 14), max_size=6), st.integers(60, 500))
def test_a_crash_at_any_store_step_changes_nothing(
    district: "District",
    undisturbed: dict[str, object],
    tmp_path_factory: pytest.TempPathFactory,
    fuses: list[int],
    max_rows: int,
) -> None:
    """Rows, findings, cases, dispositions and quarantine are those of an undisturbed run, to the row."""
    home = district.home(tmp_path_factory.mktemp("crash") / "home")
    outcome, _ = crashing_run(home, district.journal, fuses, max_rows)
    shutil.rmtree(home)

    assert outcome == undisturbed


@pytest.mark.parametrize("steps", range(5))
def test_each_step_of_a_write_is_a_place_to_die(
    district: "District", undisturbed: dict[str, object], tmp_path: Path, steps: int
) -> None:
    """Dead before telemetry, after it, after quarantine, before the commit, after it: nothing differs."""
    outcome, crashes = crashing_run(district.home(tmp_path / "home"), district.journal, [steps + 5], 200)

    assert crashes == 1
    assert outcome == undisturbed


def test_what_the_district_shows_is_worth_comparing(undisturbed: dict[str, object]) -> None:
    """The undisturbed run has findings, cases, stays, duplicates and refused frames, and balances."""
    ledger = undisturbed["ledger"]
    disposed = {disposition for disposition, n in ledger.dispositions.items() if n}  # type: ignore[attr-defined]

    assert disposed == {Disposition.STORED, Disposition.QUARANTINED, Disposition.DUPLICATE}
    assert all(undisturbed[name] for name in ("findings", "cases", "session_rows", "quarantine"))
    assert ledger.difference == 0  # type: ignore[attr-defined]


def test_a_device_registered_between_crash_and_restart_loses_no_reading(
    district: "District", tmp_path: Path
) -> None:
    """A batch that was half written is decided anew: telemetry, quarantine and ledger agree on each frame."""
    home = tmp_path / "home"
    register(home, city(), without=[METER])
    die(home, district.journal, 3, 100_000)
    take(home, (district.root / "home" / "fleet.csv").read_text())
    line = Line(home, district.journal)
    line.run()
    sql = "SELECT count(*) AS n FROM water_rows WHERE device = ?"

    assert line.stores.telemetry.query(sql, [METER]).to_pylist() == [{"n": 28}]
    assert {refused.device for refused in line.stores.quarantine.frames(1000)} == {METER, STRANGER}
    assert {r.reason for r in line.stores.quarantine.frames(1000) if r.device == METER} == {"model"}
    line.close()


@pytest.mark.parametrize("name", ["engine", "repeats", "host_clock"])
@pytest.mark.parametrize("spoil", ["gone", "damaged"])
def test_a_snapshot_that_cannot_be_used_is_made_anew_from_the_journal(
    district: "District", undisturbed: dict[str, object], tmp_path: Path, name: str, spoil: str
) -> None:
    """With any one stage's snapshot missing or damaged all stages start again from the journal's start."""
    home = district.home(tmp_path / "home")
    die(home, district.journal, 13, 200)
    statement = "DELETE FROM snapshots" if spoil == "gone" else "UPDATE snapshots SET body = x'0102'"
    with closing(sqlite3.connect(home / "state.db")) as state, state:
        changed = state.execute(f"{statement} WHERE name = ?", (name,)).rowcount
    line = Line(home, district.journal)
    offset, remembered = line.pipeline.offset, line.engine.snapshot()
    line.run(150)

    assert (changed, offset, remembered) == (1, 0, Engine(RULES, timezone=SHANGHAI).snapshot())
    assert line.outcome() == undisturbed
    line.close()


def test_a_lost_telemetry_store_is_filled_again_from_the_journal(
    district: "District", undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """Without its file telemetry is rebuilt, and nothing else is counted or told twice."""
    home = district.home(tmp_path / "home")
    die(home, district.journal, 13, 200)
    (home / "telemetry.duckdb").unlink()
    (home / "telemetry.duckdb.wal").unlink(missing_ok=True)
    line = Line(home, district.journal)
    line.run(170)

    assert line.outcome() == undisturbed
    line.close()


def test_a_state_older_than_telemetry_is_caught_up(
    district: "District", undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """With an older state put back, the rows that telemetry had ahead are replaced, not doubled."""
    home = district.home(tmp_path / "home")
    line = Line(home, district.journal)
    line.step(300, with_snapshot=True)
    with closing(sqlite3.connect(tmp_path / "kept.db")) as kept:
        line.stores.state.connection.backup(kept)
    line.run(300)
    line.close()
    for stale in home.glob("state.db*"):
        stale.unlink()
    shutil.copy(tmp_path / "kept.db", home / "state.db")
    line = Line(home, district.journal)
    line.run(110)

    assert line.outcome() == undisturbed
    line.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """Give a small district's folder, and what its frames leave in batches of fifty."""
    folder = tmp_path_factory.mktemp("small")
    register(folder / "home", city(6, 26.0))
    journalled(folder / "journal", city(6, 26.0))
    return folder, _left(folder, folder / "by fifty", 50)


def _left(folder: Path, home: Path, max_rows: int) -> dict[str, object]:
    shutil.copytree(folder / "home", home)
    line = Line(home, folder / "journal")
    line.run(max_rows)
    outcome = line.outcome()
    line.close()
    return outcome


@pytest.mark.parametrize("max_rows", [1, 7, 100_000])
def test_the_batch_size_leaves_no_trace(
    small: tuple[Path, dict[str, object]], tmp_path: Path, max_rows: int
) -> None:
    """Batches of any size give the same rows, findings, cases and counts."""
    folder, by_fifty = small

    assert _left(folder, tmp_path / "home", max_rows) == by_fifty


Spoil = Callable[[bytearray], None]


def _cut_tail(data: bytearray) -> None:
    del data[-40:]


def _flip_middle(data: bytearray) -> None:
    data[len(data) // 2] ^= 16


@pytest.mark.parametrize("spoil", [_flip_middle, _cut_tail])
def test_damaged_rows_are_counted_as_quarantined_and_the_ledger_balances(
    tmp_path: Path, spoil: Spoil
) -> None:
    """Frames that the journal cannot give back stand in the ledger under `integrity`."""
    register(tmp_path / "home", city(3, 26.0))
    journal = Journal(tmp_path / "journal")
    for number in range(20):
        journal.append([(Kind.UPLINKS, uplink_batch([b"x", bytes([number])]))])
    journal.close()
    (segment,) = (tmp_path / "journal").glob("*.seg")
    data = bytearray(segment.read_bytes())
    spoil(data)
    segment.write_bytes(data)
    journal = Journal(tmp_path / "journal")
    journal.append([(Kind.TICKS, tick_batch(5)), (Kind.UPLINKS, uplink_batch([b"y"]))])
    journal.close()
    line = Line(tmp_path / "home", tmp_path / "journal")
    line.run()
    ledger = line.ledger()

    assert ledger.kept == 41
    assert (ledger.reasons, ledger.difference) == ({"unknown": 39, "integrity": 2}, 0)
    assert line.stores.state.connection.execute("SELECT sum(rows) FROM damage").fetchone() == (2,)
    line.close()
