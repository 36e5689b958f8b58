"""How far the journal is on disk: written by the edge after each sync, read by every other process.

Two slots, written in turn, each with a check sum: a reader takes the newest whole one, so a writer killed in
the middle of a store never leaves a mark that says too much. The page is not synced itself: after a power cut
it may say less than the disk holds, never more.
"""

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

_SLOT = struct.Struct("<QQQQQ")
_CRC = struct.Struct("<Q")
_SLOT_BYTES = _SLOT.size + _CRC.size
_PAGE_BYTES = 4096


@dataclass(frozen=True)
class Mark:
    """What is durable."""

    segment: int
    """Offset of the first row of the segment being written."""
    position: int
    """Durable bytes of that segment [B]."""
    end: int
    """Offset behind the last durable row."""
    frames: int
    """Frames ever journalled."""


class Watermark:
    """The shared page `durable` of a journal; readers never write it and need not find it there."""

    def __init__(self, directory: Path, *, writable: bool = False) -> None:
        """Map the page; a writer makes it if it is not there, and OSError tells why it cannot."""
        self._path = directory / "durable"
        self._writable = writable
        self._inode = 0
        self._seen: tuple[int, Mark | None] = (0, None)
        self._page = _page_to_write(self._path) if writable else None
        self._turn = max((turn for turn, _ in _whole_slots(self._copied())), default=0)

    def read(self) -> Mark | None:
        """Give the newest mark, or None if none was ever set; it never goes back."""
        slots = _whole_slots(self._copied())
        newest = max(slots, key=lambda slot: slot[0], default=self._seen)
        if newest[0] > self._seen[0]:
            self._seen = newest
        return self._seen[1]

    def set(self, mark: Mark) -> None:
        """Publish a mark; the caller has synced what it says.

        Raises:
            ValueError: the page was opened for reading.
        """
        if self._page is None:
            raise ValueError(f"{self._path} was opened for reading")
        self._turn += 1
        slot = _SLOT.pack(self._turn, mark.segment, mark.position, mark.end, mark.frames)
        start = (self._turn % 2) * _SLOT_BYTES
        self._page[start : start + _SLOT_BYTES] = slot + _CRC.pack(crc32(slot))

    def is_there(self) -> bool:
        """Tell whether the page has its name in the directory."""
        return self._path.exists()

    def _copied(self) -> bytes:
        """Give both slots as they are now; nothing while there is no page."""
        if not self._writable:
            self._follow()
        return b"" if self._page is None else self._page[: 2 * _SLOT_BYTES]

    def _follow(self) -> None:
        """Map the page that has the name now: a writer makes another where somebody removed it."""
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            return
        if self._page is None or inode != self._inode:
            page = _page_to_read(self._path)
            if page is not None:
                # Its turns are counted anew.
                self._page, self._inode, self._seen = page, inode, (0, self._seen[1])


def _whole_slots(data: bytes) -> list[tuple[int, Mark]]:
    whole = []
    for start in range(0, len(data), _SLOT_BYTES):
        turn, segment, position, end, frames = _SLOT.unpack_from(data, start)
        (crc,) = _CRC.unpack_from(data, start + _SLOT.size)
        if turn and crc == crc32(data[start : start + _SLOT.size]):
            whole.append((turn, Mark(segment, position, end, frames)))
    return whole


def _page_to_write(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
    try:
        # Only ever made longer: another process may have it mapped.
        if os.fstat(descriptor).st_size < _PAGE_BYTES:
            os.ftruncate(descriptor, _PAGE_BYTES)
        return mmap.mmap(descriptor, _PAGE_BYTES)
    finally:
        os.close(descriptor)


def _page_to_read(path: Path) -> mmap.mmap | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if os.fstat(descriptor).st_size < _PAGE_BYTES:
            return None
        return mmap.mmap(descriptor, _PAGE_BYTES, prot=mmap.PROT_READ)
    finally:
        os.close(descriptor)
