"""What an outside case system says of cases that it was told of, signed as our letters to it are.

Rule 1: whoever holds the secret may say only what is configured, of cases that its endpoint was told of.
Rule 2: a message is taken once, however often it comes: it has a name.
"""

import hmac
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from narrowgate_cases.causes import teller_of
from narrowgate_cases.lifecycle import State, Step
from narrowgate_cases.practice import Practice
from narrowgate_cases.remarks import remark
from narrowgate_cases.webhook import signature
from narrowgate_cases.work import Asked, NoSuchCase, StepRefused

LONGEST_UNDER_WAY_S = 300
"""How far a message's timestamp may be from our clock [s]: an old one is somebody's recording."""
DEFAULT_STEPS: tuple[Step, ...] = (
    Step.ACCEPTED,
    Step.DISPATCHED,
    Step.STARTED,
    Step.RETURNED,
    Step.RESOLVED,
    Step.COMMENTED,
)
"""What an outside system may say where nothing else is configured: the desk verifies and closes."""

_TOLD = """SELECT cases.id FROM cases JOIN outbox_endpoints AS wants ON wants.endpoint = ? AND wants.is_on
    WHERE number = ? AND (NOT wants.is_choosy OR EXISTS (SELECT 1 FROM outbox_told AS told
        WHERE told.endpoint = wants.endpoint AND told.case_id = cases.id))"""


class NotGenuine(ValueError):
    """A message that nobody signed who may, or that is too old."""


@dataclass(frozen=True)
class StatusBack:
    """Who may say what became of cases, and how we know them."""

    endpoint: str
    """The endpoint of the outbox that was told of the cases; the history names it."""
    secrets: Sequence[bytes]
    steps: tuple[Step, ...] = DEFAULT_STEPS
    now_s: Callable[[], float] = time.time
    """Unix time by which signatures age [s]."""

    def verify(self, timestamp: str, given: str, body: bytes) -> None:
        """Find out whether a message is genuine.

        Args:
            timestamp: Unix seconds, as the header has them.
            given: the signature header: one signature or more, of which one must be right.
            body: as it came.

        Raises:
            NotGenuine: it is not; the text does not say what would have been right.
        """
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
            raise NotGenuine("Narrowgate-Timestamp has the Unix time in seconds")
        right = [signature([secret], timestamp, body).encode() for secret in self.secrets]
        found = [
            hmac.compare_digest(one.strip().encode("utf-8", "replace"), each)
            for one in given.split(",")[:4]
            for each in right
        ]
        if not any(found):
            raise NotGenuine("Narrowgate-Signature does not fit the body")
        if abs(self.now_s() - int(timestamp)) > LONGEST_UNDER_WAY_S:
            raise NotGenuine(f"Narrowgate-Timestamp is more than {LONGEST_UNDER_WAY_S} s from now")

    def take(
        self,
        connection: sqlite3.Connection,
        number: str,
        asked: Asked,
        name: str,
        at_us: int,
        practice: Practice,
    ) -> tuple[str, State]:
        """Take a step that a genuine message asks for; give the case it was taken on, and where it stands.

        A case that was merged is told of by another: that one takes the step.

        Args:
            connection: the state database, in the caller's transaction.
            number: the case's.
            asked: the step.
            name: the message's, as its sender calls it.
            at_us: now [us].
            practice: how the desk works.

        Raises:
            NoSuchCase: the endpoint was told of no case of that number.
            StepRefused: the step is none that it may take, or cannot be taken from there.
        """
        row = connection.execute(_TOLD, (self.endpoint, number)).fetchone()
        if row is None:
            raise NoSuchCase(f"{self.endpoint} was told of no case {number[:32]!r}")
        if asked.step not in self.steps:
            raise StepRefused(f"{number}: {asked.step} is none of {', '.join(self.steps)}")
        teller = teller_of(connection, int(row[0]))
        (telling,) = connection.execute("SELECT number FROM cases WHERE id = ?", (teller,)).fetchone()
        remark(connection, telling, [asked], self.endpoint, name, at_us, practice)
        (state,) = connection.execute("SELECT state FROM cases WHERE id = ?", (teller,)).fetchone()
        return str(telling), State(state)
