"""The segment files of a journal: their names, their order, making and removing them."""

import itertools
import os
from pathlib import Path

from narrowgate_ingest.records import segment_header

_SUFFIX = ".seg"


def segment_path(directory: Path, first_offset: int) -> Path:
    """Give the file that holds the rows from an offset on."""
    return directory / f"{first_offset:020d}{_SUFFIX}"


def first_offsets(directory: Path) -> list[int]:
    """Give the first offset of every segment, in order."""
    stems = (path.stem for path in directory.glob(f"*{_SUFFIX}"))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def create_segment(directory: Path, first_offset: int) -> int:
    """Make a segment durable and give its descriptor; OSError if it exists or cannot be made."""
    path = segment_path(directory, first_offset)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        os.write(descriptor, segment_header())
        os.fsync(descriptor)
        sync_directory(directory)
    except OSError:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    return descriptor


def sync_directory(directory: Path) -> None:
    """Make the directory's entries durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(directory: Path, segment: int, position: int, data: bytes) -> Path:
    """Copy damaged bytes to `aside/`, once for each place, and give the file."""
    aside = directory / "aside"
    aside.mkdir(exist_ok=True)
    path = aside / f"{segment:020d}-{position}.bin"
    if not path.exists():
        path.write_bytes(data)
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
        segment_path(directory, first).unlink()
        held -= sizes[first]
        removed += 1
    return removed
