"""One POST of a letter to an outside case system, signed, and what came of it: see `http_exchange`."""

import hmac
import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from math import inf
from pathlib import Path

from narrowgate_cases.couriers import DELIVERED, Answer, Outcome
from narrowgate_cases.http_exchange import ExchangeFailed, Site
from narrowgate_cases.outbox import Letter

LEAST_SECRET_BYTES = 16
MOST_SECRETS = 2


def secrets_in(text: str) -> tuple[bytes, ...]:
    """Give the secrets of a text, one a line: two at most, so that one can be changed without a gap.

    Raises:
        ValueError: there is none, too many, or a short one; the words do not show them.
    """
    secrets = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
    if not 1 <= len(secrets) <= MOST_SECRETS:
        raise ValueError(f"one or two lines of a secret each, not {len(secrets)}")
    if any(len(secret) < LEAST_SECRET_BYTES for secret in secrets):
        raise ValueError(f"a secret has {LEAST_SECRET_BYTES} bytes or more")
    return secrets


def signature(secrets: Sequence[bytes], timestamp: str, body: bytes) -> str:
    """Give the signature header: HMAC-SHA256 over timestamp, a dot and the body, one for each secret."""
    signed = timestamp.encode() + b"." + body
    return ", ".join(f"v1={hmac.new(secret, signed, sha256).hexdigest()}" for secret in secrets)


class Endpoint:
    """A receiver: a courier that posts each letter once it is signed."""

    def __init__(
        self, url: str, secrets: Sequence[bytes], *, timeout_s: float = 10.0, ca_file: Path | None = None
    ) -> None:
        """Take an address; nothing is opened.

        Args:
            url: https, or http on this machine.
            secrets: one or two.
            timeout_s: how long one POST may take in all once it is connected, and how long connecting [s].
            ca_file: the certificates that are trusted, PEM; the system's if None.

        Raises:
            ValueError: the address cannot be used.
            OSError: the certificates cannot be read.
        """
        self._site = Site(url, timeout_s=timeout_s, ca_file=ca_file)
        self._secrets = tuple(secrets)

    @property
    def name(self) -> str:
        """Give the receiver's host and port, without its path."""
        return self._site.name

    def deliver(self, connection: sqlite3.Connection, letter: Letter, now_s: float) -> Answer:
        """POST a letter once."""
        return self.post(letter.delivery, letter.body, now_s)

    def attend(self, connection: sqlite3.Connection, now_s: float) -> float:
        """Do nothing: a receiver is told, and asked nothing."""
        return inf

    def post(self, delivery: str, body: str, now_s: float) -> Answer:
        """POST a letter once.

        Args:
            delivery: the letter's name, the same at every try.
            body: JSON.
            now_s: Unix time that the signature carries [s].
        """
        content = body.encode()
        try:
            headers = self._headers(delivery, content, now_s)
            reply = self._site.exchange("POST", self._site.target, headers, content, most_bytes=0)
        except ExchangeFailed as failed:
            return Answer(Outcome.FAILED, str(failed))
        if 200 <= reply.status < 300:
            return DELIVERED
        return Answer(Outcome.FAILED, reply.words, reply.retry_after_s(now_s))

    def _headers(self, delivery: str, body: bytes, now_s: float) -> dict[str, str]:
        timestamp = str(int(now_s))
        return {
            "Content-Type": "application/json",
            "Idempotency-Key": f'"{delivery}"',
            "Narrowgate-Timestamp": timestamp,
            "Narrowgate-Signature": signature(self._secrets, timestamp, body),
        }
