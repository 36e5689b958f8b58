"""The running self-check: does the ledger balance, and if not, which frames are they?

Each settled batch notes the stretch of the journal that it was and the frames that it counted. The check
walks behind, reads each stretch in the journal once more, and compares. It looks at a bounded number of rows
at a time; stretches that were trimmed meanwhile are passed over.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from narrowgate_ingest.ledger import Ledger
from narrowgate_ingest.records import Kind
from narrowgate_ingest.state import settled_after
from narrowgate_ingest.tail import Tail

_ROWS_A_LOOK = 1 << 17
_MOST_NAMED = 10


class SelfCheck:
    """Compares what was counted with what the journal holds."""

    def __init__(
        self,
        tail: Tail,
        reader: Callable[[], sqlite3.Connection],
        traces: Callable[[int, int], Collection[int]],
    ) -> None:
        """Look at nothing yet.

        Args:
            tail: the journal's.
            reader: gives a connection to state.db.
            traces: gives the frames of journal rows [start, until) that left a reading or are set aside.
        """
        self._tail = tail
        self._reader = reader
        self._traces = traces
        self._until: int | None = None

    def look(self, ledger: Ledger) -> list[str]:
        """Give what is out of balance, in words that name the frames; nothing where all is well.

        Args:
            ledger: as counted now.

        Raises:
            sqlite3.Error, OSError, ValueError: it cannot be told now.
        """
        return [*ledger.faults(), *self._stretches()]

    def _stretches(self) -> Iterator[str]:
        with closing(self._reader()) as connection:
            stretches = settled_after(connection, self._until)
        rows, last = 0, None
        for start, until, frames in stretches:
            if last is not None and start > last:
                yield f"journal rows {last} to {start - 1} were passed over"
            yield from self._stretch(start, until, frames)
            self._until = last = until
            rows += until - start
            if rows >= _ROWS_A_LOOK:
                return

    def _stretch(self, start: int, until: int, counted: int) -> Iterator[str]:
        held = self._frames(start, until)
        if len(held) == counted or self._tail.start() > start:
            return
        traces = self._traces(start, until)
        without = [frame for frame in held.tolist() if frame not in traces]
        named = ", ".join(map(str, without[:_MOST_NAMED])) or "none"
        yield (
            f"journal rows {start} to {until - 1} hold {len(held)} frames, {counted} were counted; "
            f"frames without a trace: {named}"
        )

    def _frames(self, start: int, until: int) -> NDArray[np.int64]:
        """Give the offsets of the frames that the journal holds of [start, until)."""
        parts: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
        offset = start
        while offset < until:
            chunk = self._tail.read(offset, until - offset)
            if chunk.next_offset == offset:
                break
            parts += [np.asarray(rows["frame"]) for kind, rows in chunk.records if kind is Kind.UPLINKS]
            offset = chunk.next_offset
        frames = np.concatenate(parts)
        return frames[(frames >= start) & (frames < until)]
