"""Erasure: no byte of a device is left, all others are as they were, whatever the instant of a kill."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest_line import START_US, Crash, District, Line, archived
from narrowgate_ingest import erasing, journal_erasing
from narrowgate_ingest.archive_files import Archived, parts_of
from narrowgate_ingest.erasing import Places, erase, finish_erasures
from narrowgate_ingest.history import History
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.refused_readings import RefusedReading, RefusedReadings
from narrowgate_ingest.self_check import SelfCheck
from narrowgate_ingest.tail import Tail
from narrowgate_schema.words import Family

CHAOS = bool(os.environ.get("NARROWGATE_CHAOS"))
"""Kill at every step there is; some of them otherwise."""
AT_US = START_US + 30 * 3_600_000_000


def _opened(home: Path) -> Line:
    return Line(home, home / "journal")


def _places(line: Line) -> Places:
    return Places(
        line.journal, line.home / "quarantine", line.home / "archive", further_stores=["influxdb a"]
    )


@pytest.fixture(scope="module")
def worn(district: District, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that worked a district's day off, archived it, and has a journal of its own."""
    home = district.home(tmp_path_factory.mktemp("erasing") / "home")
    shutil.copytree(district.journal, home / "journal", ignore=shutil.ignore_patterns("wake"))
    line = _opened(home)
    line.run()
    archived(line)
    refused = RefusedReadings(home / "quarantine")
    noted = [
        RefusedReading("influxdb a", 1, "water", device, "", 1, "no") for device in (_subject(line), "x")
    ]
    refused.put(noted)
    refused.close()
    line.close()
    return home


def _subject(line: Line) -> str:
    """Give the device with a case that is in the quarantine too, if there is one; else one with a case."""
    (device,) = line.stores.state.connection.execute(
        "SELECT device FROM cases ORDER BY id LIMIT 1"
    ).fetchone()
    return str(device)


@pytest.fixture
def line(worn: Path, tmp_path: Path) -> Iterator[Line]:
    """A copy of it."""
    shutil.copytree(worn, tmp_path / "home")
    opened = _opened(tmp_path / "home")
    yield opened
    opened.close()


def _bytes_of(home: Path) -> dict[str, bytes]:
    """Give the files of a home that are not the registry's."""
    files = (path for path in sorted(home.rglob("*")) if path.is_file())
    own = {path.relative_to(home).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in own.items() if not name.startswith(("registry/", "fleet.csv"))}


def _frames_of(line: Line, device: str) -> list[bytes]:
    """Give a device's payloads, as far as they are long enough to be told from others' bytes."""
    tail, found, offset = Tail(line.journal), [], 0
    while (chunk := tail.read(offset, 1 << 16)).next_offset > offset:
        offset = chunk.next_offset
        for kind, rows in chunk.records:
            if kind.name == "UPLINKS":
                found += [row["payload"] for row in rows.to_pylist() if row["claimed_device"] == device]
    return [payload for payload in found if len(payload) > 8]


def _of_others(line: Line, device: str) -> dict[str, object]:
    """Give all that the stores hold of other devices, and what is counted."""
    state, telemetry = line.stores.state.connection, line.stores.telemetry
    kept: dict[str, object] = {
        table: state.execute(f"SELECT * FROM {table} WHERE device <> ? ORDER BY 1, 2", (device,)).fetchall()  # noqa: S608
        for table in ("findings", "facts")
    }
    kept["cases"] = state.execute(
        "SELECT * FROM cases WHERE device <> ? AND device NOT LIKE 'erased-%'", (device,)
    ).fetchall()
    for table in (*(f"{family}_rows" for family in Family), "session_rows"):
        sql = f"SELECT * FROM {table} WHERE device <> $1 ORDER BY ALL"  # noqa: S608
        kept[table] = [tuple(row.values()) for row in telemetry.query(sql, [device]).to_pylist()]
    frames = line.stores.quarantine.frames(10_000)
    kept["quarantine"] = [frame for frame in frames if frame.device != device]
    kept["ledger"] = line.ledger()
    rows = []
    for kind, column in ((Archived.FRAMES, "claimed_device"), (Archived.READINGS, "device")):
        for part in parts_of(line.home / "archive", kind):
            rows += [row for row in pq.ParquetFile(part.path).read().to_pylist() if row[column] != device]
    kept["archive"] = sorted(map(str, rows))
    return kept


