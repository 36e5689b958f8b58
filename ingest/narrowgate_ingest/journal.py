"""The journal: what was acknowledged, on disk before it was.

Rule 1: `append` returns only after the rows are synced; nobody is answered before.
Rule 2: an offset that a reader may have seen is never given to another row, whatever the directory has lost.
Rule 3: after a failed write or sync the file is not trusted: the next append starts a new segment.
Rule 4: damaged bytes are copied aside before they are cut.
Rule 5: the directory alone tells where the journal stands: there is always a segment whose header is synced.
"""

import fcntl
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from zlib import crc32

import pyarrow as pa

from narrowgate_ingest.journal_erasing import finish_erasing
from narrowgate_ingest.records import (
    BRAND_BYTES,
    SEGMENT_HEADER_BYTES,
    Header,
    Kind,
    SegmentHeader,
    encode,
    pieces,
    serialised,
)
from narrowgate_ingest.recovery import NOTHING_READ, Floor, recover
from narrowgate_ingest.segments import create_segment, make_directory, write_all
from narrowgate_ingest.wake import Bell
from narrowgate_ingest.watermark import Mark, Watermark

DEFAULT_SEGMENT_BYTES = 64 << 20


class JournalLocked(Exception):
    """Another process writes this journal."""


class Journal:
    """The one writer of a directory of segment files."""

    def __init__(
        self, directory: Path, *, segment_bytes: int = DEFAULT_SEGMENT_BYTES, floor: Floor = NOTHING_READ
    ) -> None:
        """Open the journal for appending, mending what a crash left.

        Args:
            directory: made if it is not there.
            segment_bytes: a segment that would pass this is followed by another [B].
            floor: how far the stores have read; offsets go on behind it, whatever became of the directory.

        Raises:
            JournalLocked: another process has it open for appending.
            OSError: the directory cannot be written.
            ValueError: another format version wrote it.
        """
        make_directory(directory)
        self.directory = directory
        self._segment_bytes = segment_bytes
        self._bell = Bell(directory)
        self._descriptor: int | None = None
        self._brand = b""
        self._lock = _lock(directory)
        with ExitStack() as undo:
            undo.callback(os.close, self._lock)
            finish_erasing(directory)
            self._watermark = Watermark(directory, writable=True)
            self._mark = recover(directory, self._watermark.read(), floor)
            self._watermark.set(self._mark)
            undo.pop_all()
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
            ValueError: a batch is empty or has not its kind's schema, or a row is too long for a record.
        """
        if not entries:
            return []
        offsets, records = [], []
        end, frames = self._mark.end, self._mark.frames
        for kind, batch in entries:
            if batch.num_rows == 0:
                raise ValueError("an empty batch has no offset")
            offsets.append(end)
            for piece in pieces(batch):
                payload = serialised(kind, piece)
                header = Header(kind, len(payload), piece.num_rows, end, frames, crc32(payload))
                records.append((header, payload))
                end, frames = header.end, header.frames_end
        self._write(records)
        self._mark = Mark(self._mark.segment, self._mark.position + _length(records), end, frames)
        self._watermark.set(self._mark)
        self._bell.ring()
        return offsets

    def _write(self, records: Sequence[tuple[Header, bytes]]) -> None:
        descriptor = self._segment(_length(records))
        with ExitStack() as undo:
            undo.callback(self._abandon)
            data = b"".join(encode(self._brand, header, payload) for header, payload in records)
            write_all(descriptor, data, self._mark.position)
            os.fdatasync(descriptor)
            undo.pop_all()

    def _segment(self, more_bytes: int) -> int:
        """Give the segment being written; a new one where there is none, or where it would grow too long."""
        descriptor, mark = self._descriptor, self._mark
        is_full = mark.end > mark.segment and mark.position + more_bytes > self._segment_bytes
        if descriptor is not None and not is_full:
            return descriptor
        brand = os.urandom(BRAND_BYTES)
        created = create_segment(self.directory, SegmentHeader(brand, mark.end, mark.frames))
        if descriptor is not None:
            os.close(descriptor)
        self._descriptor, self._brand = created, brand
        self._mark = Mark(mark.end, SEGMENT_HEADER_BYTES, mark.end, mark.frames)
        return created

    def _abandon(self) -> None:
        """Cut the segment back to what is durable and write no more to it.

        What a cut that fails leaves behind is passed over: its offsets are those of the next segment.
        """
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.ftruncate(descriptor, self._mark.position)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Give the files back; what was appended is durable already."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        os.close(self._lock)


def _length(records: Sequence[tuple[Header, bytes]]) -> int:
    return sum(header.record_bytes for header, _ in records)


def _lock(directory: Path) -> int:
    descriptor = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise JournalLocked(f"another process writes the journal in {directory}") from None
    return descriptor
