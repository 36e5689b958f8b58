"""What the journal promises when the disk, the power or another process fails it."""

import os
from pathlib import Path
from zlib import crc32

import pytest

from narrowgate_ingest import records, tail
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import SEGMENT_HEADER_BYTES, Kind
from narrowgate_ingest.segments import first_offsets, segment_path, trim
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.watermark import Watermark
from uplinks import tick_batch, uplink_batch


def keep(journal: Journal, *frames: bytes) -> int:
    """Append frames as one record and give the first one's offset."""
    (offset,) = journal.append([(Kind.UPLINKS, uplink_batch(frames))])
    return offset


def served(directory: Path, offset: int = 0) -> dict[int, bytes]:
    """Give the frames that a reader gets."""
    got: dict[int, bytes] = {}
    for kind, batch in Tail(directory).read(offset, 10**6).records:
        if kind is Kind.UPLINKS:
            got.update(zip(batch["frame"].to_pylist(), batch["payload"].to_pylist(), strict=True))
    return got


def fail(patch: pytest.MonkeyPatch, *names: str) -> None:
    """Let calls of the system fail."""

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    for name in names:
        patch.setattr(os, name, broken)


def test_no_entries_are_legal(tmp_path: Path) -> None:
    """Appending nothing gives no offset and writes nothing."""
    journal = Journal(tmp_path)

    assert journal.append([]) == []
    assert first_offsets(tmp_path) == []


def test_the_mark_moves_only_after_the_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rows are being synced no reader is told of them."""
    journal = Journal(tmp_path)
    keep(journal, b"a")
    told = []
    sync = os.fdatasync

    def watched(descriptor: int) -> None:
        mark = Watermark(tmp_path).read()
        told.append(mark.end if mark is not None else None)
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", watched)
    keep(journal, b"b", b"c")

    assert (told, journal.end) == ([1], 3)


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes a few bytes at a time gets them all in the end."""
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: write(fd, data[:11], at))
    keep(Journal(tmp_path), b"a" * 100, b"b")

    assert served(tmp_path) == {0: b"a" * 100, 1: b"b"}


def test_a_power_cut_without_watermark_and_older_segments_gives_no_offset_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty segment alone says where the journal stood: offsets and frames go on behind it."""
    journal = Journal(tmp_path, segment_bytes=1)
    keep(journal, b"a", b"b")
    journal.append([(Kind.TICKS, tick_batch(5))])
    with monkeypatch.context() as patch:
        fail(patch, "fdatasync")
        with pytest.raises(OSError, match="Input/output"):
            keep(journal, b"not kept")
    trim(tmp_path, journal.end, keep_bytes=0)
    journal.close()
    (tmp_path / "durable").unlink()
    again = Journal(tmp_path)

    assert first_offsets(tmp_path) == [3]
    assert (again.end, again.frames) == (3, 2)
    assert keep(again, b"c") == 3
    assert served(tmp_path) == {3: b"c"}


def test_rows_that_could_not_be_cut_away_are_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the sync fails and the cut too, what was refused stays refused, for all who come."""
    journal = Journal(tmp_path)
    keep(journal, b"a")
    with monkeypatch.context() as patch:
        fail(patch, "fdatasync", "ftruncate")
        with pytest.raises(OSError, match="Input/output"):
            keep(journal, b"refused")
    keep(journal, b"b")
    journal.close()
    again = Journal(tmp_path)
    keep(again, b"c")

    assert served(tmp_path) == {0: b"a", 1: b"b", 2: b"c"}
    assert Tail(tmp_path).read(0, 100).damage == []


def test_a_segment_that_cannot_be_made_is_made_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure at each step of making a segment loses nothing, and the next append goes on."""
    journal = Journal(tmp_path, segment_bytes=1)
    keep(journal, b"a")
    for name in ("open", "pwrite", "fsync"):
        with monkeypatch.context() as patch:
            fail(patch, name)
            with pytest.raises(OSError, match="Input/output"):
                keep(journal, b"refused")
    keep(journal, b"b")

    assert served(tmp_path) == {0: b"a", 1: b"b"}


def test_a_segment_half_made_at_a_power_cut_is_passed_over(tmp_path: Path) -> None:
    """What was not given its name yet is nobody's, and the next segment takes its place."""
    keep(Journal(tmp_path), b"a")
    (tmp_path / "unfinished").write_bytes(b"NGJ")
    (tmp_path / "12.seg").write_bytes(b"no segment's name")
    journal = Journal(tmp_path / "other")
    keep(journal, b"b")

    assert served(tmp_path) == {0: b"a"}
    assert not (tmp_path / "other" / "unfinished").exists()


def test_damage_in_the_segments_header_costs_no_row(tmp_path: Path) -> None:
    """At each byte of either copy: all rows are served, and a new writer goes on behind them."""
    journal = Journal(tmp_path)
    keep(journal, b"a")
    keep(journal, b"b")
    journal.close()
    path = segment_path(tmp_path, 0)
    data = path.read_bytes()
    for place in (*range(40), *range(SEGMENT_HEADER_BYTES - 40, SEGMENT_HEADER_BYTES)):
        broken = bytearray(data)
        broken[place] ^= 0x55
        path.write_bytes(broken)
        Journal(tmp_path).close()

        assert served(tmp_path) == {0: b"a", 1: b"b"}, place


