"""Connections that ask nothing: they are ended before they are so many that a probe finds no place."""

from collections.abc import Iterable
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

MOST_IDLE = 256
FIRST_REQUEST_WITHIN_S = 10.0
"""How long a connection may stay without a request; after one, the server ends it by itself [s]."""


class IdleConnections:
    """Ends what is idle: connections that never asked in time, and the oldest where there are too many."""

    def __init__(self, most: int = MOST_IDLE, within_s: float = FIRST_REQUEST_WITHIN_S) -> None:
        """Let so many stay, and each for so long without a request [s]."""
        self._most, self._within_s = most, within_s
        self._since_s: WeakKeyDictionary[object, float] = WeakKeyDictionary()

    def tidy(self, connections: Iterable[Any]) -> None:
        """Look at a server's connections as they stand; the live ones of pages are no idle ones."""
        now_s = monotonic()
        idle = [each for each in connections if _is_idle(each)]
        idle.sort(key=lambda each: self._since_s.setdefault(each, now_s))
        surplus = max(0, len(idle) - self._most)
        for place, each in enumerate(idle):
            is_late = each.cycle is None and now_s - self._since_s[each] > self._within_s
            if place < surplus or is_late:
                each.transport.close()


def _is_idle(connection: Any) -> bool:
    """Tell whether an HTTP connection answers nothing just now; a WebSocket has no cycle of requests."""
    if not hasattr(connection, "cycle") or connection.transport.is_closing():
        return False
    return connection.cycle is None or bool(connection.cycle.response_complete)
