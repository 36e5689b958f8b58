"""Sends the outbox to one endpoint, letter by letter, in a thread of its own.

The thread is there because a courier waits for somebody else's machine, and neither the pipeline, the console
nor another endpoint may wait with it.
"""

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from narrowgate_cases.couriers import Answer, AttendFailed, Courier, Outcome
from narrowgate_cases.outbox import Letter, next_letter, note_dead, note_delivered, note_failed

_IDLE_S = 1.0
_BUSY_S = 30.0
_LONGEST_RETRY_AFTER_S = 3600.0
_ATTEND_AGAIN_S = 60.0


@dataclass(frozen=True)
class Patience:
    """How long and how often a letter is tried."""

    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    """Between two POSTs to a receiver that fails."""
    longest_letter_pause_s: float = 3600.0
    """Between two tries of one letter."""
    attempts_at_most: int = 100
    give_up_after_s: float = 72 * 3600.0


class Sender:
    """Delivers what the outbox holds for an endpoint until it is stopped; what fails stays there."""

    def __init__(
        self,
        state: Path,
        endpoint: str,
        courier: Courier,
        patience: Patience | None = None,
        *,
        now_s: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        """Stand ready; nothing is opened.

        Args:
            state: the state database, its outbox made.
            endpoint: whose letters.
            courier: brings them.
            patience: pauses and limits.
            now_s: Unix time [s].
            rng: where the jitter of the pauses comes from.
        """
        self._state = state
        self._endpoint = endpoint
        self._courier = courier
        self._patience = patience or Patience()
        self._now_s = now_s
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._stop = threading.Event()
        self._failures = 0
        self._attends_at_s = 0.0
        self._letter_trouble = self._attend_trouble = ""

    @property
    def trouble(self) -> str:
        """Give why the last try failed; empty while letters arrive."""
        return self._letter_trouble or self._attend_trouble

    def stop(self) -> None:
        """Ask for the end; the exchange under way is finished first."""
        self._stop.set()

    def run(self) -> None:
        """Send until stopped."""
        while not self._stop.is_set():
            try:
                with closing(self._connection()) as connection:
                    while not self._stop.wait(self.send_next(connection)):
                        pass
            except sqlite3.Error as error:
                self._letter_trouble = f"outbox: {error}"
                self._failures += 1
                self._stop.wait(self._pause_s())

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._state, timeout=_BUSY_S, isolation_level=None)
        # A letter that a power cut brings back is delivered again under its name; the pipeline's
        # transactions are synced by their own connection.
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def send_next(self, connection: sqlite3.Connection) -> float:
        """Try the next letter; give how long to wait before the one after it [s]."""
        self._attend(connection)
        letter = next_letter(connection, self._endpoint, self._now_s())
        if letter is None:
            return max(0.0, min(_IDLE_S, self._attends_at_s - self._now_s()))
        answer = self._courier.deliver(connection, letter, self._now_s())
        if answer.outcome is Outcome.DELIVERED:
            note_delivered(connection, self._endpoint, letter)
            self._letter_trouble, self._failures = "", 0
            return 0.0
        return self._put_back(connection, letter, answer)

    def _attend(self, connection: sqlite3.Connection) -> None:
        """Let the courier do what is due beside the letters."""
        now_s = self._now_s()
        if now_s < self._attends_at_s:
            return
        try:
            self._attends_at_s = now_s + self._courier.attend(connection, now_s)
            self._attend_trouble = ""
        except AttendFailed as failed:
            self._attends_at_s = now_s + _ATTEND_AGAIN_S
            self._attend_trouble = str(failed)

    def _put_back(self, connection: sqlite3.Connection, letter: Letter, answer: Answer) -> float:
        """Keep a letter that was not taken, or give it up; give how long the endpoint is left alone [s]."""
        now_s, patience = self._now_s(), self._patience
        is_failure = answer.outcome is Outcome.FAILED
        is_old = now_s - letter.put_at_s >= patience.give_up_after_s
        is_tried = is_failure and letter.attempts + 1 >= patience.attempts_at_most
        after_s = min(answer.retry_after_s or 0.0, _LONGEST_RETRY_AFTER_S)
        pause_s = 0.0
        if is_failure:
            self._letter_trouble = f"{self._courier.name}: {answer.words}"
            self._failures += 1
            pause_s = max(self._pause_s(), after_s)
            after_s = max(pause_s, self._jittered(letter.attempts + 1, patience.longest_letter_pause_s))
        if answer.outcome is Outcome.REFUSED or is_old or is_tried:
            note_dead(connection, self._endpoint, letter, answer.words, now_s)
        else:
            due_at_s = now_s + after_s
            note_failed(connection, self._endpoint, letter, answer.words, due_at_s, is_attempt=is_failure)
        return pause_s

    def _pause_s(self) -> float:
        return self._jittered(self._failures, self._patience.longest_pause_s)

    def _jittered(self, failures: int, longest_s: float) -> float:
        """Give a pause that doubles with each failure up to a cap, between half and all of it [s]."""
        whole_s = min(longest_s, self._patience.first_pause_s * 2.0 ** min(failures - 1, 40))
        return whole_s * self._rng.uniform(0.5, 1.0)
