"""One HTTP exchange with somebody else's server: bounded in time and bytes, over verified TLS.

Rule 1: no redirect is followed: what is sent goes to the configured address or nowhere.
Rule 2: a server's time is bounded as a whole, and no more of its answer is read than is asked for.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

_MOST_WORDS = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Reply:
    """What a server said."""

    status: int
    reason: str
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes
    """As far as was asked for."""

    @property
    def words(self) -> str:
        """Give its status in one line, and where a redirect leads."""
        words = f"{self.status} {self.reason}"
        if 300 <= self.status < 400:
            words += f" to {self.headers.get('location', 'nowhere')}: redirects are not followed"
        return plain(words)

    def retry_after_s(self, now_s: float) -> float | None:
        """Give how long it asks to be left alone [s], whether it said so in seconds or as a date."""
        text = self.headers.get("retry-after")
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


class ExchangeFailed(Exception):
    """There is no answer; the text says why, in one line."""

    def __init__(self, words: str, *, was_sent: bool) -> None:
        super().__init__(words)
        self.was_sent = was_sent
        """Whether the server may have what was sent."""


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


class Site:
    """A server."""

    def __init__(self, url: str, *, timeout_s: float = 10.0, ca_file: Path | None = None) -> None:
        """Take an address; nothing is opened.

        Args:
            url: https, or http on this machine.
            timeout_s: how long connecting may take, and then how long the whole exchange [s].
            ca_file: the certificates that are trusted, PEM; the system's if None.

        Raises:
            ValueError: the address cannot be used.
            OSError: the certificates cannot be read.
        """
        self._parts: SplitResult = urlsplit(checked_url(url))
        self._host = self._parts.hostname or ""
        self._port = self._parts.port or _PORTS[self._parts.scheme]
        self._timeout_s = timeout_s
        self._context: ssl.SSLContext | None = None
        if self._parts.scheme == "https":
            self._context = ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)

    @property
    def name(self) -> str:
        """Give its host and port, without path."""
        return f"{self._host}:{self._port}"

    @property
    def target(self) -> str:
        """Give the address's path and query."""
        path = self._parts.path or "/"
        return f"{path}?{self._parts.query}" if self._parts.query else path

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, *, most_bytes: int
    ) -> Reply:
        """Send one request and give the answer.

        Args:
            method: GET or POST.
            target: path and query.
            headers: further ones.
            body: what is sent; None for nothing.
            most_bytes: of the answer's body; what is beyond is not read.

        Raises:
            ExchangeFailed: there is no answer, or none in time.
        """
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        connection.default_port = _PORTS[self._parts.scheme]  # which the Host header does not name
        limit = _Limit(self._timeout_s, connection)
        was_sent = False
        try:
            connection.connect()
            limit.start()
            self._secure(connection)
            was_sent = True
            connection.request(method, target, body, {**_HEADERS, **headers})
            reply = _read(connection.getresponse(), most_bytes)
        except (OSError, http.client.HTTPException) as error:
            is_slow = limit.is_over or isinstance(error, TimeoutError)
            words = self._too_slow if is_slow else plain(f"{type(error).__name__}: {error}")
            raise ExchangeFailed(words, was_sent=was_sent) from None
        finally:
            limit.cancel()
            connection.close()
        if limit.is_over:
            raise ExchangeFailed(self._too_slow, was_sent=True)
        return reply

    def _secure(self, connection: http.client.HTTPConnection) -> None:
        """Put TLS on a connection; the handshake stands under the limit too."""
        if self._context is not None:
            secured = self._context.wrap_socket(
                connection.sock, server_hostname=self._host, do_handshake_on_connect=False
            )
            connection.sock = secured
            secured.do_handshake()

    @property
    def _too_slow(self) -> str:
        return f"no answer within {self._timeout_s:g} s"


_HEADERS = {"User-Agent": "narrowgate", "Connection": "close"}


def _read(response: http.client.HTTPResponse, most_bytes: int) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status, response.reason, headers, response.read(most_bytes) if most_bytes else b"")


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


def plain(words: str) -> str:
    """Give words of somebody else's as one printable line of bounded length."""
    line = " ".join(words.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:_MOST_WORDS]
