"""Answers of a batch as bytes: what RFC 7252 has an answer repeat, and a code."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_columns import ACK, CON, HEAD_BYTES, NON, RST, TOKEN_BYTES, Flags, Heads, Ints
from narrowgate_gateway.coap_datagrams import Bytes, Datagrams
from narrowgate_gateway.coap_messages import Sender

RETRY_AFTER_S = 30
"""Max-Age of a 5.03 and a 4.29: when a device may come again [s]."""

RESET = 0xFF
"""Stands among codes for a reset, which has none."""

_MAX_AGE = np.frombuffer(bytes([0xD1, 14 - 13, RETRY_AFTER_S]), np.uint8)
_WIDTH = 16
_VERSION_BITS = 0x40
_TOO_MANY_REQUESTS, _SERVICE_UNAVAILABLE = 0x9D, 0xA3


@dataclass(frozen=True, slots=True)
class Askers:
    """Who waits for answers, and what these must repeat; it outlives the batch that it came in."""

    kinds: NDArray[np.uint8]
    message_ids: NDArray[np.uint16]
    token_lengths: Ints
    tokens: Bytes
    sources: Bytes
    pktinfo: Bytes | None
    connections: Ints | None = None
    """(n,) of a session; None where there is none."""

    @classmethod
    def of(cls, datagrams: Datagrams, heads: Heads, rows: NDArray[np.intp]) -> "Askers":
        """Give who sent some rows."""
        return cls(
            heads.kinds[rows],
            heads.message_ids[rows],
            heads.token_lengths[rows],
            heads.tokens[rows],
            datagrams.sources[rows],
            None if datagrams.pktinfo is None else datagrams.pktinfo[rows],
            None if datagrams.connections is None else datagrams.connections[rows],
        )

    def rows(self, which: NDArray[np.intp]) -> "Askers":
        """Give some of them."""
        return Askers(
            self.kinds[which],
            self.message_ids[which],
            self.token_lengths[which],
            self.tokens[which],
            self.sources[which],
            None if self.pktinfo is None else self.pktinfo[which],
            None if self.connections is None else self.connections[which],
        )

    def sender(self, row: int) -> Sender:
        """Give one of them, as who may be sent messages that are no answers."""
        return Sender.read(
            self.sources[row].tobytes(),
            None if self.pktinfo is None else self.pktinfo[row].tobytes(),
            None if self.connections is None else int(self.connections[row]),
        )

    @property
    def is_confirmable(self) -> Flags:
        """Tell which wait for an acknowledgement."""
        is_confirmable: Flags = self.kinds == CON
        return is_confirmable


def answers(askers: Askers, codes: NDArray[np.uint8], first_message_id: int) -> tuple[Bytes, Ints]:
    """Give (n, width) answers and their lengths [B].

    A code rides on the acknowledgement of a CON, and goes to a NON as a NON of its own; code 0 is a bare
    acknowledgement, and RESET the reset of a message that cannot be processed.

    Args:
        askers: n of them.
        codes: (n,).
        first_message_id: of the first message of its own; the next ones follow it.
    """
    n = len(codes)
    content = np.zeros((n, _WIDTH), np.uint8)
    is_confirmable = askers.is_confirmable
    lengths = np.where(codes == 0, 0, askers.token_lengths)
    content[:, 0] = _VERSION_BITS | np.where(is_confirmable, ACK, NON) << 4 | lengths
    content[:, 1] = codes
    own = (first_message_id + np.cumsum(~is_confirmable) - 1).astype(np.uint16)
    _put_message_ids(content, np.where(is_confirmable, askers.message_ids, own))
    content[:, HEAD_BYTES : HEAD_BYTES + TOKEN_BYTES] = askers.tokens
    is_reset = codes == RESET
    if is_reset.any():
        content[is_reset, 0], content[is_reset, 1], lengths[is_reset] = _VERSION_BITS | RST << 4, 0, 0
    lengths = lengths + HEAD_BYTES
    has_age = np.flatnonzero((codes == _TOO_MANY_REQUESTS) | (codes == _SERVICE_UNAVAILABLE))
    if len(has_age):
        places = lengths[has_age][:, None] + np.arange(len(_MAX_AGE))
        content[has_age[:, None], places] = _MAX_AGE
        lengths[has_age] += len(_MAX_AGE)
    return content, lengths


def _put_message_ids(content: Bytes, message_ids: NDArray[np.uint16]) -> None:
    content[:, 2] = message_ids >> 8
    content[:, 3] = message_ids & 0xFF