def _journal_rows(line: Line, device: str) -> list[dict[str, object]]:
    """Give the journal's rows of other devices."""
    tail, found, offset = Tail(line.journal), [], 0
    while (chunk := tail.read(offset, 1 << 16)).next_offset > offset:
        offset = chunk.next_offset
        assert not chunk.damage
        for _, rows in chunk.records:
            found += [row for row in rows.to_pylist() if row.get("claimed_device", "x") not in (device, "")]
    return found


def test_no_byte_of_a_device_is_left(line: Line) -> None:
    """Neither its name nor a frame of it stands in any file but the registry's and the note for stores."""
    device = _subject(line)
    frames = _frames_of(line, device)
    (line.home / "archive" / "unfinished" / "7.parquet").write_bytes(device.encode())  # a crash left it
    before = {name.split("/")[0] for name, data in _bytes_of(line.home).items() if device.encode() in data}
    erase(line.pipeline, _places(line), device, AT_US)
    line.stores.state.connection.execute("PRAGMA secure_delete = ON")
    line.stores.state.connection.execute("DELETE FROM unsaid")  # as the store does when it has deleted
    line.close()
    left = _bytes_of(line.home)
    named = [name for name, data in left.items() if device.encode() in data]
    telling = [name for name, data in left.items() if any(frame in data for frame in frames)]

    assert frames
    assert before >= {"journal", "archive", "quarantine", "telemetry.duckdb"}
    assert (named, telling) == ([], [])


def test_everything_of_other_devices_is_untouched(line: Line) -> None:
    """Rows of all stores, journal and archive are what they were, and the ledger balances as before."""
    device = _subject(line)
    before, journal = _of_others(line, device), _journal_rows(line, device)
    erase(line.pipeline, _places(line), device, AT_US)

    assert _of_others(line, device) == before
    assert _journal_rows(line, device) == journal


def test_the_self_check_is_silent_behind_an_erasure(line: Line) -> None:
    """Blanked rows are still the frames that were counted, also those that are set aside no more."""
    erase(line.pipeline, _places(line), "nobody-knows-it", AT_US)
    check = SelfCheck(Tail(line.journal), line.stores.state.reader, lambda *_: set())

    assert check.look(line.ledger()) == []


def test_the_receipt_counts_and_does_not_name(line: Line) -> None:
    """It says what went from where; cases stay as numbers."""
    device = _subject(line)
    cases = line.stores.state.connection.execute("SELECT count(*) FROM cases").fetchone()
    receipt = erase(line.pipeline, _places(line), device, AT_US)
    (kept,) = line.stores.state.connection.execute("SELECT told FROM receipts").fetchone()

    assert receipt["journal"]["frames"] > 0
    assert receipt["archive"]["rows"] >= receipt["journal"]["frames"]
    assert receipt["telemetry"]["rows"] > 0
    assert receipt["state"]["cases"] > 0
    assert receipt["quarantine"]["refused_readings"] == 1
    assert line.stores.state.connection.execute("SELECT count(*) FROM cases").fetchone() == cases
    assert device not in kept


