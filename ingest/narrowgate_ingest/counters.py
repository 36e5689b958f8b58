"""What the door has said so far: counters in one small mapped file that the edge adds to and others read.

The file outlives the edge process; a power cut may cost the last seconds of it. Frames that were kept are
counted by the journal itself, never here.
"""

import mmap
import os
from pathlib import Path

from narrowgate_schema.words import Answer

NAMES: tuple[str, ...] = (
    *(answer.value for answer in Answer),
    "unacknowledged",
    "commit_failures",
    "retained",
    "malformed",
    "kernel_drops",
    "qos0",
    "redelivered",
    "over_quota",
)
"""One counter for each answer, kept ones that no device is told of, failed commits, stale retained copies,
datagrams that are no message of their protocol, datagrams that the kernel had no room for, publishes that
asked for no acknowledgement (QoS 0), publishes that their broker offered before (DUP), frames of unknown
devices that quarantine has no room for (these are among the too fast ones).

A name's place is its place in the file: new ones come last.
"""

GAUGES: tuple[str, ...] = ("exchange_horizon_ms",)
"""Figures that stand at what was said last: how far back the door's memory of exchanges really reaches [ms].

They lie from the end of the file backwards, so that counters may be added.
"""

_PLACES = {name: 1 + place for place, name in enumerate(NAMES)}
_PAGE_BYTES = 4096
_FORMAT_VERSION = 1


class DoorCounters:
    """The counters of one edge, by name."""

    def __init__(self, path: Path) -> None:
        """Map the file, made with zeros if it is not there.

        Raises:
            OSError: it cannot be opened or made.
            ValueError: another format version wrote it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
        try:
            if os.fstat(descriptor).st_size < _PAGE_BYTES:
                os.ftruncate(descriptor, _PAGE_BYTES)
            self._words = memoryview(mmap.mmap(descriptor, _PAGE_BYTES)).cast("q")
        finally:
            os.close(descriptor)
        if self._words[0] not in (0, _FORMAT_VERSION):
            raise ValueError(
                f"{path}: format version {self._words[0]}; this release reads version {_FORMAT_VERSION}"
            )
        self._words[0] = _FORMAT_VERSION

    def add(self, name: str, n: int = 1) -> None:
        """Add to a counter; ValueError if there is none of that name."""
        place = _PLACES.get(name)
        if place is None:
            raise ValueError(f"no counter is called {name!r}")
        self._words[place] += n

    def show(self, name: str, value: int) -> None:
        """Set a gauge; ValueError if there is none of that name."""
        self._words[len(self._words) - 1 - GAUGES.index(name)] = value

    def gauges(self) -> dict[str, int]:
        """Give all gauges; 0 is one that was never set."""
        return {name: self._words[len(self._words) - 1 - place] for place, name in enumerate(GAUGES)}

    def read(self) -> dict[str, int]:
        """Give all counters."""
        return {name: self._words[1 + place] for place, name in enumerate(NAMES)}
