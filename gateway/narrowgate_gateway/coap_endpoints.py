"""Addresses and ports of a batch's senders, as numbers and as the texts that the journal holds."""

import socket

import numpy as np
from numpy.typing import NDArray

from narrowgate_gateway.coap_datagrams import Bytes
from narrowgate_gateway.exchange_names import Endpoints, Ragged

_PORT = slice(2, 4)
_ADDRESS = slice(8, 24)
_IPV4 = slice(12, 16)
_MAPPED = np.frombuffer(bytes(10) + b"\xff\xff", np.uint8)
_IPV4_WIDTH = 24
_WIDTH = 48


def _padded(texts: list[str], width: int) -> Bytes:
    joined = "".join(text.ljust(width, "\0") for text in texts)
    return np.frombuffer(joined.encode(), np.uint8).reshape(-1, width)


def _halves(end: str) -> NDArray[np.uint64]:
    """Give the text of each two octets, by the number that they are in memory; zeros in it are nothing."""
    octets = _padded([str(octet) for octet in range(256)], 3)
    texts = np.zeros((256, 256, 8), np.uint8)
    texts[:, :, :3], texts[:, :, 4:7] = octets[:, None], octets[None]
    texts[:, :, 3], texts[:, :, 7] = ord("."), ord(end)
    first, second = np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2).T
    return texts[first, second].view(np.uint64)[:, 0]


_FIRST_HALF, _LAST_HALF = _halves("."), _halves(":")
_PORTS = _padded([str(port) for port in range(1 << 16)], 8).view(np.uint64)[:, 0]


def endpoints_of(sources: Bytes) -> Endpoints:
    """Give the senders of socket addresses, (n, SOURCE_BYTES)."""
    ports = np.ascontiguousarray(sources[:, _PORT]).view(">u2")[:, 0].astype(np.int64)
    return Endpoints(np.ascontiguousarray(sources[:, _ADDRESS]), ports)


def endpoint_texts(endpoints: Endpoints) -> Ragged:
    """Give `10.8.0.1:40000` or `[2001:db8::7]:40000` for each."""
    addresses, ports = endpoints.addresses, endpoints.ports
    is_ipv4 = (addresses[:, : len(_MAPPED)] == _MAPPED).all(axis=1)
    texts = np.zeros((len(ports), _IPV4_WIDTH if is_ipv4.all() else _WIDTH), np.uint8)
    words = texts.view(np.uint64)
    halves = np.ascontiguousarray(addresses[:, _IPV4]).view(np.uint16)
    words[:, 0], words[:, 1], words[:, 2] = _FIRST_HALF[halves[:, 0]], _LAST_HALF[halves[:, 1]], _PORTS[ports]
    for row in np.flatnonzero(~is_ipv4).tolist():
        address = socket.inet_ntop(socket.AF_INET6, addresses[row].tobytes())
        said = f"[{address}]:{ports[row]}".encode()
        texts[row] = np.frombuffer(said.ljust(_WIDTH, b"\0"), np.uint8)
    is_said = texts != 0
    lengths: NDArray[np.int64] = is_said.sum(axis=1)
    return Ragged(texts[is_said], np.cumsum(lengths) - lengths, lengths)
