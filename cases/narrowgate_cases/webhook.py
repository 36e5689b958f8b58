"""One POST of a letter to an outside case system, signed, over verified TLS, and what came of it.

Rule 1: no redirect is followed: a signed letter goes to the configured address or nowhere.
Rule 2: a receiver's time is bounded, and of its answer nothing is read but the status and headers.
"""

import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

LEAST_SECRET_BYTES = 16
MOST_SECRETS = 2
_MOST_WORDS = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Answer:
    """What came of a POST."""

    is_delivered: bool
    words: str
    """Why not, in one line; empty if it was."""
    retry_after_s: float | None = None
    """How long the receiver asks to be left alone [s]."""


def checked_url(url: str) -> str:
    """Give a receiver's address back.

    Raises:
        ValueError: it is none, not https (plain http is for this machine only), or carries a password.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError as error:
        raise ValueError(f"no address such as https://cases.example/hook: {error}") from None
    if parts.scheme not in _PORTS or not host:
        raise ValueError("no address such as https://cases.example/hook")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ValueError("https only: plain http is for a receiver on this machine")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a secret does not belong into an address: use secret_file or secret_env")
    if parts.fragment or not url.isprintable() or " " in url:
        raise ValueError("no fragment, space or control character belongs into an address")
    return url


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
    """A receiver."""

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
        self._parts: SplitResult = urlsplit(checked_url(url))
        self._host = self._parts.hostname or ""
        self._port = self._parts.port or _PORTS[self._parts.scheme]
        self._secrets = tuple(secrets)
        self._timeout_s = timeout_s
        self._context: ssl.SSLContext | None = None
        if self._parts.scheme == "https":
            self._context = ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)

    @property
    def name(self) -> str:
        """Give the receiver's host and port, without its path."""
        return f"{self._host}:{self._port}"

    def post(self, delivery: str, body: str, now_s: float) -> Answer:
        """POST a letter once.

        Args:
            delivery: the letter's name, the same at every try.
            body: JSON.
            now_s: Unix time that the signature carries [s].
        """
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        connection.default_port = _PORTS[self._parts.scheme]  # which the Host header does not name
        limit = _Limit(self._timeout_s, connection)
        try:
            connection.connect()
            limit.start()
            self._secure(connection)
            connection.request("POST", self._target(), body.encode(), self._headers(delivery, body, now_s))
            answer = _judged(connection.getresponse(), now_s)
            return answer if not limit.is_over else self._too_slow()
        except (OSError, http.client.HTTPException) as error:
            is_slow = limit.is_over or isinstance(error, TimeoutError)
            return self._too_slow() if is_slow else Answer(False, _plain(f"{type(error).__name__}: {error}"))
        finally:
            limit.cancel()
            connection.close()

    def _secure(self, connection: http.client.HTTPConnection) -> None:
        """Put TLS on a connection; the handshake stands under the limit too."""
        if self._context is not None:
            secured = self._context.wrap_socket(
                connection.sock, server_hostname=self._host, do_handshake_on_connect=False
            )
            connection.sock = secured
            secured.do_handshake()

    def _too_slow(self) -> Answer:
        return Answer(False, f"no answer within {self._timeout_s:g} s")

    def _target(self) -> str:
        path = self._parts.path or "/"
        return f"{path}?{self._parts.query}" if self._parts.query else path

    def _headers(self, delivery: str, body: str, now_s: float) -> dict[str, str]:
        timestamp = str(int(now_s))
        return {
            "Content-Type": "application/json",
            "User-Agent": "narrowgate",
            "Connection": "close",
            "Idempotency-Key": f'"{delivery}"',
            "Narrowgate-Timestamp": timestamp,
            "Narrowgate-Signature": signature(self._secrets, timestamp, body.encode()),
        }


class _Limit(threading.Timer):
    """Ends an exchange that takes too long: one slow byte after another must not hold the sender."""

    def __init__(self, seconds: float, connection: http.client.HTTPConnection) -> None:
        super().__init__(seconds, self._cut)
        self.daemon = True
        self._connection = connection
        self.is_over = False

    def _cut(self) -> None:
        self.is_over = True
        if self._connection.sock is not None:
            with suppress(OSError):
                # Not the TLS socket's own method, which takes it apart under the thread that reads.
                socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)


def _judged(response: http.client.HTTPResponse, now_s: float) -> Answer:
    if 200 <= response.status < 300:
        return Answer(True, "")
    words = f"{response.status} {response.reason}"
    if 300 <= response.status < 400:
        words += f" to {response.headers.get('Location', 'nowhere')}: redirects are not followed"
    return Answer(False, _plain(words), _retry_after_s(response.headers.get("Retry-After"), now_s))


def _retry_after_s(text: str | None, now_s: float) -> float | None:
    """Give a Retry-After in seconds from now, whether it was said in seconds or as a date."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text.strip()[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.fromtimestamp(now_s, UTC)).total_seconds())


def _plain(words: str) -> str:
    line = " ".join(words.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:_MOST_WORDS]
