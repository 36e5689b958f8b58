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
    """The shared page `durable` of a journal."""

    def __init__(self, directory: Path) -> None:
        """Map the page, made empty if it is not there; OSError if it cannot be."""
        descriptor = os.open(directory / "durable", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
        try:
            # Only ever made longer: another process may have it mapped.
            if os.fstat(descriptor).st_size < _PAGE_BYTES:
                os.ftruncate(descriptor, _PAGE_BYTES)
            self._page = mmap.mmap(descriptor, _PAGE_BYTES)
        finally:
            os.close(descriptor)
        self._turn = max((turn for turn, _ in self._slots()), default=0)

    def _slots(self) -> list[tuple[int, Mark]]:
        whole = []
        for start in (0, _SLOT_BYTES):
            slot = self._page[start : start + _SLOT.size]
            turn, segment, position, end, frames = _SLOT.unpack(slot)
            (crc,) = _CRC.unpack_from(self._page, start + _SLOT.size)
            if turn and crc == crc32(slot):
                whole.append((turn, Mark(segment, position, end, frames)))
        return whole

    def read(self) -> Mark | None:
        """Give the newest mark, or None if none was ever set."""
        whole = self._slots()
        return max(whole, key=lambda slot: slot[0])[1] if whole else None

    def set(self, mark: Mark) -> None:
        """Publish a mark; the caller has synced what it says."""
        self._turn += 1
        slot = _SLOT.pack(self._turn, mark.segment, mark.position, mark.end, mark.frames)
        start = (self._turn % 2) * _SLOT_BYTES
        self._page[start : start + _SLOT_BYTES] = slot + _CRC.pack(crc32(slot))
