"""Where a gateway listens, as a coap:// address."""

from typing import NamedTuple
from urllib.parse import urlsplit

COAP_PORT = 5683


class Target(NamedTuple):
    """Host and UDP port of a CoAP server."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read a target such as coap://127.0.0.1:5683 or coap://[::1].

        Raises:
            ValueError: it is no such address; says what would be right.
        """
        right = "a target is coap://HOST[:PORT]"
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
            (host or "").encode("idna")
        except ValueError as error:
            raise ValueError(f"{text!r}: {error}; {right}") from error
        if parts.scheme != "coap":
            raise ValueError(f"{text!r}: scheme {parts.scheme!r} is not spoken here; {right}")
        if not host or port == 0:
            raise ValueError(f"{text!r}: no {'host' if not host else 'port 0'}; {right}")
        if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(f"{text!r}: holds more than host and port; {right}")
        return cls(host, COAP_PORT if port is None else port)

    def __str__(self) -> str:
        """Give the address as it is written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"coap://{host}:{self.port}"
