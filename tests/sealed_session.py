"""A session layer without secrets: a mark, a connection's number, and the message with every bit turned."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_datagrams import Datagrams

MARK = 0xC1
HEAD_BYTES = 2


def sealed(connection: int, message: bytes) -> bytes:
    """Give a message as it goes over a connection."""
    return bytes([MARK, connection]) + bytes(byte ^ 0xFF for byte in message)


def opened(datagram: bytes) -> tuple[int, bytes]:
    """Give the connection and the message of a datagram."""
    assert datagram[0] == MARK
    return datagram[1], bytes(byte ^ 0xFF for byte in datagram[HEAD_BYTES:])


class SealedSession:
    """Stands for a session layer: connections are known beforehand, and nothing is kept of anybody else."""

    def __init__(self, devices: dict[int, str]) -> None:
        """Know who is behind each connection; '' who has proved nothing."""
        self._devices = devices
        self.strays = 0
        """Datagrams that were of no connection."""

    def open(self, datagrams: Datagrams) -> Datagrams:
        """Give what connections say."""
        content = datagrams.content
        is_ours = (content[:, 0] == MARK) & (datagrams.lengths >= HEAD_BYTES)
        is_ours &= np.isin(content[:, 1], list(self._devices))
        self.strays += int(np.count_nonzero(~is_ours))
        turned = np.zeros((int(is_ours.sum()), content.shape[1]), np.uint8)
        turned[:, :-HEAD_BYTES] = content[is_ours, HEAD_BYTES:] ^ 0xFF
        return replace(
            datagrams,
            content=turned,
            lengths=datagrams.lengths[is_ours] - HEAD_BYTES,
            is_cut=datagrams.is_cut[is_ours],
            sources=datagrams.sources[is_ours],
            pktinfo=None if datagrams.pktinfo is None else datagrams.pktinfo[is_ours],
            connections=content[is_ours, 1].astype(np.int64),
        )

    def identities(self, connections: NDArray[np.int64]) -> Sequence[str]:
        """Give who is behind connections."""
        return [self._devices[connection] for connection in connections.tolist()]

    def seal(
        self, content: NDArray[np.uint8], lengths: NDArray[np.int64], connections: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Give messages as they go over connections."""
        marks = np.full((len(content), 1), MARK, np.uint8)
        return np.hstack([marks, connections.astype(np.uint8)[:, None], content ^ 0xFF]), lengths + HEAD_BYTES
