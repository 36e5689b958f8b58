"""What the runner promises: it outlasts stores that fail, says so, and ends when told."""

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from ingest_line import Line, city, first_frames
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.quarantine import Refused
from narrowgate_ingest.records import Kind
from narrowgate_ingest.runner import Pace, Runner
from narrowgate_ingest.segments import first_offsets
from narrowgate_ingest.settlement import Prepared
from narrowgate_ingest.state import set_cursor
from narrowgate_schema.words import Family
from uplinks import uplink_batch

if TYPE_CHECKING:
    from ingest_line import District


def runner_of(
    line: Line, *, drain_s: float = 60.0, snapshot_every_s: float = 0.0, keep_bytes: int = 1 << 40
) -> Runner:
    """Give a runner over a line, with small batches."""
    pace = Pace(batch_rows=200, snapshot_every_s=snapshot_every_s, drain_s=drain_s, keep_bytes=keep_bytes)
    return Runner(line.pipeline, line.tail, pace)


class Failing:
    """A number of failures still to come, and what the runner said meanwhile."""

    def __init__(self, error: Exception, times: float) -> None:
        self.error, self.times = error, times
        self.runner: Runner | None = None
        self.said: list[str] = []

    def meet(self) -> None:
        """Fail, if it is time to."""
        if self.runner is not None:
            self.said.append(self.runner.trouble)
        if self.times > 0:
            self.times -= 1
            raise self.error


