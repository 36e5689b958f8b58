"""The segment files of a journal: their names, their order, making and removing them."""

import itertools
import os
from contextlib import suppress
from pathlib import Path

from narrowgate_ingest.records import SegmentHeader, segment_header

ERASING = "erasing"
"""The note of bytes that are being put in the place of others, beside the segments."""
_SUFFIX = ".seg"
_DIGITS = 20


def segment_path(directory: Path, first_offset: int) -> Path:
    """Give the file that holds the rows from an offset on."""
    return directory / f"{first_offset:0{_DIGITS}d}{_SUFFIX}"


def first_offsets(directory: Path) -> list[int]:
    """Give the first offset of every segment, in order."""
    stems = (path.stem for path in directory.glob(f"*{_SUFFIX}"))
    return sorted(int(stem) for stem in stems if stem.isdecimal() and len(stem) == _DIGITS)


def create_segment(directory: Path, header: SegmentHeader) -> int:
    """Make a segment durable under its name, in place of one that holds no row, and give its descriptor.

    Raises:
        OSError: it could not be made; what was there before is there still.
    """
    unfinished = directory / "unfinished"
    descriptor = os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        write_all(descriptor, segment_header(header), 0)
        os.fsync(descriptor)
        # Whoever sees the name sees a whole header: an empty segment is a mark of where the journal stood.
        unfinished.rename(segment_path(directory, header.first_offset))
        sync_directory(directory)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def write_all(descriptor: int, data: bytes, position: int) -> None:
    """Write bytes at a position, in as many goes as the system wants."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, position)
        view, position = view[written:], position + written


def make_directory(directory: Path) -> None:
    """Make a directory, and those above it, such that a power cut leaves them there."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(exist_ok=True)
    sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    """Make the directory's entries durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(directory: Path, segment: int, position: int, data: bytes) -> Path:
    """Copy damaged bytes to `aside/`, durably and once for each place, and give the file."""
    aside = directory / "aside"
    make_directory(aside)
    path = aside / f"{segment:0{_DIGITS}d}-{position}.bin"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        sync_directory(aside)
    return path


def trim(directory: Path, before: int, *, keep_bytes: int) -> int:
    """Unlink the oldest segments that lie wholly before an offset while more than `keep_bytes` are held.

    Args:
        directory: the journal's.
        before: the lowest offset that any reader still needs.
        keep_bytes: what is kept all the same, for replay and the door's memory [B].

    Returns:
        The number of segments removed; the one being written never is.
    """
    firsts = first_offsets(directory)
    sizes = {first: segment_path(directory, first).stat().st_size for first in firsts}
    held, removed = sum(sizes.values()), 0
    for first, following in itertools.pairwise(firsts):
        if following > before or held - sizes[first] < keep_bytes:
            break
        with suppress(FileNotFoundError):
            segment_path(directory, first).unlink()
        held -= sizes[first]
        removed += 1
    return removed


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and make it durable."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Make a file's content durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
