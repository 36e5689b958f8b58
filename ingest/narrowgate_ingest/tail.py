"""Reading the journal as it grows, from any offset, in any process.

What is damaged is set aside, reported and stepped over; the rows it held are named by their offsets.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from narrowgate_ingest.records import (
    SEGMENT_HEADER_BYTES,
    Damaged,
    Intact,
    Kind,
    check_segment_header,
    scan,
)
from narrowgate_ingest.segments import first_offsets, segment_path, set_aside
from narrowgate_ingest.watermark import Mark, Watermark

_CHUNK_BYTES = 4 << 20


@dataclass(frozen=True)
class Damage:
    """Journal bytes that could not be read, set aside in a file of their own."""

    segment: int
    position: int
    bytes_lost: int
    first_offset: int
    """Offset of the first row that is missing."""
    rows: int
    """Rows that are missing."""

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"journal segment {self.segment} byte {self.position}: {self.bytes_lost} bytes damaged and set "
            f"aside, {self.rows} rows missing from offset {self.first_offset}"
        )


@dataclass
class Chunk:
    """Rows in journal order, and where to read on."""

    next_offset: int
    records: list[tuple[Kind, pa.RecordBatch]] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    rows: int = 0
    frames_end: int = 0
    """Frames ever journalled up to `next_offset`, as far as this chunk tells."""


class Tail:
    """A reader of the journal in a directory; it writes nothing but `aside/`."""

    def __init__(self, directory: Path) -> None:
        """Open for reading; the directory must exist."""
        self.directory = directory
        self._watermark = Watermark(directory)
        self._place: tuple[int, int, int] | None = None
        """(offset, segment, position) where the last read stopped."""

    def mark(self) -> Mark | None:
        """Give how far the journal is durable; None before its first start."""
        return self._watermark.read()

    def start(self) -> int:
        """Give the lowest offset still held."""
        firsts = first_offsets(self.directory)
        return firsts[0] if firsts else 0

    def read(self, offset: int, max_rows: int) -> Chunk:
        """Give the records from an offset on, at least one if there is any, about `max_rows` rows.

        A record that holds `offset` in its middle is cut there. Rows trimmed before are passed over.
        """
        chunk = Chunk(offset)
        mark = self.mark()
        if mark is None or offset >= mark.end:
            return chunk
        for segment, length, following in self._segments(offset, mark):
            chunk.next_offset = max(chunk.next_offset, segment)
            self._read_segment(chunk, segment, length, following, max_rows)
            if chunk.rows >= max_rows:
                break
        return chunk

    def _segments(self, offset: int, mark: Mark) -> Iterator[tuple[int, int, int]]:
        """Yield (segment, durable bytes, offset of what follows) from the one that holds an offset."""
        firsts = [first for first in first_offsets(self.directory) if first <= mark.segment]
        start = max((i for i, first in enumerate(firsts) if first <= offset), default=0)
        for index in range(start, len(firsts)):
            segment = firsts[index]
            last = index + 1 == len(firsts)
            size = segment_path(self.directory, segment).stat().st_size
            yield segment, min(size, mark.position) if last else size, mark.end if last else firsts[index + 1]

    def _read_segment(self, chunk: Chunk, segment: int, length: int, following: int, max_rows: int) -> None:
        lost: list[Damaged] = []
        for item in self._items(chunk, segment, length):
            if isinstance(item, Damaged) or not _fits(item, segment, following):
                lost.append(_as_damage(item))
                continue
            if item.header.offset > chunk.next_offset:
                self._report(chunk, segment, lost, item.header.offset)
            lost.clear()
            if item.header.offset + item.header.rows > chunk.next_offset:
                self._take(chunk, segment, item)
            if chunk.rows >= max_rows:
                return
        if following > chunk.next_offset:
            self._report(chunk, segment, lost or [Damaged(length, length, None)], following)

    def _items(self, chunk: Chunk, segment: int, length: int) -> Iterator[Intact | Damaged]:
        position, size = self._position(chunk.next_offset, segment), _CHUNK_BYTES
        with segment_path(self.directory, segment).open("rb", buffering=0) as file:
            check_segment_header(os.pread(file.fileno(), SEGMENT_HEADER_BYTES, 0))
            while position < length:
                data = os.pread(file.fileno(), min(size, length - position), position)
                begin, more = position, position + len(data) < length
                for item in scan(data):
                    if isinstance(item, Damaged) and item.end == len(data) and more:
                        break  # perhaps only cut by the end of this read
                    position = begin + item.position + _length(item)
                    yield _moved(item, begin)
                size = size * 2 if position == begin else _CHUNK_BYTES
                if not data:
                    return

    def _position(self, offset: int, segment: int) -> int:
        if self._place is not None and self._place[:2] == (offset, segment):
            return self._place[2]
        return SEGMENT_HEADER_BYTES

    def _take(self, chunk: Chunk, segment: int, item: Intact) -> None:
        header = item.header
        batch = item.batch().slice(chunk.next_offset - header.offset)
        chunk.records.append((header.kind, batch))
        chunk.rows += batch.num_rows
        chunk.next_offset = header.offset + header.rows
        chunk.frames_end = header.frames_before + (header.rows if header.kind is Kind.UPLINKS else 0)
        self._place = (chunk.next_offset, segment, item.position + header.record_bytes)

    def _report(self, chunk: Chunk, segment: int, lost: list[Damaged], until: int) -> None:
        """Set the lost bytes aside and name the rows that are missing up to an offset."""
        start, end = lost[0].position, lost[-1].end
        if end > start:
            with segment_path(self.directory, segment).open("rb") as file:
                file.seek(start)
                set_aside(self.directory, segment, start, file.read(end - start))
        missing = until - chunk.next_offset
        chunk.damage.append(Damage(segment, start, end - start, chunk.next_offset, missing))
        chunk.next_offset = until


def _fits(item: Intact, segment: int, following: int) -> bool:
    """Tell whether a whole record can stand in this segment: what looks like one inside a payload cannot."""
    return segment <= item.header.offset and item.header.offset + item.header.rows <= following


def _as_damage(item: Intact | Damaged) -> Damaged:
    return item if isinstance(item, Damaged) else Damaged(item.position, item.position + _length(item), None)


def _length(item: Intact | Damaged) -> int:
    return item.end - item.position if isinstance(item, Damaged) else item.header.record_bytes


def _moved(item: Intact | Damaged, by: int) -> Intact | Damaged:
    if isinstance(item, Damaged):
        return Damaged(item.position + by, item.end + by, item.header)
    return Intact(item.position + by, item.header, item.payload)
