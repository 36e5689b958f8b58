"""Which journal the stores have read: the brands of its segments, and how far they came.

A brand is drawn anew for each segment and by each start of a writer, so no two rows ever have brand and
offset in common. What the stores have read is therefore recognised, and whatever else stands at offsets that
they have read is another journal's: it was never read, and is never passed over as if it had been.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from narrowgate_ingest.records import SEGMENT_HEADER_BYTES, brand_of
from narrowgate_ingest.recovery import NOTHING_READ, Floor
from narrowgate_ingest.segments import first_offsets, segment_path
from narrowgate_ingest.state import FRAMES_SEEN, PIPELINE, brand_read, cursor


def floor_of(state: Path) -> Floor:
    """Read from state.db how far the stores have read; nothing where there is none, or it is being made.

    Raises:
        sqlite3.Error: it cannot be read; a writer may start without, the core then refuses a journal that
            gives offsets twice.
    """
    if not state.exists():
        return NOTHING_READ
    with closing(sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("BEGIN")
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'cursors'").fetchone() is None:
            return NOTHING_READ
        return Floor(cursor(connection, PIPELINE), cursor(connection, FRAMES_SEEN))


class Lineage:
    """Knows the segments that the stores have read from those that only have their offsets."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._recognised: set[int] = set()
        """First offsets."""

    def strange(self, connection: sqlite3.Connection, done: int) -> str:
        """Say which segment has offsets that were read, yet was not; empty if there is none.

        Args:
            connection: to state.db.
            done: offset up to which the stores have read.

        Raises:
            OSError: a segment cannot be read.
            ValueError: another format version wrote a segment.
        """
        found = [first for first in first_offsets(self._directory) if first < done]
        for first in found:
            # The last is looked at each time: another journal's rows are never followed by those of this one.
            if first in self._recognised and first != found[-1]:
                continue
            if not self._is_known(first, brand_read(connection, first)):
                return (
                    f"segment {first} is not the one that the stores have read up to offset {done}: this is "
                    "another journal; put the former one back, or begin with stores of its own"
                )
            self._recognised.add(first)
        return ""

    def _is_known(self, first: int, known: bytes | None) -> bool:
        try:
            with segment_path(self._directory, first).open("rb", buffering=0) as file:
                head = os.pread(file.fileno(), SEGMENT_HEADER_BYTES, 0)
                is_empty = os.fstat(file.fileno()).st_size <= SEGMENT_HEADER_BYTES
        except FileNotFoundError:  # trimmed just now
            return True
        if known is None:
            return is_empty
        # Where damage took a brand there is nothing to compare; nothing of it is taken for a record either.
        brand = brand_of(head)
        return not brand or not known or brand == known
