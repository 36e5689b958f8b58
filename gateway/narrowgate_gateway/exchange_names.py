"""Names of exchanges: 64 bits for endpoint, message id, token and payload, for a whole batch at once.

A sum of 32-bit words, each times a secret 64-bit number, of which the upper half counts (multilinear hashing;
Carter and Wegman 1979, Lemire and Kaser 2014), twice over: two different messages share a name with a chance
of 2^-64 whoever chose them, as long as the numbers are not known. They are drawn at each start.
"""

import secrets
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ADDRESS_BYTES = 16
TOKEN_BYTES = 8
NO_MESSAGE_ID = -1

_WORD = 4
_FIXED_WORDS = 10
_CLASSES = (64, 256, 1280, 1 << 16)
"""Payloads are padded to the longest of their class: one that is long makes the short ones no dearer."""
_CLASS_ROWS = (1 << 20, 1 << 12, 1 << 10, 16)
_IPV4_MAPPED = bytes(10) + b"\xff\xff"

_NUMBERS = np.frombuffer(
    secrets.token_bytes(16 * (1 + _FIXED_WORDS + _CLASSES[-1] // _WORD)), np.uint64
).reshape(-1, 2)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Who sends, row by row."""

    addresses: NDArray[np.uint8]
    """(n, ADDRESS_BYTES), IPv4 mapped into IPv6."""
    ports: NDArray[np.int64]

    @classmethod
    def of(cls, addresses: Sequence[str], ports: Sequence[int]) -> "Endpoints":
        """Give endpoints from texts; what is no address has a name of its own."""
        packed = b"".join(map(_packed, addresses))
        rows = np.frombuffer(packed, np.uint8).reshape(-1, ADDRESS_BYTES)
        return cls(rows, np.array(ports, np.int64))


@dataclass(frozen=True, slots=True)
class Ragged:
    """Byte strings of n rows, anywhere in an array of bytes."""

    flat: NDArray[np.uint8]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    block: NDArray[np.uint8] | None = None
    """(n, width) the same strings, where somebody knows that all are as long and lie evenly."""

    @classmethod
    def even(cls, block: NDArray[np.uint8]) -> "Ragged":
        """Give the rows of a matrix, copied."""
        n, width = block.shape
        own = block.copy()
        return cls(own.reshape(-1), np.arange(n) * width, np.full(n, width), own)

    @classmethod
    def of(cls, strings: Sequence[bytes]) -> "Ragged":
        """Join byte strings."""
        lengths = np.fromiter(map(len, strings), np.int64, len(strings))
        return cls(np.frombuffer(b"".join(strings), np.uint8), np.cumsum(lengths) - lengths, lengths)

    def padded(self, width: int) -> NDArray[np.uint8]:
        """Give (n, width) with zeros behind each string, cut where it is longer."""
        if self.block is not None:
            rows: NDArray[np.uint8] = np.zeros((len(self.block), width), np.uint8)
            held = min(width, self.block.shape[1])
            rows[:, :held] = self.block[:, :held]
            return rows
        columns = np.arange(width)
        inside = columns < self.lengths[:, None]
        if len(self.flat) == 0:
            return np.zeros(inside.shape, np.uint8)
        places = self.starts[:, None] + columns
        # Behind the last string there is nothing to read.
        np.minimum(places, len(self.flat) - 1, out=places)
        rows = self.flat[places] * inside
        return rows

    def packed(self) -> NDArray[np.uint8]:
        """Give the strings one behind the other."""
        if len(self.lengths) == 0:
            return np.zeros(0, np.uint8)
        if self.block is not None:
            return self.block.reshape(-1)
        ends = np.cumsum(self.lengths)
        if ends[-1] == 0:
            return np.zeros(0, np.uint8)
        moves = np.repeat(self.starts - ends + self.lengths, self.lengths)
        moves += np.arange(ends[-1])
        strings: NDArray[np.uint8] = self.flat[moves]
        return strings

    def rows(self, which: NDArray[np.intp]) -> "Ragged":
        """Give some of the strings."""
        block = None if self.block is None else self.block[which]
        return Ragged(self.flat, self.starts[which], self.lengths[which], block)


def exchange_names(
    endpoints: Endpoints, message_ids: NDArray[np.int64], tokens: Ragged, payloads: Ragged
) -> NDArray[np.uint64]:
    """Give the name of each exchange; never 0.

    Args:
        endpoints: n senders.
        message_ids: (n,); NO_MESSAGE_ID where there is none.
        tokens: n tokens; bytes behind the eighth do not count.
        payloads: n payloads; bytes behind the 64th KiB do not count, their number does.
    """
    n = len(message_ids)
    words = np.empty((n, _FIXED_WORDS), np.uint64)
    short = _shortened(tokens, TOKEN_BYTES)
    words[:, :4] = np.ascontiguousarray(endpoints.addresses).view(np.uint32)
    words[:, 4] = endpoints.ports
    words[:, 5] = message_ids + 1
    words[:, 6:8] = short.padded(TOKEN_BYTES).view(np.uint32)
    words[:, 8], words[:, 9] = tokens.lengths, payloads.lengths
    sums = words @ _NUMBERS[1 : 1 + _FIXED_WORDS] + _NUMBERS[0]
    if n and payloads.lengths.max() <= _CLASSES[0]:
        return _joined(sums + _payload_sums(payloads))
    payloads = _shortened(payloads, _CLASSES[-1])
    for shortest, longest, most in zip((-1, *_CLASSES), _CLASSES, _CLASS_ROWS, strict=False):
        members = np.flatnonzero((payloads.lengths > shortest) & (payloads.lengths <= longest))
        for start in range(0, len(members), most):
            rows = members[start : start + most]
            sums[rows] += _payload_sums(payloads.rows(rows))
    return _joined(sums)


def _shortened(strings: Ragged, longest: int) -> Ragged:
    """Give strings up to a length."""
    if len(strings.lengths) == 0 or strings.lengths.max() <= longest:
        return strings
    return Ragged(strings.flat, strings.starts, np.minimum(strings.lengths, longest))


def _joined(sums: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Give names from the upper halves of two sums."""
    names: NDArray[np.uint64] = (sums[:, 0] & np.uint64(0xFFFFFFFF00000000)) | sums[:, 1] >> np.uint64(32)
    np.maximum(names, np.uint64(1), out=names)
    return names


def _payload_sums(payloads: Ragged) -> NDArray[np.uint64]:
    width = -(-int(payloads.lengths.max()) // _WORD) * _WORD
    words = payloads.padded(width).view(np.uint32).astype(np.uint64)
    first = 1 + _FIXED_WORDS
    sums: NDArray[np.uint64] = words @ _NUMBERS[first : first + words.shape[1]]
    return sums


def _packed(address: str) -> bytes:
    """Give an address as 16 bytes; a text that is none (a broker's client) as far as it goes."""
    for family, before in ((socket.AF_INET, _IPV4_MAPPED), (socket.AF_INET6, b"")):
        try:
            return before + socket.inet_pton(family, address)
        except OSError:
            continue
    return address.encode()[-ADDRESS_BYTES:].rjust(ADDRESS_BYTES, b"\0")


def split_endpoints(endpoints: Iterable[str]) -> Endpoints:
    """Give endpoints as the journal writes them: `10.8.0.1:40000`, `[2001:db8::7]:40000`."""
    known: dict[str, tuple[str, int]] = {}
    rows = []
    for endpoint in endpoints:
        if endpoint not in known:
            address, _, port = endpoint.rpartition(":")
            known[endpoint] = address.strip("[]"), int(port) if port.isdecimal() else 0
        rows.append(known[endpoint])
    return Endpoints.of([address for address, _ in rows], [port for _, port in rows])
