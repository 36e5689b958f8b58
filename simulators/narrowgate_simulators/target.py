"""Where a gateway listens: a coap://, mqtt://, mqtts:// or udp:// address."""

from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

COAP_PORT = 5683
PORTS: dict[str, int | None] = {"coap": COAP_PORT, "mqtt": 1883, "mqtts": 8883, "udp": None}
"""The schemes that are spoken, with the port where an address names none; raw UDP has no such port."""
_WITH_USER = ("mqtt", "mqtts")
_RIGHT = (
    "a target is coap://HOST[:PORT], mqtt://[USER@]HOST[:PORT], mqtts://[USER@]HOST[:PORT] or udp://HOST:PORT"
)


class Target(NamedTuple):
    """Host and port of a gateway or its broker, and how it is spoken to."""

    host: str
    port: int
    scheme: str = "coap"
    user: str | None = None
    """Name at an MQTT broker; the password is never part of an address."""

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read a target such as coap://127.0.0.1:5683, mqtt://meters@broker or udp://[::1]:5000.

        Raises:
            ValueError: it is no such address; says what would be right.
        """
        parts = _split(text)
        shown = parts.geturl()
        if parts.scheme not in PORTS:
            raise ValueError(f"{shown!r}: scheme {parts.scheme!r} is not spoken here; {_RIGHT}")
        port = PORTS[parts.scheme] if parts.port is None else parts.port
        if not parts.hostname or not port:
            raise ValueError(f"{shown!r}: no {'port' if parts.hostname else 'host'}; {_RIGHT}")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"{shown!r}: holds more than host and port; {_RIGHT}")
        if "@" in parts.netloc and (parts.scheme not in _WITH_USER or not parts.username):
            raise ValueError(f"{shown!r}: has no use for a user; {_RIGHT}")
        user = None if parts.username is None else unquote(parts.username)
        return cls(parts.hostname, port, parts.scheme, user)

    def __str__(self) -> str:
        """Give the address as it is written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = "" if self.user is None else f"{self.user}@"
        return f"{self.scheme}://{user}{host}:{self.port}"


def _split(text: str) -> SplitResult:
    """Cut an address into its parts; what holds a password is refused without showing it."""
    try:
        parts = urlsplit(text)
        holds_password = parts.password is not None
        if not holds_password:
            (parts.hostname or "").encode("idna")
            _ = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; {_RIGHT}") from error
    if holds_password:
        where = f"{parts.scheme}://{parts.username or ''}:…@{parts.hostname}"
        raise ValueError(f"{where!r}: a password has no place in an address, give it by file; {_RIGHT}")
    return parts