def break_store(line: Line, store: str, failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a store of a line fail before it writes."""
    telemetry, quarantine, state = line.stores.telemetry, line.stores.quarantine, line.stores.state
    write, put, transaction = telemetry.write, quarantine.put, state.transaction

    def failing_write(
        readings: Mapping[Family, pa.RecordBatch], sessions: pa.RecordBatch, start: int, until: int
    ) -> None:
        failing.meet()
        write(readings, sessions, start, until)

    def failing_put(frames: list[Refused], start: int, until: int) -> None:
        failing.meet()
        put(frames, start, until)

    def failing_transaction() -> object:
        failing.meet()
        return transaction()

    if store == "telemetry":
        monkeypatch.setattr(telemetry, "write", failing_write)
    elif store == "quarantine":
        monkeypatch.setattr(quarantine, "put", failing_put)
    else:
        monkeypatch.setattr(state, "transaction", failing_transaction)


def test_told_to_stop_it_drains_first(
    district: "District", undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """What is in the journal when the end is asked for is worked off, and a snapshot kept."""
    line = district.line(tmp_path / "home")
    runner = runner_of(line, snapshot_every_s=1e9)
    runner.stop()
    runner.run()
    outcome = line.outcome()
    line.close()
    again = Line(tmp_path / "home", district.journal)
    offset, end = again.pipeline.offset, again.tail.mark()
    again.close()

    assert outcome == undisturbed
    assert end is not None
    assert (runner.done, offset, runner.alive) == (end.end, end.end, False)


@pytest.mark.parametrize(
    ("store", "error"),
    [
        ("telemetry", duckdb.IOException("disk gone")),
        ("quarantine", sqlite3.OperationalError("database or disk is full")),
        ("state", sqlite3.OperationalError("disk I/O error")),
        ("state", OSError(28, "No space left on device")),
    ],
    ids=["telemetry", "quarantine", "state", "space"],
)
def test_a_store_that_fails_for_a_while_loses_nothing(
    district: "District",
    undisturbed: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    store: str,
    error: Exception,
) -> None:
    """The batch is written again until it succeeds; meanwhile the trouble is told, afterwards it is not."""
    line = district.line(tmp_path / "home")
    failing = Failing(error, 3)
    break_store(line, store, failing, monkeypatch)
    failing.runner = runner = runner_of(line)
    runner.stop()
    runner.run()
    outcome = line.outcome()
    line.close()

    assert outcome == undisturbed
    assert all(str(error) in said for said in failing.said[1:4])
    assert (failing.said[0], failing.said[-1], runner.trouble) == ("", "", "")


def test_it_gives_up_when_its_time_to_drain_is_over(
    district: "District",
    undisturbed: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a store that stays dead it ends in time and says why; the next start does what is left."""
    line = district.line(tmp_path / "home")
    with monkeypatch.context() as patch:
        break_store(line, "state", Failing(OSError(28, "No space left on device"), float("inf")), patch)
        runner = runner_of(line, drain_s=0.4)
        runner.stop()
        began = time.monotonic()
        runner.run()
    took_s = time.monotonic() - began
    line.close()
    again = Line(tmp_path / "home", district.journal)
    again.run()

    assert took_s < 100
    assert (runner.done, "No space left" in runner.trouble) == (0, True)
    assert again.outcome() == undisturbed
    again.close()


def test_nothing_is_written_behind_a_batch_that_was_not(
    district: "District",
    undisturbed: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A store that comes back in the last moment is not given the batch behind the one it refused."""
    line = district.line(tmp_path / "home")
    write = line.pipeline.write

    def first_refused(prepared: Prepared, *, with_snapshot: bool) -> None:
        if prepared.batch.start == 0:
            raise OSError(28, "No space left on device")
        write(prepared, with_snapshot=with_snapshot)

    with monkeypatch.context() as patch:
        patch.setattr(line.pipeline, "write", first_refused)
        runner = runner_of(line, drain_s=0.2)
        runner.stop()
        runner.run()
    done = runner.done
    line.close()
    again = Line(tmp_path / "home", district.journal)
    again.run()

    assert done == 0
    assert again.outcome() == undisturbed
    again.close()


def test_it_works_on_while_the_journal_grows(district: "District", tmp_path: Path) -> None:
    """A running pipeline takes what is appended, woken by the writer, until it is stopped."""
    journal = Journal(tmp_path / "journal")
    line = Line(district.home(tmp_path / "home"), tmp_path / "journal")
    reached = threading.Event()
    line.fuse.passed = Reaching(reached, "after the commit", 5)
    runner = runner_of(line, snapshot_every_s=1e9)
    thread = threading.Thread(target=runner.run)
    thread.start()
    meter = city().devices[0]
    frames = first_frames(city(), meter, 5)
    for frame in frames:
        batch = uplink_batch([frame], devices=[meter], received_at_us=[1_772_400_000_000_000])
        journal.append([(Kind.UPLINKS, batch)])
        line.fuse.passed.appended.wait(100)
        line.fuse.passed.appended.clear()
    assert reached.wait(100)
    runner.stop()
    thread.join(100)

    assert (runner.done, runner.trouble) == (5, "")
    line.close()


class Reaching(list[str]):
    """A list of passed steps that tells when one was passed so many times."""

    def __init__(self, reached: threading.Event, name: str, times: int) -> None:
        super().__init__()
        self.appended = threading.Event()
        self._reached, self._name, self._times = reached, name, times

    def append(self, name: str) -> None:
        """Take a step's name."""
        super().append(name)
        if name == self._name:
            self.appended.set()
        if self.count(self._name) >= self._times:
            self._reached.set()


def test_the_journal_is_trimmed_under_load(tmp_path: Path, district: "District") -> None:
    """Segments go as soon as a snapshot lies behind them, not only when there is nothing to do."""
    journal = Journal(tmp_path / "journal", segment_bytes=20_000)
    for number in range(30):
        frames = [bytes([number, n]) for n in range(100)]
        journal.append([(Kind.UPLINKS, uplink_batch(frames))])
    line = Line(district.home(tmp_path / "home"), tmp_path / "journal")
    held: list[int] = []
    keep = line.pipeline.trim

    def watched(keep_bytes: int) -> int:
        removed = keep(keep_bytes)
        held.append(len(first_offsets(tmp_path / "journal")))
        return removed

    line.pipeline.trim = watched  # type: ignore[method-assign]
    runner = runner_of(line, keep_bytes=0)
    runner.stop()
    runner.run()
    line.close()

    assert len(held) >= 10
    assert held[0] > held[5] > held[-1]


def test_another_journal_than_the_states_is_told(district: "District", tmp_path: Path) -> None:
    """A journal that ends before what the state has seen is not read as if it went on."""
    line = Line(district.home(tmp_path / "home"), district.journal)
    with line.stores.state.transaction() as connection:
        set_cursor(connection, "pipeline", 10**9)
    line.close()
    line = Line(tmp_path / "home", district.journal)
    runner = runner_of(line, drain_s=0.2)
    runner.stop()
    runner.run()
    line.close()

    assert "it is another one, or lost its end" in runner.trouble
    assert runner.done == 10**9


def test_a_damaged_registry_leaves_the_last_good_one_at_work(
    district: "District", undisturbed: dict[str, object], tmp_path: Path
) -> None:
    """A newer registry that cannot be read is told as trouble; frames are decoded with the one before."""
    line = district.line(tmp_path / "home")
    (tmp_path / "home" / "registry" / "current").write_text("no snapshot")
    runner = runner_of(line)
    runner.stop()
    runner.run()
    outcome = line.outcome()
    line.close()

    assert outcome == undisturbed
    assert "names no snapshot" in runner.trouble


def test_a_fault_of_ours_is_told_before_the_thread_ends(
    district: "District", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody expected ends the pipeline, and its readiness says so."""
    line = district.line(tmp_path / "home")
    break_store(line, "state", Failing(ZeroDivisionError("a fault"), 1), monkeypatch)
    runner = runner_of(line)
    with pytest.raises(ZeroDivisionError):
        runner.run()
    line.close()

    assert (runner.alive, runner.trouble) == (False, "the pipeline ended: ZeroDivisionError: a fault")


def test_a_trouble_is_said_once_when_it_begins_and_once_when_it_is_over(
    district: "District", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """However often a batch is tried again, the log has two lines."""
    line = district.line(tmp_path / "home")
    break_store(line, "state", Failing(sqlite3.OperationalError("disk I/O error"), 3), monkeypatch)
    runner = runner_of(line)
    runner.stop()
    with caplog.at_level(logging.WARNING):
        runner.run()
    line.close()

    assert caplog.messages == ["OperationalError: disk I/O error", "over: OperationalError: disk I/O error"]


def test_a_registry_that_is_not_used_is_said_once(
    district: "District", tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged registry is met at every batch and said at the first."""
    line = district.line(tmp_path / "home")
    (tmp_path / "home" / "registry" / "current").write_text("no snapshot")
    runner = runner_of(line)
    runner.stop()
    with caplog.at_level(logging.WARNING):
        runner.run()
    line.close()

    assert caplog.messages == [runner.trouble]


def test_an_errand_that_meets_a_fault_of_ours_is_answered(district: "District", tmp_path: Path) -> None:
    """Who asked is told that the pipeline ended, and it does end."""
    line = district.line(tmp_path / "home")
    runner = runner_of(line)
    asked = runner.ask(lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        runner.run()
    line.close()

    with pytest.raises(RuntimeError, match="ended the pipeline"):
        asked.result(0)


def test_an_errand_that_meets_a_strange_table_ends_nothing(district: "District", tmp_path: Path) -> None:
    """Who asked is told what is wrong with it; live frames go on."""
    line = district.line(tmp_path / "home")
    runner = runner_of(line)
    asked = runner.ask(lambda _: pa.array([1]).cast(pa.list_(pa.date32())))
    runner.stop()
    runner.run()
    line.close()

    assert isinstance(asked.exception(0), pa.ArrowNotImplementedError)
    assert runner.trouble == ""


def test_repeated_keys_do_not_pile_up(district: "District", tmp_path: Path) -> None:
    """A running pipeline lets go of rows that newer frames have stated again; readers see the same."""
    home = district.home(tmp_path / "home")
    journal = Journal(tmp_path / "journal")
    sent = (e for step in city().steps(600) for e in step.emissions if e.time_us is None)
    clockless = next(sent)
    for _ in range(40):
        # Dated by its arrival: the same instant is the same key.
        batch = uplink_batch([clockless.payload], devices=[clockless.device])
        journal.append([(Kind.UPLINKS, batch)])
    journal.close()
    counts, views = [], []
    for stretch in (1 << 16, 4):
        line = Line(shutil.copytree(home, tmp_path / str(stretch)), tmp_path / "journal")
        line.stores.telemetry.stretch_frames = stretch
        pace = Pace(batch_rows=4, snapshot_every_s=0.0, drain_s=60.0, keep_bytes=1 << 40)
        runner = Runner(line.pipeline, line.tail, pace)
        runner.stop()
        runner.run()
        ask = line.stores.telemetry.query
        counts.append(sum(ask(f"SELECT frame FROM {family}_rows").num_rows for family in Family))  # noqa: S608
        views.append([ask(f"SELECT * FROM {family} ORDER BY ALL").to_pylist() for family in Family])  # noqa: S608
        line.close()

    assert views[0] == views[1]
    assert counts == [40, 1]
