"""Replay: the same history gives the same; with another registry, what an undisturbed run had given."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest

from fleet_rows import take
from ingest_line import SHANGHAI, START_US, Crash, District, Line, archived, city, register
from narrowgate_fleet import Fleet, FleetReader, Registry
from narrowgate_ingest.hearing_again import Registry as As
from narrowgate_ingest.replay import Means, Replayed, apply_replay, finish_replays, rehearse_replay
from narrowgate_ingest.replay_run import Asked
from narrowgate_ingest.segments import trim
from narrowgate_ingest.tail import Tail
from narrowgate_rules import RULES, Engine
from narrowgate_schema.tables import READINGS, SESSIONS
from narrowgate_schema.words import Family

HOUR_US = 3_600_000_000
AT_US = START_US + 40 * HOUR_US
ALL = Asked(START_US - HOUR_US, START_US + 48 * HOUR_US)
NO_STAYS = pa.RecordBatch.from_pylist([], SESSIONS)
CHAOS = bool(os.environ.get("NARROWGATE_CHAOS"))


def _quiet(_: str) -> None:
    return


def _means(line: Line, fleet_at: Callable[[int], Fleet] | None = None) -> Means:
    newest = FleetReader(line.home / "registry")
    return Means(
        line.journal,
        line.home / "archive",
        lambda _: Engine(RULES, timezone=SHANGHAI),
        As(fleet_at or (lambda _: newest.fleet), ()),
        ["influxdb a"],
    )


@pytest.fixture(scope="module")
def ran(district: District, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that took the district's day, with a journal of its own that starts behind what is archived."""
    home = district.home(tmp_path_factory.mktemp("replay") / "home")
    shutil.copytree(district.journal, home / "journal", ignore=shutil.ignore_patterns("wake"))
    line = Line(home, home / "journal")
    line.run()
    archived(line)
    line.pipeline.keep_snapshot()
    trim(line.journal, line.pipeline.done // 2, keep_bytes=0)
    line.close()
    return home


@pytest.fixture
def line(ran: Path, tmp_path: Path) -> Iterator[Line]:
    """A copy of it."""
    shutil.copytree(ran, tmp_path / "home")
    opened = Line(tmp_path / "home", tmp_path / "home" / "journal")
    yield opened
    opened.close()


def _with_case(line: Line) -> str:
    """Give a device that has a case."""
    (device,) = line.stores.state.connection.execute(
        "SELECT device FROM cases WHERE state <> 'void' ORDER BY id LIMIT 1"
    ).fetchone()
    return str(device)


def _changes(replayed: Replayed) -> list[str]:
    return [row["change"] for row in replayed.difference.rows]


def _another_profile(line: Line, device: str) -> None:
    """Say in the registry that a device is another one than it is."""
    lines = (line.home / "fleet.csv").read_text().splitlines()
    place = lines[0].split(",").index("profile")
    rows = [row.split(",") for row in lines[1:] if device in row]
    other = "pni_placepod_v1" if rows[0][place] != "pni_placepod_v1" else "cjt188_water_v2004"
    for row in rows:
        row[place], row[lines[0].split(",").index("family")] = other, ""
    _import(line.home, "\n".join([lines[0], *(",".join(row) for row in rows)]) + "\n")


def _import(home: Path, text: str) -> None:
    assert not take(home, text).faults


def test_history_that_is_run_again_gives_the_same(line: Line) -> None:
    """Half of it from the archive, half from the journal: no reading, disposition or finding is otherwise."""
    start = Tail(line.journal).start()
    replayed = rehearse_replay(line.pipeline, _means(line), ALL, _quiet)

    assert start > 0
    assert replayed.heard["asked"] == line.ledger().kept
    assert replayed.difference.rows == []


def test_a_span_of_history_gives_the_same_after_a_warm_up(line: Line) -> None:
    """Rules hear what came before; a device alone gives what it gave among others."""
    asked = Asked(START_US + 8 * HOUR_US, START_US + 16 * HOUR_US)
    alone = replace(asked, devices=(_with_case(line),))

    assert rehearse_replay(line.pipeline, _means(line), asked, _quiet).difference.rows == []
    assert rehearse_replay(line.pipeline, _means(line), alone, _quiet).difference.rows == []


def test_applying_what_is_the_same_changes_nothing(line: Line) -> None:
    """No store is written to at all, and the rules go on where they were."""
    before, memory = line.outcome(), line.engine.snapshot()
    written: list[str] = []
    _fuse(line, lambda: written.append("once"))
    apply_replay(line.pipeline, _means(line), ALL, AT_US, _quiet)

    assert written == []
    assert line.outcome() == before
    assert line.engine.snapshot() == memory


def test_what_compaction_let_go_of_is_no_difference(line: Line) -> None:
    """A row that a newer frame has stated again is told by no diff, and does not come back."""
    telemetry = line.stores.telemetry
    stated = telemetry.query("SELECT * FROM water_rows ORDER BY frame LIMIT 1")
    (arrived,) = stated["received_at"].cast(pa.int64()).to_pylist()
    newer = stated.set_column(stated.schema.get_field_index("frame"), "frame", pa.array([line.pipeline.done]))
    rows = newer.cast(READINGS[Family.WATER]).combine_chunks().to_batches()[0]
    telemetry.write_again({Family.WATER: rows}, NO_STAYS, [0])
    telemetry.stretch_frames, telemetry_cursor = line.pipeline.done + 1, line.pipeline.done + 1
    telemetry.write({}, NO_STAYS, telemetry_cursor, telemetry_cursor)
    gone = telemetry.compact(telemetry_cursor)
    asked = replace(ALL, to_us=arrived + 1)
    replayed = rehearse_replay(line.pipeline, _means(line), asked, _quiet)

    assert gone == 1
    assert replayed.heard["asked"] > 0
    assert replayed.difference.rows == []


def test_a_stay_that_is_otherwise_is_told_and_mended(line: Line) -> None:
    """A departure that the stores have wrong is a line of the diff, then what history gives."""
    telemetry = line.stores.telemetry
    wanted = telemetry.query("SELECT * FROM session_rows ORDER BY ALL").to_pylist()
    stay = telemetry.query(
        "SELECT * FROM session_rows WHERE departed_at IS NOT NULL ORDER BY frame DESC LIMIT 1"
    )
    wrong = stay.set_column(stay.schema.get_field_index("asset"), "asset", pa.array(["elsewhere"]))
    rows = wrong.cast(SESSIONS).combine_chunks().to_batches()[0]
    telemetry.write_again({}, rows, [0])
    replayed = apply_replay(line.pipeline, _means(line), ALL, AT_US, _quiet)
    numbers = telemetry.query("SELECT count(*) AS n FROM again")["n"][0].as_py()

    assert _changes(replayed) == ["session_changed"]
    assert replayed.difference.rows[0]["was"][0] == "elsewhere"
    assert telemetry.query("SELECT * FROM session_rows ORDER BY ALL").to_pylist() == wanted
    assert numbers == 1  # no frame's readings were written again


def test_rows_that_frames_no_longer_give_go(line: Line) -> None:
    """A device that turns out to be another: readings go, frames are set aside, its case is void."""
    device = _water(line)
    _another_profile(line, device)
    asked = replace(ALL, devices=(device,))
    replayed = apply_replay(line.pipeline, _means(line), asked, AT_US, _quiet)
    rows = line.stores.telemetry.query("SELECT * FROM water_rows WHERE device = $1", [device]).num_rows
    points = line.stores.state.connection.execute("SELECT count(*) FROM unsaid_points").fetchone()

    assert set(_changes(replayed)) >= {"reading_removed", "frame"}
    assert rows == 0
    assert points[0] == _changes(replayed).count("reading_removed")
    assert line.ledger().difference == 0
    assert rehearse_replay(line.pipeline, _means(line), asked, _quiet).difference.rows == []


def test_findings_that_are_found_no_more_are_taken_back(line: Line) -> None:
    """Without the readings there is no episode: its case is void, and says why."""
    device = _with_case(line)
    _another_profile(line, device)
    replayed = apply_replay(line.pipeline, _means(line), replace(ALL, devices=(device,)), AT_US, _quiet)
    states = line.stores.state.connection.execute("SELECT state FROM cases WHERE device = ?", (device,))
    steps = line.stores.state.connection.execute(
        "SELECT step, reason FROM case_steps ORDER BY id DESC LIMIT 1"
    )

    assert "finding_removed" in _changes(replayed)
    assert {state for (state,) in states} == {"void"}
    assert steps.fetchone() == ("void", "retracted")


def _water(line: Line) -> str:
    device = line.stores.telemetry.query("SELECT device FROM water_rows ORDER BY frame LIMIT 1")
    return str(device["device"][0])


def test_the_registry_as_it_was_then_gives_what_was_given_then(line: Line) -> None:
    """Attributes that changed since are those of the time of arrival."""
    device = _water(line)
    _another_profile(line, device)
    with Registry(line.home, create=False) as registry:
        (turn_us,) = registry.turns_us()
        then = Fleet(registry.tables(at_us=turn_us - 1))
    replayed = rehearse_replay(line.pipeline, _means(line, lambda _: then), ALL, _quiet)

    assert replayed.difference.rows == []


def test_a_device_registered_late_gets_what_it_would_have_had(
    district: District, undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """Replayed once it is registered, the stores hold what an undisturbed run over the journal holds."""
    device = city().devices[0]
    register(tmp_path / "home", city(), without=[device])
    late = Line(tmp_path / "home", district.journal)
    late.run()
    late.close()
    register(tmp_path / "home", city())
    late = Line(tmp_path / "home", district.journal)
    late.run()
    means = _means(late)
    apply_replay(late.pipeline, means, ALL, AT_US, _quiet)
    found = late.outcome()
    late.close()

    for what in (
        "water_rows",
        "parking_rows",
        "lighting_rows",
        "session_rows",
        "quarantine",
        "dispositions",
        "ledger",
    ):
        assert found[what] == undisturbed[what], what
    assert _standing(found) == _standing(undisturbed)


def _standing(outcome: dict[str, object]) -> list[tuple[object, ...]]:
    """Give the newest version of each finding, and how its case stands."""
    findings = {row[0]: row for row in sorted(outcome["findings"])}  # type: ignore[call-overload]
    return sorted((name, row[1], row[10], row[11]) for name, row in findings.items())


def test_a_kill_at_any_step_is_made_good(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between any two stores and begun again, a replay leaves what an undisturbed one leaves."""
    outcomes: list[dict[str, object]] = []
    for steps in (None, *((1, 2, 3, 4, 5) if CHAOS else (4,))):
        home = tmp_path / f"home-{steps}"
        shutil.copytree(ran, home)
        line = Line(home, home / "journal")
        device = _water(line)
        _another_profile(line, device)
        asked = replace(ALL, devices=(device,))
        passed = count(1)

        def step(*_: object, passed: Iterator[int] = passed, steps: int | None = steps) -> None:
            if next(passed) == steps:
                raise Crash

        _fuse(line, step)
        try:
            apply_replay(line.pipeline, _means(line), asked, AT_US, _quiet)
        except Crash:
            line.close()
            line = Line(home, home / "journal")
            line.run()
            (noted,) = line.stores.state.connection.execute("SELECT count(*) FROM replays").fetchone()
            if noted:
                finish_replays(line.pipeline, _means(line), _quiet)
            else:  # killed before it was begun: nothing has happened
                apply_replay(line.pipeline, _means(line), asked, AT_US, _quiet)
        outcomes.append(line.outcome())
        line.close()

    for outcome in outcomes:
        assert {name: rows for name, rows in outcome.items() if rows != outcomes[0][name]} == {}


def test_a_killed_replay_is_ended_from_an_older_snapshot(ran: Path, tmp_path: Path) -> None:
    """The rules catch up with the stores first, as a start of the core begins."""
    home = tmp_path / "home"
    shutil.copytree(ran, home)
    line, passed = Line(home, home / "journal"), count(1)

    def step() -> None:
        if next(passed) == 4:
            raise Crash

    _fuse(line, step)
    device = _water(line)
    _another_profile(line, device)
    with pytest.raises(Crash):
        apply_replay(line.pipeline, _means(line), replace(ALL, devices=(device,)), AT_US, _quiet)
    line.stores.state.connection.execute("DELETE FROM snapshots")
    line.close()
    line = Line(home, home / "journal")
    behind = line.pipeline.done - line.pipeline.offset
    finish_replays(line.pipeline, _means(line), _quiet)
    (noted,) = line.stores.state.connection.execute("SELECT count(*) FROM replays").fetchone()
    line.close()

    assert behind > 0
    assert noted == 0


def _fuse(line: Line, step: Callable[[], None]) -> None:
    """Take a step before and after each store is written."""
    telemetry, quarantine = line.stores.telemetry, line.stores.quarantine
    replace_frames, put = telemetry.replace_frames, quarantine.replace

    def stored(*what: object) -> None:
        step()
        replace_frames(*what)  # type: ignore[arg-type]
        step()

    def set_aside(*what: object) -> None:
        put(*what)  # type: ignore[arg-type]
        step()

    telemetry.replace_frames = stored  # type: ignore[method-assign,assignment]
    quarantine.replace = set_aside  # type: ignore[method-assign,assignment]
    line.fuse.step = lambda name: step()  # type: ignore[method-assign]
