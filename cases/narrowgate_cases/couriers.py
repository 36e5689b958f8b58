"""What brings letters to an endpoint, and what comes of it: the seam between the outbox and the world."""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from narrowgate_cases.outbox import Letter


class Outcome(StrEnum):
    """What came of a letter."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """The endpoint did not take it: it is left alone for a while, and the letter comes again."""
    WAITING = "waiting"
    """Nothing went wrong: the letter is to be asked after again, and others may go meanwhile."""
    REFUSED = "refused"
    """The endpoint will never take it."""


@dataclass(frozen=True)
class Answer:
    """What came of a letter, in words for people."""

    outcome: Outcome
    words: str = ""
    """Why not, in one line; empty if it was delivered."""
    retry_after_s: float | None = None
    """How long the endpoint asks to be left alone, or how long the letter waits [s]."""

    @property
    def is_delivered(self) -> bool:
        """Whether it arrived."""
        return self.outcome is Outcome.DELIVERED


DELIVERED = Answer(Outcome.DELIVERED)


class AttendFailed(Exception):
    """What is due beside the letters could not be done; the text says why, in one line."""


class Courier(Protocol):
    """Brings letters to one endpoint."""

    @property
    def name(self) -> str:
        """Give whom it goes to, in words; no secret, no path."""
        ...

    def deliver(self, connection: sqlite3.Connection, letter: Letter, now_s: float) -> Answer:
        """Bring a letter once; the same letter may come again, also after a crash.

        Args:
            connection: the state database, outside any transaction.
            letter: what to bring.
            now_s: Unix time [s].
        """
        ...

    def attend(self, connection: sqlite3.Connection, now_s: float) -> float:
        """Do what is due beside the letters; give after how long to come again [s].

        Raises:
            AttendFailed: it could not be done; it is tried again, and letters go meanwhile.
        """
        ...