@pytest.mark.parametrize("zeroed", [512, 4096, 8192])
def test_a_record_that_a_device_sent_is_none_with_the_first_sectors_zeroed(
    tmp_path: Path, zeroed: int
) -> None:
    """A frame that imitates a record of ticks is never served as one, whatever became of the header."""
    ticks = records.serialised(Kind.TICKS, tick_batch(4_102_444_800_000_000))
    header = records.Header(Kind.TICKS, len(ticks), 1, 0, 0, crc32(ticks))
    forged = records.encode(b"EVIL", header, ticks)
    journal = Journal(tmp_path)
    keep(journal, *(bytes(shift) + forged for shift in range(8)), bytes(6000) + forged)
    keep(journal, b"ok")
    journal.close()
    with segment_path(tmp_path, 0).open("r+b") as file:
        file.write(bytes(zeroed))
    chunk = Tail(tmp_path).read(0, 100)
    served = [kind for kind, _ in chunk.records]

    assert Kind.TICKS not in served
    assert (chunk.next_offset, chunk.rows + sum(damage.rows for damage in chunk.damage)) == (10, 10)
    assert bool(served) == (zeroed <= 4096)


def test_a_mark_without_any_segment_names_all_missing_and_goes_on(tmp_path: Path) -> None:
    """With all segments gone and the mark left, reader and writer go on behind what the mark tells of."""
    journal = Journal(tmp_path)
    keep(journal, b"a", b"b", b"c")
    journal.close()
    segment_path(tmp_path, 0).unlink()
    before = Tail(tmp_path).read(1, 100)
    keep(Journal(tmp_path), b"d")
    after = Tail(tmp_path).read(1, 100)

    assert [(d.first_offset, d.rows) for d in before.damage] == [(1, 2)]
    assert (before.next_offset, before.frames_end) == (3, 3)
    assert (served(tmp_path), after.next_offset) == ({3: b"d"}, 4)


def test_an_empty_directory_under_a_reader_is_no_loss(tmp_path: Path) -> None:
    """Where segments and mark are away together the reader is refused and nothing counts as lost."""
    journal = Journal(tmp_path / "journal")
    keep(journal, b"a")
    reader = Tail(tmp_path / "journal")
    reader.mark()
    (tmp_path / "journal").rename(tmp_path / "away")
    (tmp_path / "journal").mkdir()
    with pytest.raises(FileNotFoundError, match="neither a segment nor the mark"):
        reader.read(0, 10)
    (tmp_path / "journal").rmdir()
    (tmp_path / "away").rename(tmp_path / "journal")

    assert reader.read(0, 10).rows == 1


def test_a_reader_follows_a_mark_that_was_made_anew(tmp_path: Path) -> None:
    """Somebody removed the mark while a reader had it: the next writer's is read all the same."""
    keep(journal := Journal(tmp_path), b"a")
    journal.close()
    reader = Tail(tmp_path)
    reader.read(0, 10)
    (tmp_path / "durable").unlink()
    keep(Journal(tmp_path), b"b")

    assert reader.read(1, 10).rows == 1


def test_a_stale_mark_with_its_segment_trimmed_reads_nothing_yet(tmp_path: Path) -> None:
    """After a power cut, before the writer is up: what the mark does not reach is left, not lost."""
    journal = Journal(tmp_path, segment_bytes=1)
    keep(journal, b"a", b"b")
    stale = (tmp_path / "durable").read_bytes()
    keep(journal, b"c")
    trim(tmp_path, 2, keep_bytes=0)
    journal.close()
    (tmp_path / "durable").write_bytes(stale)
    chunk = Tail(tmp_path).read(1, 10)

    assert (chunk.rows, chunk.damage, chunk.next_offset) == (0, [], 1)


def test_a_lost_segment_in_the_middle_is_reported(tmp_path: Path) -> None:
    """Rows of a segment that somebody removed are named missing."""
    journal = Journal(tmp_path, segment_bytes=1)
    for frame in (b"a", b"b", b"c"):
        keep(journal, frame)
    segment_path(tmp_path, 1).unlink()
    chunk = Tail(tmp_path).read(0, 100)

    assert [(damage.first_offset, damage.rows) for damage in chunk.damage] == [(1, 1)]
    assert served(tmp_path) == {0: b"a", 2: b"c"}


def test_a_reader_may_start_before_the_first_writer(tmp_path: Path) -> None:
    """It reads nothing, makes nothing, and gets the rows once they are there."""
    reader = Tail(tmp_path)
    before = reader.read(0, 10)
    made = list(tmp_path.iterdir())
    keep(Journal(tmp_path), b"a")

    assert (before.rows, before.next_offset, made) == (0, 0, [])
    assert reader.read(0, 10).rows == 1


