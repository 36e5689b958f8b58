"""What the console needs of the process it runs in: the core hands in one object of this shape.

Every method may be called from any thread, several at a time, while the pipeline writes.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry

from narrowgate_cases import Practice
from narrowgate_fleet import CommandQueue, Fleet
from narrowgate_ingest.series import SeriesSource
from narrowgate_schema.words import Disposition

KEPT = "kept"
"""The ledger's row of frames that were acknowledged."""
DOOR_ROWS = ("refused", "door_duplicates", "unacknowledged", "qos0", "redelivered", "retained")
"""The ledger's rows of what the door saw: turned away, repeated, kept unasked, and MQTT's lesser promises."""


@dataclass(frozen=True)
class Check:
    """One thing that must be so before the process is ready."""

    name: str
    ok: bool
    words: str
    """What is so, with figures: for people, in one line."""


@dataclass(frozen=True)
class Part:
    """One listener, broker or store of the gateway, for the system page."""

    kind: str
    """`listener`, `broker`, `store` or `receiver`."""
    name: str
    ok: bool
    words: str
    """Where it is and how it does: for people, in one line."""


@dataclass(frozen=True)
class Diagnosis:
    """One thing that the doctor looked at, and what it means for data."""

    subject: str
    setting: str
    value: str
    verdict: str
    """`well`, `careful`, `loses` or `unknown`."""
    meaning: str
    """For people, in one line."""


class Sources(Protocol):
    """The core as the console sees it."""

    def ledger(self) -> Mapping[str, int]:
        """Give the rows of the ledger of one instant: `kept`, each Disposition, DOOR_ROWS, and more."""
        ...

    def reader(self) -> sqlite3.Connection:
        """Give a connection that reads the state database, for the calling thread alone.

        It has the desk's tables and `findings`. The console closes it after use.
        """
        ...

    @property
    def series(self) -> SeriesSource:
        """Who answers questions about series: whichever store is configured."""
        ...

    def checks(self) -> Sequence[Check]:
        """Give what readiness depends on."""
        ...

    def quarantine(self) -> sqlite3.Connection:
        """Give a connection that reads the frames set aside (`frames`), for the calling thread alone."""
        ...

    def fleet(self) -> Fleet:
        """Give the newest fleet: the same object until a new version is published."""
        ...

    @property
    def commands(self) -> CommandQueue:
        """The commands that wait for devices."""
        ...

    def parts(self) -> Sequence[Part]:
        """Give listeners, brokers and stores, and how each does."""
        ...

    def diagnoses(self) -> Sequence[Diagnosis]:
        """Give what can lose data here, as far as it has been looked at."""
        ...

    def working(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection to the state database within a transaction, for the calling thread alone."""
        ...

    @property
    def practice(self) -> Practice:
        """How the desk works."""
        ...

    @property
    def metrics(self) -> CollectorRegistry:
        """The registry that `/metrics` shows."""
        ...


def is_balanced(ledger: Mapping[str, int]) -> bool:
    """Say whether each kept frame has exactly one disposition."""
    return ledger.get(KEPT, 0) == sum(ledger.get(disposition, 0) for disposition in Disposition)
