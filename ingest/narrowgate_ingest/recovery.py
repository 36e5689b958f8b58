"""What a writer does with a journal that it finds: cut the torn end, and find the place to go on from."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from narrowgate_ingest.records import (
    SEGMENT_HEADER_BYTES,
    Intact,
    brand_of,
    read_segment_header,
    scan,
)
from narrowgate_ingest.segments import first_offsets, segment_path, set_aside
from narrowgate_ingest.watermark import Mark

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Floor:
    """How far the stores have read, for a writer whose directory may have lost its end."""

    end: int
    """Offset behind the last row."""
    frames: int
    """Frames counted up to there."""


NOTHING_READ = Floor(0, 0)


def recover(directory: Path, published: Mark | None, floor: Floor) -> Mark:
    """Give the mark to go on from: behind everything whole, everything ever published, everything ever read.

    Args:
        directory: the journal's, held by the caller alone.
        published: what the watermark says; after a power cut it may say less than is on disk.
        floor: how far the stores have read; a journal that lost its end, or is gone, may say less.

    Raises:
        OSError: the last segment cannot be read or cut.
        ValueError: another format version wrote it.
    """
    known = published if published is not None else Mark(0, 0, 0, 0)
    firsts = first_offsets(directory)
    found = (
        _recover_segment(directory, firsts[-1], known)
        if firsts
        else Mark(known.end, 0, known.end, known.frames)
    )
    if found.end < floor.end:
        _LOG.warning(
            "the journal in %s ends at offset %d, yet its rows up to %d were read: it goes on behind them",
            directory, found.end, floor.end,
        )  # fmt: skip
    segment = found.segment if firsts else max(found.segment, floor.end)
    return Mark(segment, found.position, max(found.end, floor.end), max(found.frames, floor.frames))


def _recover_segment(directory: Path, segment: int, known: Mark) -> Mark:
    path = segment_path(directory, segment)
    data = path.read_bytes()
    opening = read_segment_header(data)
    whole, end = SEGMENT_HEADER_BYTES, max(known.end, segment)
    frames = max(known.frames, opening.frames_before if opening is not None else 0)
    for item in scan(data, brand_of(data), SEGMENT_HEADER_BYTES):
        if isinstance(item, Intact) and item.header.offset >= segment:
            whole = item.position + item.header.record_bytes
            end, frames = max(end, item.header.end), max(frames, item.header.frames_end)
    was_never_published = known.segment == segment and 0 < known.position <= whole
    if any(data[whole:]) and not was_never_published:
        set_aside(directory, segment, whole, data[whole:])
    _cut(path, whole)
    return Mark(segment, whole, end, frames)


def _cut(path: Path, length: int) -> None:
    """Cut a torn tail and sync the rest: rows written but not yet synced count from here on."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size > length:
            os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
