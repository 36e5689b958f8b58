"""What the journal promises: kept rows come back in order, whoever dies and whatever breaks."""

import multiprocessing
import os
import random
import shutil
import signal
from pathlib import Path

import pyarrow as pa
import pytest

from narrowgate_ingest.journal import Journal, JournalLocked
from narrowgate_ingest.records import (
    HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    Intact,
    Kind,
    SegmentHeader,
    brand_of,
    scan,
    segment_header,
)
from narrowgate_ingest.segments import first_offsets, segment_path, trim
from narrowgate_ingest.tail import Chunk, Tail
from uplinks import tick_batch, uplink_batch


def payloads(chunk: Chunk) -> dict[int, bytes]:
    """Give the payload at each offset of the frames in a chunk."""
    kept: dict[int, bytes] = {}
    for kind, batch in chunk.records:
        if kind is Kind.UPLINKS:
            kept.update(zip(batch["frame"].to_pylist(), batch["payload"].to_pylist(), strict=True))
    return kept


def filled(directory: Path, records: int, *, segment_bytes: int = 64 << 20) -> dict[int, bytes]:
    """Fill a journal with records of three frames and give what it holds."""
    journal = Journal(directory, segment_bytes=segment_bytes)
    held: dict[int, bytes] = {}
    for i in range(records):
        frames = [f"frame {i}.{k}".encode() for k in range(3)]
        (offset,) = journal.append([(Kind.UPLINKS, uplink_batch(frames))])
        held.update({offset + k: frame for k, frame in enumerate(frames)})
    journal.close()
    return held


def test_rows_come_back_in_order_with_their_offsets(tmp_path: Path) -> None:
    """What was appended is read back in order, across kinds and segments."""
    held = filled(tmp_path, 40, segment_bytes=10_000)

    assert len(first_offsets(tmp_path)) > 3
    assert held == payloads(Tail(tmp_path).read(0, 10_000))


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Small reads one after another give every row once."""
    held = filled(tmp_path, 40, segment_bytes=10_000)
    tail, offset = Tail(tmp_path), 0
    seen: list[tuple[int, bytes]] = []
    while (chunk := tail.read(offset, 7)).rows:
        seen.extend(payloads(chunk).items())
        offset = chunk.next_offset

    assert list(held.items()) == seen


def test_reading_may_start_inside_a_record(tmp_path: Path) -> None:
    """An offset in the middle of a record gives the rows from there on."""
    held = filled(tmp_path, 3)

    assert {o: p for o, p in held.items() if o >= 4} == payloads(Tail(tmp_path).read(4, 100))


def test_ticks_take_offsets_but_are_no_frames(tmp_path: Path) -> None:
    """A tick lies in journal order between frames and is not counted as one."""
    journal = Journal(tmp_path)
    offsets = journal.append([(Kind.UPLINKS, uplink_batch([b"a"])), (Kind.TICKS, tick_batch(5))])

    assert (offsets, journal.end, journal.frames) == ([0, 1], 2, 1)


def test_an_empty_batch_is_misuse(tmp_path: Path) -> None:
    """Appending no rows raises: there is no offset to give."""
    with pytest.raises(ValueError, match="empty"):
        Journal(tmp_path).append([(Kind.UPLINKS, uplink_batch([]))])


def test_a_batch_of_another_schema_is_misuse(tmp_path: Path) -> None:
    """Appending rows of another schema raises and keeps nothing."""
    with pytest.raises(ValueError, match="record holds"):
        Journal(tmp_path).append([(Kind.UPLINKS, pa.record_batch({"x": [1]}))])


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """One process writes a journal; the next is told so."""
    first = Journal(tmp_path)
    with pytest.raises(JournalLocked):
        Journal(tmp_path)
    first.close()


def test_a_torn_tail_is_cut_and_its_offsets_never_given_again_if_seen(tmp_path: Path) -> None:
    """A record that was published but cut off is named missing; new rows get new offsets."""
    filled(tmp_path, 3)
    path = segment_path(tmp_path, 0)
    os.truncate(path, path.stat().st_size - 8)
    journal = Journal(tmp_path)
    (offset,) = journal.append([(Kind.UPLINKS, uplink_batch([b"new"]))])
    chunk = Tail(tmp_path).read(0, 100)

    assert (offset, sum(d.rows for d in chunk.damage), chunk.damage[0].first_offset) == (9, 3, 6)
    assert payloads(chunk)[9] == b"new"


def test_frames_are_counted_on_after_a_reopening(tmp_path: Path) -> None:
    """The number of frames ever journalled survives a restart."""
    filled(tmp_path, 4)
    journal = Journal(tmp_path)

    assert (journal.frames, journal.end) == (12, 12)


def test_a_failed_sync_keeps_nothing_and_the_next_append_starts_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows whose sync failed are not served; later ones are."""
    journal = Journal(tmp_path)
    journal.append([(Kind.UPLINKS, uplink_batch([b"kept"]))])
    with monkeypatch.context() as patch:

        def broken(_: int) -> None:
            raise OSError(5, "Input/output error")

        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(OSError, match="Input/output"):
            journal.append([(Kind.UPLINKS, uplink_batch([b"lost"]))])
    journal.append([(Kind.UPLINKS, uplink_batch([b"after"]))])

    assert list(payloads(Tail(tmp_path).read(0, 10)).values()) == [b"kept", b"after"]


