"""How the journal does, in words and figures: its room, and how long the oldest frame in it waits."""

import os
from collections.abc import Callable

import pyarrow as pa

from narrowgate_console import Check
from narrowgate_gateway.settings import Home, Settings
from narrowgate_ingest.records import Kind
from narrowgate_ingest.segments import first_offsets, segment_path
from narrowgate_ingest.tail import Tail
from narrowgate_schema.clock import Clock

_MB = 1 << 20


class JournalCheck:
    """Looks at the journal when it is asked."""

    def __init__(self, home: Home, settings: Settings, clock: Clock, needed: Callable[[], int]) -> None:
        """Look at nothing yet.

        Args:
            home: whose journal.
            settings: how much must stay free, and how much is kept.
            clock: by which frames came in.
            needed: gives the offset from which somebody still reads.
        """
        self._journal = home.journal
        self._options = settings.journal
        self._clock = clock
        self._needed = needed

    def check(self) -> Check:
        """Give whether there is room for what devices send; a segment unlinked just now counts nothing."""
        volume = os.statvfs(self._journal)
        free, least = volume.f_bavail * volume.f_frsize, self._options.min_free_bytes
        held = [self._bytes(first) for first in first_offsets(self._journal)]
        words = (
            f"{len(held)} segments of {sum(held) // _MB} MB, read from offset {self._needed()} on; "
            f"{free // _MB} MB free, {least // _MB} must stay so"
        )
        if free < least:
            return Check("journal", False, f"devices are told to come again later: {words}")
        return Check("journal", True, words)

    def _bytes(self, first: int) -> int:
        try:
            return segment_path(self._journal, first).stat().st_size
        except FileNotFoundError:
            return 0

    def waiting(self, offset: int) -> str:
        """Say since when the row at an offset waits; empty where there is none, or it cannot be read."""
        try:
            chunk = Tail(self._journal).read(offset, 1)
        except (OSError, ValueError):
            return ""
        if not chunk.records:
            return ""
        kind, rows = chunk.records[0]
        column = rows["received_at" if kind is Kind.UPLINKS else "time"]
        came_us = int(column[0].cast(pa.int64()).as_py())
        return f", the oldest for {max(0, self._clock.now_us() - came_us) / 1e6:.0f} s"