@pytest.mark.parametrize("offset", [-(2**62), -1, 0])
def test_offsets_before_the_start_read_from_the_start(tmp_path: Path, offset: int) -> None:
    """There is nothing before the first row."""
    keep(Journal(tmp_path), b"a")

    assert served(tmp_path, offset) == {0: b"a"}


@pytest.mark.parametrize("offset", [1, 2**62, 2**70])
def test_offsets_at_or_behind_the_end_read_nothing(tmp_path: Path, offset: int) -> None:
    """The chunk is empty and stands where it was asked for."""
    keep(Journal(tmp_path), b"a")
    chunk = Tail(tmp_path).read(offset, 10)

    assert (chunk.rows, chunk.next_offset, chunk.damage) == (0, offset, [])


def test_a_segment_trimmed_under_a_reader_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that listed a segment which is gone when it opens it reads on behind it."""
    journal = Journal(tmp_path, segment_bytes=1)
    for frame in (b"a", b"b", b"c"):
        keep(journal, frame)
    stale = first_offsets(tmp_path)
    monkeypatch.setattr(tail, "first_offsets", lambda _: stale)
    trim(tmp_path, 2, keep_bytes=0)
    chunk = Tail(tmp_path).read(0, 100)

    assert served(tmp_path) == {2: b"c"}
    assert chunk.damage == []


def test_a_record_that_was_being_written_again_is_no_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who read it half old and half new asks again; nothing is set aside."""
    journal = Journal(tmp_path)
    keep(journal, b"a")
    keep(journal, b"b")
    read, torn = os.pread, iter([True])

    def once_torn(descriptor: int, length: int, position: int) -> bytes:
        data = read(descriptor, length, position)
        is_torn = position == SEGMENT_HEADER_BYTES and next(torn, False)
        return data[:200] + bytes(8) + data[208:] if is_torn else data

    monkeypatch.setattr(os, "pread", once_torn)
    reader = Tail(tmp_path)
    with pytest.raises(BlockingIOError):
        reader.read(0, 100)
    chunk = reader.read(0, 100)

    assert (chunk.rows, chunk.damage, (tmp_path / "aside").exists()) == (2, [], False)


def test_a_batch_of_many_megabytes_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long batch is one append and many records; a reader holds no more than its share at once."""
    monkeypatch.setattr(records, "PIECE_BYTES", 20_000)
    monkeypatch.setattr(tail, "_MOST_BYTES", 50_000)
    journal = Journal(tmp_path)
    offset = keep(journal, *(bytes([n]) * 4000 for n in range(100)))
    reader = Tail(tmp_path)
    sizes, place = [], 0
    while (chunk := reader.read(place, 10**6)).rows:
        sizes.append(chunk.record_bytes)
        place = chunk.next_offset

    assert (offset, journal.end, place) == (0, 100, 100)
    assert max(sizes) < 80_000
    assert served(tmp_path, 99) == {99: b"\x63" * 4000}


def test_a_record_longer_than_a_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that does not fit the reader's buffer is read with a larger one, damage before it too."""
    monkeypatch.setattr(tail, "_CHUNK_BYTES", 512)
    journal = Journal(tmp_path)
    keep(journal, b"a" * 3000)
    keep(journal, b"b" * 9000)
    keep(journal, b"c")
    journal.close()
    with segment_path(tmp_path, 0).open("r+b") as file:
        file.seek(SEGMENT_HEADER_BYTES + 2)
        (was,) = file.read(1)
        file.seek(SEGMENT_HEADER_BYTES + 2)
        file.write(bytes([was ^ 0xFF]))

    assert served(tmp_path) == {1: b"b" * 9000, 2: b"c"}


def test_a_journal_that_cannot_be_opened_is_not_left_locked(tmp_path: Path) -> None:
    """A writer refused for the format leaves the journal to the next."""
    journal = Journal(tmp_path)
    keep(journal, b"a")
    journal.close()
    head = records.segment_header(records.SegmentHeader(b"abcd", 0, 0), version=9)
    with segment_path(tmp_path, 0).open("r+b") as file:
        file.write(head)
    for _ in range(2):
        with pytest.raises(ValueError, match="format version 9"):
            Journal(tmp_path)


def test_acknowledged_bytes_are_copied_aside_before_they_are_cut(tmp_path: Path) -> None:
    """With the last record damaged and the watermark lost its bytes are kept in `aside/`."""
    journal = Journal(tmp_path)
    keep(journal, b"a")
    keep(journal, b"precious")
    journal.close()
    path = segment_path(tmp_path, 0)
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    (tmp_path / "durable").unlink()
    Journal(tmp_path).close()
    (copy,) = (tmp_path / "aside").iterdir()

    assert b"precious" in copy.read_bytes()
    assert served(tmp_path) == {0: b"a"}


def test_a_torn_tail_that_nobody_was_told_of_leaves_no_copy(tmp_path: Path) -> None:
    """What was written but never acknowledged is cut without a trace."""
    journal = Journal(tmp_path)
    keep(journal, b"a")
    journal.close()
    with segment_path(tmp_path, 0).open("ab") as file:
        file.write(b"half a record")
    Journal(tmp_path).close()

    assert not (tmp_path / "aside").exists()
    assert served(tmp_path) == {0: b"a"}