def test_trimming_keeps_what_a_reader_still_needs(tmp_path: Path) -> None:
    """Only whole segments before the offset go, and never more than the share allows."""
    held = filled(tmp_path, 40, segment_bytes=10_000)
    needed = first_offsets(tmp_path)[2] + 1
    removed = trim(tmp_path, needed, keep_bytes=0)

    assert removed == 2
    assert {o: p for o, p in held.items() if o >= needed} == payloads(Tail(tmp_path).read(needed, 1000))
    assert trim(tmp_path, 10**9, keep_bytes=10**9) == 0


def test_reading_from_before_the_trim_passes_over_what_is_gone(tmp_path: Path) -> None:
    """Rows trimmed away are no damage."""
    filled(tmp_path, 40, segment_bytes=10_000)
    trim(tmp_path, 30, keep_bytes=0)
    chunk = Tail(tmp_path).read(0, 1000)

    assert ([], first_offsets(tmp_path)[0]) == (chunk.damage, min(payloads(chunk)))


def test_another_format_version_is_refused_in_words(tmp_path: Path) -> None:
    """A journal of another release names both versions."""
    filled(tmp_path, 1)
    with segment_path(tmp_path, 0).open("r+b") as file:
        file.write(segment_header(SegmentHeader(b"abcd", 0, 0), version=9))

    with pytest.raises(ValueError, match="format version 9"):
        Journal(tmp_path)


def intact_records(data: bytes) -> list[Intact]:
    """Give the whole records of a segment's bytes."""
    return [item for item in scan(data, brand_of(data), SEGMENT_HEADER_BYTES) if isinstance(item, Intact)]


def test_a_flipped_bit_anywhere_in_the_last_4_kb_loses_only_its_record(tmp_path: Path) -> None:
    """At each byte of the last 4 KB: intact records are served, the others named with their rows."""
    held = filled(tmp_path, 5)
    path = segment_path(tmp_path, 0)
    data = path.read_bytes()
    spans = [
        (r.position, r.position + HEADER_BYTES + r.header.payload_bytes, r) for r in intact_records(data)
    ]
    rng = random.Random(4096)
    for place in range(max(0, len(data) - 4096), len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << rng.randrange(8)
        path.write_bytes(broken)
        lost = {r.header.offset + k for start, end, r in spans if start <= place < end for k in range(3)}
        chunk = Tail(tmp_path).read(0, 1000)

        assert {o: p for o, p in held.items() if o not in lost} == payloads(chunk), place
        assert len(lost) == sum(d.rows for d in chunk.damage), place
        assert chunk.next_offset == len(held), place


def test_a_cut_anywhere_in_the_last_4_kb_loses_only_what_is_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each byte of the last 4 KB: what lies before a cut is served, by reader and by a new writer."""
    for name in ("fsync", "fdatasync"):  # 4096 journals: their bytes matter here, not the disk
        monkeypatch.setattr(os, name, lambda _: None)
    pristine = tmp_path / "pristine"
    held = filled(pristine, 5)
    data = segment_path(pristine, 0).read_bytes()
    ends = [(r.position + r.header.record_bytes, r.header.offset + 3) for r in intact_records(data)]
    work = tmp_path / "work"
    work.mkdir()
    for place in range(max(0, len(data) - 4096), len(data)):
        for old in work.glob("*.seg"):
            old.unlink()
        shutil.copy(pristine / "durable", work)
        segment_path(work, 0).write_bytes(data[:place])
        whole = max((offset for end, offset in ends if end <= place), default=0)
        before = Tail(work).read(0, 1000)
        journal = Journal(work)
        (offset,) = journal.append([(Kind.UPLINKS, uplink_batch([b"next"]))])
        journal.close()
        after = Tail(work).read(0, 1000)

        assert {o: p for o, p in held.items() if o < whole} == payloads(before), place
        assert len(held) - whole == sum(d.rows for d in before.damage), place
        assert payloads(before) | {offset: b"next"} == payloads(after), place
        assert offset == len(held), place


def _append_until_killed(directory: Path, ready: "multiprocessing.connection.Connection") -> None:
    journal = Journal(directory, segment_bytes=200_000)
    number = 0
    while True:
        journal.append([(Kind.UPLINKS, uplink_batch([number.to_bytes(8, "big") * 20]))])
        number += 1
        ready.send(number)


@pytest.mark.parametrize("seed", range(6))
def test_a_writer_killed_at_any_instant_leaves_all_that_it_confirmed(tmp_path: Path, seed: int) -> None:
    """Every confirmed row is there after kill -9, in order and once."""
    rng = random.Random(seed)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_append_until_killed, args=(tmp_path, theirs))
    process.start()
    wanted, confirmed = rng.randrange(20, 600), 0
    while confirmed < wanted:
        confirmed = ours.recv()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    while ours.poll():
        try:
            confirmed = ours.recv()
        except EOFError:
            break
    Journal(tmp_path).close()
    numbers = [int.from_bytes(p[:8], "big") for p in payloads(Tail(tmp_path).read(0, 10**6)).values()]

    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= confirmed
