"""Answers on their way out: bytes from codes, sealed by the session, by one system call."""

import socket
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_answers import Askers, answers
from narrowgate_gateway.coap_datagrams import Bytes, Outbox
from narrowgate_gateway.coap_session import Session


class Teller:
    """Answers by the batch; what the network refuses is lost, and the devices ask again."""

    def __init__(self, listening: socket.socket, session: Session, message_ids: Callable[[int], int]) -> None:
        """Answer from a listener's socket.

        Args:
            listening: the socket; it stays its owner's.
            session: seals what leaves.
            message_ids: gives the first of n message ids of our own.
        """
        self._outbox = Outbox(listening)
        self._session = session
        self._message_ids = message_ids

    def own_ids(self, askers: Askers) -> int:
        """Give the first of the message ids for answers to those that are not acknowledged."""
        own = int(np.count_nonzero(~askers.is_confirmable))
        return self._message_ids(own) if own else 0

    def tell(self, askers: Askers, codes: NDArray[np.uint8]) -> None:
        """Send each asker its code."""
        if len(codes):
            self.send(*answers(askers, codes, self.own_ids(askers)), askers)

    def send(self, content: Bytes, lengths: NDArray[np.int64], askers: Askers) -> None:
        """Send answers as they are."""
        if askers.connections is not None:
            content, lengths = self._session.seal(content, lengths, askers.connections)
        self._outbox.send(content, lengths, askers.sources, askers.pktinfo)
