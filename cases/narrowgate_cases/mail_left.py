"""Mails that a server took for some, and asked to bring again later for others: greylisting, a full mailbox.

Rule 1: whom a mail has reached gets it once; who is left gets the very same one.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from narrowgate_cases.outbox_tables import transaction
from narrowgate_cases.smtp import MailFailed, MailServer

AGAIN_AFTER_S = 300.0
GIVEN_UP_AFTER_S = 4 * 3600.0
_MOST_LEFT = 100
"""Mails that are kept for those who are left; beyond them the oldest are given up."""

SCHEMA = """CREATE TABLE IF NOT EXISTS mail_left (
    id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, mail BLOB NOT NULL, recipients TEXT NOT NULL,
    since_s REAL NOT NULL, again_at_s REAL NOT NULL, words TEXT NOT NULL
) STRICT"""


def put_off(refused: Mapping[str, str]) -> dict[str, str]:
    """Give the recipients that a server put off: SMTP's 4xx (RFC 5321, 4.2.1)."""
    return {to: words for to, words in refused.items() if words.startswith("4")}


def keep_left(
    connection: sqlite3.Connection, endpoint: str, mail: EmailMessage, left: Mapping[str, str], now_s: float
) -> None:
    """Keep a mail for those who are left, in the caller's transaction."""
    connection.execute(
        "INSERT INTO mail_left (endpoint, mail, recipients, since_s, again_at_s, words)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (endpoint, mail.as_bytes(), json.dumps(sorted(left)), now_s, now_s + AGAIN_AFTER_S, _told(left)),
    )
    connection.execute(
        "DELETE FROM mail_left WHERE endpoint = ?1 AND id <= (SELECT id FROM mail_left WHERE endpoint = ?1"
        " ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        (endpoint, _MOST_LEFT),
    )


def bring_left(connection: sqlite3.Connection, endpoint: str, server: MailServer, now_s: float) -> None:
    """Bring what is due to those who are left; what is too old is given up."""
    due = connection.execute(
        "SELECT id, mail, recipients, since_s FROM mail_left WHERE endpoint = ? AND again_at_s <= ?"
        " ORDER BY id",
        (endpoint, now_s),
    ).fetchall()
    for row, mail, recipients, since_s in due:
        left = _brought(server, mail, json.loads(recipients))
        with transaction(connection):
            if not left or now_s - since_s >= GIVEN_UP_AFTER_S:
                connection.execute("DELETE FROM mail_left WHERE id = ?", (row,))
            else:
                connection.execute(
                    "UPDATE mail_left SET recipients = ?, words = ?, again_at_s = ? WHERE id = ?",
                    (json.dumps(sorted(left)), _told(left), now_s + AGAIN_AFTER_S, row),
                )


def left_words(connection: sqlite3.Connection, endpoint: str) -> Iterator[str]:
    """Yield who does not have a mail yet, and why, the newest first."""
    for (words,) in connection.execute(
        "SELECT DISTINCT words FROM mail_left WHERE endpoint = ? ORDER BY id DESC", (endpoint,)
    ):
        yield str(words)


def _brought(server: MailServer, mail: bytes, recipients: list[str]) -> dict[str, str]:
    """Give who is still left."""
    message = message_from_bytes(mail, policy=SMTP)
    try:
        return put_off(server.send(message, recipients))
    except MailFailed as failed:
        return dict.fromkeys(recipients, str(failed))


def _told(left: Mapping[str, str]) -> str:
    return "; ".join(f"{to}: {words}" for to, words in sorted(left.items()))
