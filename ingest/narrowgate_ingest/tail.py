"""Reading the journal as it grows, from any offset, in any process.

What is damaged is set aside, reported and stepped over; the rows it held are named by their offsets.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from errno import EAGAIN
from io import FileIO
from pathlib import Path

import pyarrow as pa

from narrowgate_ingest.records import (
    SEGMENT_HEADER_BYTES,
    Damaged,
    Intact,
    Kind,
    brand_of,
    scan,
)
from narrowgate_ingest.segments import ERASING, first_offsets, segment_path, set_aside
from narrowgate_ingest.watermark import Mark, Watermark

_CHUNK_BYTES = 4 << 20
_MOST_BYTES = 32 << 20
"""A chunk ends at the first record beyond this, however few rows it has."""


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
    record_bytes: int = 0
    frames_end: int = 0
    """Frames ever journalled up to `next_offset`, as far as this chunk tells."""
    brands: dict[int, bytes] = field(default_factory=dict)
    """Of the segments that were read, by their first offsets; empty bytes where damage took it."""

    def is_full(self, max_rows: int) -> bool:
        """Tell whether a reader that wants so many rows has enough."""
        return self.rows >= max_rows or self.record_bytes >= _MOST_BYTES


@dataclass(frozen=True)
class _Segment:
    """One segment as a reader found it."""

    first: int
    length: int
    """Durable bytes [B]."""
    following: int
    """Offset of what comes behind it."""


class Tail:
    """A reader of the journal in a directory; it writes nothing but `aside/`.

    It may be opened before the journal's first start; it then reads nothing until there is something.
    """

    def __init__(self, directory: Path) -> None:
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

        Raises:
            OSError: a segment cannot be read, or damaged bytes cannot be set aside.
            ValueError: another format version wrote a segment.
        """
        chunk = Chunk(offset)
        mark = self.mark()
        if mark is None or offset >= mark.end:
            return chunk
        firsts = first_offsets(self.directory)
        if not firsts:
            return self._all_lost(chunk, mark)
        for segment in self._segments(firsts, offset, mark):
            chunk.next_offset = max(chunk.next_offset, segment.first)
            try:
                with segment_path(self.directory, segment.first).open("rb", buffering=0) as file:
                    self._read_segment(chunk, segment, file, max_rows)
            except FileNotFoundError:  # trimmed just now
                chunk.next_offset = max(chunk.next_offset, segment.following)
            if chunk.is_full(max_rows):
                break
        return chunk

    def _all_lost(self, chunk: Chunk, mark: Mark) -> Chunk:
        """Name all up to the mark as missing: it stands there and tells of rows, the segments are gone."""
        if not self._watermark.is_there():
            # Nothing is: rather a volume that is not mounted than a journal that lost its rows.
            raise FileNotFoundError("there is neither a segment nor the mark of one")
        chunk.damage.append(Damage(mark.segment, 0, 0, chunk.next_offset, mark.end - chunk.next_offset))
        chunk.next_offset, chunk.frames_end = mark.end, mark.frames
        return chunk

    def _segments(self, firsts: list[int], offset: int, mark: Mark) -> Iterator[_Segment]:
        """Yield the segments from the one that holds an offset."""
        firsts = [first for first in firsts if first <= mark.segment]
        if not firsts:  # a mark from before a power cut: the writer is about to set it anew
            return
        start = max((i for i, first in enumerate(firsts) if first <= offset), default=0)
        for first, following in zip(firsts[start:], [*firsts[start + 1 :], mark.end], strict=True):
            try:
                size = segment_path(self.directory, first).stat().st_size
            except FileNotFoundError:  # trimmed just now
                continue
            is_last = first == mark.segment
            yield _Segment(first, min(size, mark.position) if is_last else size, following)

    def _read_segment(self, chunk: Chunk, segment: _Segment, file: FileIO, max_rows: int) -> None:
        lost: list[Damaged] = []
        for item in self._items(chunk, segment, file):
            if isinstance(item, Damaged) or not _fits(item, segment):
                lost.append(_as_damage(item))
                continue
            if item.header.offset > chunk.next_offset:
                nothing = Damaged(item.position, item.position, None)
                self._report(chunk, segment, file, lost or [nothing], item.header.offset)
            lost.clear()
            if item.header.end > chunk.next_offset:
                self._take(chunk, segment, item)
            if chunk.is_full(max_rows):
                return
        if segment.following > chunk.next_offset:
            nothing = Damaged(segment.length, segment.length, None)
            self._report(chunk, segment, file, lost or [nothing], segment.following)

    def _items(self, chunk: Chunk, segment: _Segment, file: FileIO) -> Iterator[Intact | Damaged]:
        position, size = self._position(chunk.next_offset, segment.first), _CHUNK_BYTES
        brand = brand_of(os.pread(file.fileno(), SEGMENT_HEADER_BYTES, 0))
        chunk.brands[segment.first] = brand
        while position < segment.length:
            data = os.pread(file.fileno(), min(size, segment.length - position), position)
            begin, more = position, position + len(data) < segment.length
            for item in scan(data, brand):
                if isinstance(item, Damaged) and item.end == len(data) and more:
                    break  # perhaps only cut by the end of this read
                position = begin + item.position + _length(item)
                yield _moved(item, begin)
            size = size * 2 if position == begin else _CHUNK_BYTES
            if not data:
                return

    def _position(self, offset: int, segment: int) -> int:
        place = self._place
        if place is not None and place[:2] == (offset, segment):
            return place[2]
        return SEGMENT_HEADER_BYTES

    def _take(self, chunk: Chunk, segment: _Segment, item: Intact) -> None:
        header = item.header
        batch = item.batch().slice(chunk.next_offset - header.offset)
        chunk.records.append((header.kind, batch))
        chunk.rows += batch.num_rows
        chunk.record_bytes += header.record_bytes
        chunk.next_offset = header.end
        chunk.frames_end = header.frames_end
        self._place = (header.end, segment.first, item.position + header.record_bytes)

    def _report(self, chunk: Chunk, segment: _Segment, file: FileIO, lost: list[Damaged], until: int) -> None:
        """Set the lost bytes aside and name the rows that are missing up to an offset."""
        start, end = lost[0].position, lost[-1].end
        data = os.pread(file.fileno(), end - start, start)
        if (self.directory / ERASING).exists() or _is_whole(data, chunk.brands[segment.first], segment):
            raise BlockingIOError(EAGAIN, "bytes of it are being erased", str(self.directory))
        if data:
            set_aside(self.directory, segment.first, start, data)
        missing = until - chunk.next_offset
        chunk.damage.append(Damage(segment.first, start, end - start, chunk.next_offset, missing))
        chunk.next_offset = until


def _fits(item: Intact, segment: _Segment) -> bool:
    """Tell whether a record's rows are this segment's: those of a cut that failed are the next one's."""
    return segment.first <= item.header.offset and item.header.end <= segment.following


def _is_whole(data: bytes, brand: bytes, segment: _Segment) -> bool:
    """Tell whether bytes that were damaged when they were read hold a record by now: it was being written."""
    return any(isinstance(item, Intact) and _fits(item, segment) for item in scan(data, brand))


def _as_damage(item: Intact | Damaged) -> Damaged:
    return item if isinstance(item, Damaged) else Damaged(item.position, item.position + _length(item), None)


def _length(item: Intact | Damaged) -> int:
    return item.end - item.position if isinstance(item, Damaged) else item.header.record_bytes


def _moved(item: Intact | Damaged, by: int) -> Intact | Damaged:
    if isinstance(item, Damaged):
        return Damaged(item.position + by, item.end + by, item.header)
    return Intact(item.position + by, item.header, item.payload)
