"""The journal: what was acknowledged, on disk before it was.

Rule 1: `append` returns only after the rows are synced; nobody is answered before.
Rule 2: an offset that a reader may have seen is never given to another row.
Rule 3: after a failed write or sync the file is not trusted: the next append starts a new segment.
Rule 4: damaged bytes are copied aside before they are cut.
"""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from narrowgate_ingest.records import (
    SEGMENT_HEADER_BYTES,
    Intact,
    Kind,
    check_segment_header,
    encode,
    scan,
)
from narrowgate_ingest.segments import create_segment, first_offsets, segment_path, set_aside
from narrowgate_ingest.wake import Bell
from narrowgate_ingest.watermark import Mark, Watermark

DEFAULT_SEGMENT_BYTES = 64 << 20


class JournalLocked(Exception):
    """Another process writes this journal."""


class Journal:
    """The one writer of a directory of segment files."""

    def __init__(self, directory: Path, *, segment_bytes: int = DEFAULT_SEGMENT_BYTES) -> None:
        """Open the journal for appending, mending what a crash left.

        Raises:
            JournalLocked: another process has it open for appending.
            OSError: the directory cannot be written.
            ValueError: another format version wrote it.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._lock = _lock(directory)
        self._segment_bytes = segment_bytes
        self._watermark = Watermark(directory)
        self._bell = Bell(directory)
        self._descriptor: int | None = None
        self._mark = _recover(directory, self._watermark.read())
        self._watermark.set(self._mark)
        self._bell.ring()

    @property
    def end(self) -> int:
        """Give the offset behind the last durable row."""
        return self._mark.end

    @property
    def frames(self) -> int:
        """Give the number of frames ever journalled."""
        return self._mark.frames

    def append(self, entries: Sequence[tuple[Kind, pa.RecordBatch]]) -> list[int]:
        """Write batches that lack their offset column, sync once, and give each one's first offset.

        Raises:
            OSError: they could not be made durable; none of them counts as kept.
            ValueError: a batch is empty or has not its kind's schema.
        """
        offsets, parts = [], []
        end, frames = self._mark.end, self._mark.frames
        for kind, batch in entries:
            if batch.num_rows == 0:
                raise ValueError("an empty batch has no offset")
            parts.append(encode(kind, batch, offset=end, frames_before=frames))
            offsets.append(end)
            end += batch.num_rows
            frames += batch.num_rows if kind is Kind.UPLINKS else 0
        data = b"".join(parts)
        self._write(data)
        self._mark = Mark(self._mark.segment, self._mark.position + len(data), end, frames)
        self._watermark.set(self._mark)
        self._bell.ring()
        return offsets

    def _write(self, data: bytes) -> None:
        if self._descriptor is not None and self._mark.position + len(data) > self._segment_bytes:
            self._abandon()
        descriptor = self._segment()
        try:
            _write_all(descriptor, data, self._mark.position)
            os.fdatasync(descriptor)
        except OSError:
            self._abandon()
            raise

    def _segment(self) -> int:
        """Give the segment being written; a new one where there is none."""
        if self._descriptor is None:
            self._descriptor = create_segment(self.directory, self._mark.end)
            self._mark = Mark(self._mark.end, SEGMENT_HEADER_BYTES, self._mark.end, self._mark.frames)
        return self._descriptor

    def _abandon(self) -> None:
        """Cut the segment back to what is durable and write no more to it."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            if self._mark.end == self._mark.segment:
                segment_path(self.directory, self._mark.segment).unlink()
            else:
                os.ftruncate(descriptor, self._mark.position)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Give the files back; what was appended is durable already."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        os.close(self._lock)


def _lock(directory: Path) -> int:
    descriptor = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise JournalLocked(f"another process writes the journal in {directory}") from None
    return descriptor


def _write_all(descriptor: int, data: bytes, position: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, position)
        view, position = view[written:], position + written


def _recover(directory: Path, published: Mark | None) -> Mark:
    """Give the mark to go on from: behind everything whole, and behind everything ever published."""
    known = published if published is not None else Mark(0, 0, 0, 0)
    for segment in reversed(first_offsets(directory)):
        mark = _recover_segment(directory, segment, known)
        if mark.end > segment:
            return mark
        segment_path(directory, segment).unlink()  # made, but no row came to be durable in it
    return Mark(known.end, 0, known.end, known.frames)


def _recover_segment(directory: Path, segment: int, known: Mark) -> Mark:
    path = segment_path(directory, segment)
    data = path.read_bytes()
    check_segment_header(data[:SEGMENT_HEADER_BYTES])
    whole, end, frames = SEGMENT_HEADER_BYTES, known.end, known.frames
    for item in scan(data, SEGMENT_HEADER_BYTES):
        if isinstance(item, Intact):
            header = item.header
            whole = item.position + header.record_bytes
            end = max(end, header.offset + header.rows)
            frames = max(frames, header.frames_before + _frames(item))
    acknowledged = known.position if known.segment == segment else 0
    if whole < min(acknowledged, len(data)):
        set_aside(directory, segment, whole, data[whole:])
    _cut(path, whole)
    return Mark(segment, whole, end, frames)


def _frames(item: Intact) -> int:
    return item.header.rows if item.header.kind is Kind.UPLINKS else 0


def _cut(path: Path, length: int) -> None:
    """Cut a torn tail and sync the rest: rows written but not yet synced count from here on."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        if os.fstat(descriptor).st_size > length:
            os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
