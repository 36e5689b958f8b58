"""Brings letters by mail: many at once, at times of the day, or soon where safety is at stake.

Rule 1: which letters a mail tells is kept before it leaves: after a crash the same mail goes again, under the
same name, so that a mailbox knows it again.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from narrowgate_cases.couriers import Answer, AttendFailed, Outcome
from narrowgate_cases.lifecycle import Step
from narrowgate_cases.mail_digest import Wording, digest
from narrowgate_cases.mail_left import SCHEMA, bring_left, keep_left, left_words, put_off
from narrowgate_cases.outbox import Letter, letters_of, note_delivered, waiting_letters
from narrowgate_cases.outbox_tables import transaction
from narrowgate_cases.smtp import MailFailed, MailServer
from narrowgate_schema.words import Severity

MOST_LETTERS = 500
"""Steps that one mail tells; more go into the next one."""
_LOOK_EVERY_S = 30.0
_LETTER_WAITS_S = 3600.0
_NEWS = (Step.REPORTED, Step.REOPENED, Step.WORSENED, Step.ESCALATED)
_SEVERITIES = tuple(Severity)

_SCHEMA = """CREATE TABLE IF NOT EXISTS mail_digests (
    endpoint TEXT PRIMARY KEY, last_at_s REAL NOT NULL, under_way TEXT NOT NULL, made_at_s REAL NOT NULL
) STRICT"""
_URGENT = f"""SELECT max(step), max(json_extract(body, '$.step') IN ({", ".join(f"'{s}'" for s in _NEWS)})
        AND json_extract(body, '$.severity') IN (SELECT value FROM json_each(?)))
    FROM outbox_deliveries JOIN outbox_letters USING (step)
    WHERE endpoint = ? AND died_at_s IS NULL AND step > ?"""  # noqa: S608 - a literal


@dataclass(frozen=True)
class Times:
    """When mails leave."""

    at: tuple[time, ...]
    """Times of the day, by the city's clock."""
    zone: ZoneInfo
    at_once_from: Severity | None = Severity.SAFETY
    """How much news must matter to leave soon; None: it waits whatever it is."""

    def after_s(self, last_s: float) -> float:
        """Give the first instant after another at which a mail leaves [s]."""
        day = datetime.fromtimestamp(last_s, self.zone).date()
        instants = [
            datetime.combine(day + timedelta(days), at, self.zone).timestamp()
            for days in range(3)
            for at in self.at
        ]
        return min(instant for instant in instants if instant > last_s)


@dataclass(frozen=True)
class _Under:
    """What is known of an endpoint's mails."""

    last_at_s: float
    steps: tuple[int, ...]
    """Of the mail under way; () if there is none."""
    made_at_s: float


class MailCourier:
    """One mailbox, or several that read the same."""

    def __init__(
        self,
        endpoint: str,
        server: MailServer,
        wording: Wording,
        times: Times,
        *,
        sender: str,
        recipients: Sequence[str],
    ) -> None:
        """Stand ready; nothing is opened.

        Args:
            endpoint: its name in the outbox.
            server: takes the mail.
            wording: how it speaks.
            times: when it leaves.
            sender: an address.
            recipients: addresses.
        """
        self._endpoint = endpoint
        self._server = server
        self._wording = wording
        self._times = times
        self._sender = sender
        self._recipients = tuple(recipients)
        self._seen = -1
        self._has_news = False
        self._refused = ""

    @property
    def name(self) -> str:
        """Give the mail server's name."""
        return self._server.name

    def deliver(self, connection: sqlite3.Connection, letter: Letter, now_s: float) -> Answer:
        """Let a letter wait for the mail that tells it."""
        return Answer(Outcome.WAITING, "waits for the next mail", _LETTER_WAITS_S)

    def attend(self, connection: sqlite3.Connection, now_s: float) -> float:
        """Send what is due; give after how long to come again [s].

        Raises:
            AttendFailed: the server did not take it, or not for everybody.
        """
        known = self._known(connection, now_s)
        bring_left(connection, self._endpoint, self._server, now_s)
        self._look_for_news(connection)
        if known.steps or self._has_news or now_s >= self._times.after_s(known.last_at_s):
            known = self._send(connection, known, now_s)
        left = next(left_words(connection, self._endpoint), "")
        if self._refused or left:
            raise AttendFailed(self._refused or f"{self._server.name}: not yet for {left}")
        return min(_LOOK_EVERY_S, max(1.0, self._times.after_s(known.last_at_s) - now_s))

    def _send(self, connection: sqlite3.Connection, known: _Under, now_s: float) -> _Under:
        """Send the mail that is under way, if there is one, and what waits beside it."""
        letters = letters_of(connection, self._endpoint, known.steps)
        while letters or (letters := self._gathered(connection, known.last_at_s, now_s)):
            self._bring(connection, letters, known.made_at_s if known.steps else now_s, now_s)
            note_delivered(connection, self._endpoint, *letters)
            letters, known = [], _Under(known.last_at_s, (), now_s)
        self._has_news = False
        known = _Under(now_s, (), now_s)
        self._keep(connection, known)
        return known

    def _gathered(self, connection: sqlite3.Connection, last_at_s: float, now_s: float) -> list[Letter]:
        """Give what waits, once it is kept which mail tells it."""
        letters = waiting_letters(connection, self._endpoint, MOST_LETTERS)
        self._keep(connection, _Under(last_at_s, tuple(letter.step for letter in letters), now_s))
        return letters

    def _bring(
        self, connection: sqlite3.Connection, letters: Sequence[Letter], made_at_s: float, now_s: float
    ) -> None:
        message = digest(
            letters, self._wording, sender=self._sender, recipients=self._recipients, made_at_s=made_at_s
        )
        try:
            refused = self._server.send(message)
        except MailFailed as failed:
            raise AttendFailed(f"{self._server.name}: {failed}") from None
        left = put_off(refused)
        if left:
            with transaction(connection):
                keep_left(connection, self._endpoint, message, left, now_s)
        told = "; ".join(f"{to}: {words}" for to, words in sorted(refused.items()) if to not in left)
        self._refused = f"{self._server.name}: not for {told}" if told else ""

    def _look_for_news(self, connection: sqlite3.Connection) -> None:
        """Look among the letters that came since the last look for one that cannot wait."""
        least = self._times.at_once_from
        severities = _SEVERITIES[_SEVERITIES.index(least) :] if least is not None else ()
        asked = (json.dumps(severities), self._endpoint, self._seen)
        newest, is_news = connection.execute(_URGENT, asked).fetchone()
        self._seen = self._seen if newest is None else int(newest)
        self._has_news = self._has_news or bool(is_news)

    def _known(self, connection: sqlite3.Connection, now_s: float) -> _Under:
        """Give what is known; an endpoint that is new begins now, and has sent nothing."""
        connection.execute(_SCHEMA)
        connection.execute(SCHEMA)
        row = connection.execute(
            "SELECT last_at_s, under_way, made_at_s FROM mail_digests WHERE endpoint = ?", (self._endpoint,)
        ).fetchone()
        if row is not None:
            last_at_s, under_way, made_at_s = row
            return _Under(min(last_at_s, now_s), tuple(json.loads(under_way)), made_at_s)
        known = _Under(now_s, (), now_s)
        self._keep(connection, known)
        return known

    def _keep(self, connection: sqlite3.Connection, known: _Under) -> None:
        row = (self._endpoint, known.last_at_s, json.dumps(known.steps), known.made_at_s)
        with transaction(connection):
            connection.execute("INSERT OR REPLACE INTO mail_digests VALUES (?, ?, ?, ?)", row)
