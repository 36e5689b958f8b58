"""The seam between a listener's socket and its parser, where a session layer such as DTLS belongs.

Batch in, batch out: a session opens what came and seals what leaves, and says who a peer has proved to be.
What it proves is journalled as `authenticated_as`, and judged by the door.

Rule 1: what is no message of an open session (handshakes, what does not authenticate) never reaches the
parser; the session answers it itself.
Rule 2: an identity is a device's name or nothing; nobody is believed who only says so.
Rule 3: a session's memory has a bound set at its start: what strangers begin must not grow it.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_datagrams import Bytes, Datagrams

NOBODY = -1
"""The connection of a peer that has none."""

Connections = NDArray[np.int64]


class Session(Protocol):
    """What lies between datagrams and messages."""

    def open(self, datagrams: Datagrams) -> Datagrams:
        """Give the messages of a batch with the connection of each; none may be left.

        The rows need not be those that came, and a connection outlives its peer's address (RFC 9146).
        """
        ...

    def identities(self, connections: Connections) -> Sequence[str]:
        """Give who each peer has proved to be, (n,); '' who has proved nothing."""
        ...

    def seal(
        self, content: Bytes, lengths: NDArray[np.int64], connections: Connections
    ) -> tuple[Bytes, NDArray[np.int64]]:
        """Give messages, (n, width), and their lengths [B] as they go out to their connections."""
        ...


class Plain:
    """No session: messages as they are, of peers that have proved nothing (NoSec, RFC 7252, 9)."""

    def open(self, datagrams: Datagrams) -> Datagrams:
        """Give the batch."""
        return datagrams

    def identities(self, connections: Connections) -> Sequence[str]:
        """Give nobody."""
        return [""] * len(connections)

    def seal(
        self, content: Bytes, lengths: NDArray[np.int64], connections: Connections
    ) -> tuple[Bytes, NDArray[np.int64]]:
        """Give the messages."""
        return content, lengths