def test_a_kill_at_any_step_is_made_good(
    line: Line, worn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between any two writes and begun again, an erasure leaves what an undisturbed one leaves."""
    device = _subject(line)
    erase(line.pipeline, _places(line), device, AT_US)
    wanted, journal = _of_others(line, device), _journal_rows(line, device)
    real = journal_erasing._write
    for limit in count(1) if CHAOS else (3, 12, 99):
        shutil.rmtree(tmp_path / "again", ignore_errors=True)
        shutil.copytree(worn, tmp_path / "again")
        passed = count(1)

        def step(_: object = "", passed: Iterator[int] = passed, limit: int = limit) -> None:
            if next(passed) == limit:
                raise Crash

        def torn(path: Path, pieces: list[tuple[int, bytes]]) -> None:
            real(path, [(place, data[: len(data) // 2]) for place, data in pieces])
            step()
            real(path, pieces)

        monkeypatch.setattr(journal_erasing, "_write", torn)
        killed = _opened(tmp_path / "again")
        try:
            erase(killed.pipeline, _places(killed), device, AT_US, step)
            died = False
        except Crash:
            died = True
        killed.close()
        monkeypatch.setattr(journal_erasing, "_write", real)
        Journal(tmp_path / "again" / "journal").close()  # the edge starts first
        after = _opened(tmp_path / "again")
        finish_erasures(after.pipeline, _places(after))
        found = _of_others(after, device), _journal_rows(after, device)
        named = after.stores.telemetry.query("SELECT * FROM water_rows WHERE device = $1", [device]).num_rows
        after.close()
        assert found == (wanted, journal)
        assert named == 0
        if not died:
            break

    assert limit > len(erasing._steps(line.pipeline, _places(line), device, erasing.Told())) + 2


def test_the_receipt_of_an_interrupted_erasure_says_what_went(
    line: Line, worn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed behind what a step took, before that is written down, it tells what an undisturbed one tells."""
    device = _subject(line)
    told = erase(line.pipeline, _places(line), device, AT_US)
    found = []
    for step in ("_journal", "_archive", "_quarantine", "_state"):
        shutil.copytree(worn, tmp_path / step)
        killed = _opened(tmp_path / step)
        real = getattr(erasing, step)

        def dies(*what: object, real: Callable[..., object] = real) -> object:
            counts = real(*what)
            if journal_erasing.count_rows in what:
                return counts
            raise Crash

        with monkeypatch.context() as patched:
            patched.setattr(erasing, step, dies)
            with pytest.raises(Crash):
                erase(killed.pipeline, _places(killed), device, AT_US)
        killed.close()
        again = _opened(tmp_path / step)
        found += finish_erasures(again.pipeline, _places(again))
        again.close()

    assert found == [told] * 4


def test_an_erasure_that_failed_is_done_anew_behind_rows_that_came_since(line: Line) -> None:
    """The core went on meanwhile: all steps are done once more, and the receipt counts both."""
    device = _subject(line)
    before = line.stores.telemetry.rows_from(device)

    def full(step: str) -> None:
        if step == "archive":
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        erase(line.pipeline, _places(line), device, AT_US, full)
    steps: list[str] = []
    (receipt,) = finish_erasures(line.pipeline, _places(line), steps.append)

    assert steps == list(erasing._steps(line.pipeline, _places(line), device, erasing.Told()))
    assert receipt["telemetry"]["rows"] == before > 0


@pytest.mark.parametrize("strange", [b"PAR1 half a file", b""], ids=["half", "empty"])
def test_nothing_is_begun_with_a_part_that_cannot_be_read(line: Line, strange: bytes) -> None:
    """The part is named, and the next start has nothing to go on with."""
    part = parts_of(line.home / "archive", Archived.READINGS)[0].path
    part.write_bytes(strange)
    with pytest.raises(ValueError, match=re.escape(str(part))):
        erase(line.pipeline, _places(line), _subject(line), AT_US)

    assert line.stores.state.connection.execute("SELECT * FROM erasures").fetchall() == []


def test_a_foreign_file_under_a_parts_name_is_named(line: Line) -> None:
    """A table without the columns of a part is none."""
    part = parts_of(line.home / "archive", Archived.FRAMES)[0].path
    pq.write_table(pa.table({"x": [1]}), part)
    with pytest.raises(ValueError, match=re.escape(str(part))):
        list(History(line.home / "archive", Tail(line.journal))._archived(0, 1000))
    with pytest.raises(ValueError, match=re.escape(str(part))):
        erase(line.pipeline, _places(line), _subject(line), AT_US)


def test_an_unknown_device_is_erased_from_the_quarantine(line: Line) -> None:
    """A device that nobody registered is in journal, archive and quarantine only."""
    receipt = erase(line.pipeline, _places(line), "nobody-knows-it", AT_US)

    assert receipt["quarantine"]["frames"] == receipt["journal"]["frames"] > 0
    assert receipt["telemetry"]["rows"] == 0


def test_the_rules_go_on_for_others(line: Line) -> None:
    """The pipeline takes what comes next; the snapshot that was kept is whole."""
    erase(line.pipeline, _places(line), _subject(line), AT_US)
    line.close()
    again = _opened(line.home)
    offset = again.pipeline.offset
    again.close()

    assert offset == line.pipeline.done
