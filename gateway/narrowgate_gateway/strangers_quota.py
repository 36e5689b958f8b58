"""How much the door keeps of devices that the registry does not know: all of it ends in quarantine.

Rule 1: what is over quota is refused before it is acknowledged, and counted; what was acknowledged stays.
Rule 2: a listener holds so many bytes of strangers at most, in quarantine and on the way there, and who looks
through them makes room: nothing gives way to what comes later.
Rule 3: no source takes more than a share of that at once, and as much again in a day.
"""

import logging
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.source_places import SOURCE_PLACES
from narrowgate_ingest.lineage import floor_of
from narrowgate_ingest.quarantine import strangers_bytes

SHARE = 16
"""A source may have one part of so many of its listener's quota."""

_ASK_AGAIN_S = 1.0
_DAY_S = 86_400.0
_LOG = logging.getLogger(__name__)

Held = Callable[[], tuple[int, dict[str, int]]]
"""Gives the offset that the core has come to, and what quarantine holds of strangers by listener [B]."""


class StrangersQuota:
    """Counts what strangers have sent to each listener."""

    def __init__(self, most_bytes: int, held: Held, journal_end: Callable[[], int]) -> None:
        """Begin with what quarantine holds.

        Args:
            most_bytes: of each listener's strangers in quarantine, payloads only [B]; 0: nothing is taken.
            held: what quarantine holds; sqlite3.Error where that cannot be asked now.
            journal_end: gives the offset behind the last durable row.
        """
        self._most_bytes = most_bytes
        self._share_bytes = most_bytes / SHARE
        self._held = held
        self._journal_end = journal_end
        self._in_quarantine: dict[str, int] = {}
        self._came: dict[str, int] = defaultdict(int)
        """Bytes since the last look; they may not be in the journal yet."""
        self._on_the_way: deque[tuple[int, dict[str, int]]] = deque()
        """Bytes that are in the journal before an offset."""
        self._asked_s = -np.inf
        self._sources: dict[str, NDArray[np.float64]] = {}

    def exceeded(
        self, listener: str, places: NDArray[np.int64], sizes: NDArray[np.int64], now_s: float
    ) -> NDArray[np.bool_]:
        """Tell which frames of strangers are too much, and count the others.

        Args:
            listener: who took them.
            places: (n,) of their sources.
            sizes: (n,) of their payloads [B].
            now_s: monotonic time [s].
        """
        if now_s - self._asked_s >= _ASK_AGAIN_S:
            self._ask(now_s)
        exceeded = self._beyond_share(listener, places, sizes, now_s)
        room = self._most_bytes - self.held_bytes(listener)
        fits = np.cumsum(np.where(exceeded, 0, sizes)) <= room
        exceeded |= ~fits
        self._came[listener] += int(sizes[~exceeded].sum())
        self._note(listener, places[~exceeded], sizes[~exceeded], now_s)
        return exceeded

    def held_bytes(self, listener: str) -> int:
        """Give what a listener's strangers take, in quarantine and on the way there [B]."""
        on_the_way = sum(came.get(listener, 0) for _, came in self._on_the_way)
        return self._in_quarantine.get(listener, 0) + on_the_way + self._came[listener]

    def _ask(self, now_s: float) -> None:
        """Look at what quarantine holds; what the core has come to is counted there."""
        self._asked_s = now_s
        if self._came:
            # What came since the last look has had a second to be kept; what has not is counted for longer.
            self._on_the_way.append((self._journal_end(), dict(self._came)))
            self._came.clear()
        try:
            done, self._in_quarantine = self._held()
        except sqlite3.Error as error:
            _LOG.warning("quarantine cannot be asked what it holds of strangers (%s)", error)
            return
        while self._on_the_way and self._on_the_way[0][0] <= done:
            self._on_the_way.popleft()

    def _beyond_share(
        self, listener: str, places: NDArray[np.int64], sizes: NDArray[np.int64], now_s: float
    ) -> NDArray[np.bool_]:
        """Tell which sources are beyond their share, with all that they send in this batch."""
        if self._share_bytes == 0:
            return np.ones(len(places), np.bool_)
        whole_at_s = self._sources.setdefault(listener, np.full(SOURCE_PLACES, -np.inf))
        wanted = np.bincount(places, sizes, SOURCE_PLACES)[places]
        beyond: NDArray[np.bool_] = (
            np.maximum(whole_at_s[places], now_s) + wanted * self._each_s > now_s + _DAY_S
        )
        return beyond

    def _note(self, listener: str, places: NDArray[np.int64], sizes: NDArray[np.int64], now_s: float) -> None:
        if len(places):
            whole_at_s = self._sources[listener]
            whole_at_s[places] = np.maximum(whole_at_s[places], now_s)
            np.add.at(whole_at_s, places, sizes * self._each_s)

    @property
    def _each_s(self) -> float:
        """Give how long a source waits for a byte of its share [s]."""
        return _DAY_S / self._share_bytes


def held_in(quarantine: Path, state: Path) -> Held:
    """Give what asks the stores of a home; both are read only, and neither need be there."""

    def held() -> tuple[int, dict[str, int]]:
        # How far first: what the core does in between is then counted twice for a second, never not at all.
        done = floor_of(state).end
        path = quarantine / "quarantine.db"
        if not path.exists():
            return done, {}
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return done, strangers_bytes(connection)

    return held
