"""The plain uplinks of a batch, as the door judges them and the journal holds them.

They are copied out of the datagrams once: the next batch may come while these are on their way to the disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_fleet import Fleet
from narrowgate_gateway.arrivals import NUMBER, Trust
from narrowgate_gateway.coap_columns import CON, Flags, Heads, Ints, Options
from narrowgate_gateway.coap_datagrams import Bytes, Datagrams
from narrowgate_gateway.coap_endpoints import endpoint_texts, endpoints_of
from narrowgate_gateway.coap_paths import Matched, PathColumns
from narrowgate_gateway.exchange_names import Endpoints, Ragged, exchange_names
from narrowgate_gateway.rates import Rates
from narrowgate_gateway.source_places import SOURCE_PLACES, source_places
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_schema.words import Answer, Transport

BURST_S = 60.0
"""How long a sender may save its allowance up [s]."""
_SCHEMA = on_disk_schema(Kind.UPLINKS)
_COLUMNS = tuple((field.name, field.type) for field in _SCHEMA)
_INSTANT = _SCHEMA.field("received_at").type
_SIZES = 256
"""Columns that are the same throughout, of which so many are kept to be used again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a listener takes of one sender; None where it does not matter."""

    devices: Rates | None = None
    """By device slot."""
    sources: Rates | None = None
    """By source address, all of an IPv6 /64 as one; some may share a place of SOURCE_PLACES."""

    @classmethod
    def of(cls, device_per_s: float, source_per_s: float) -> "Limits":
        """Give limits from rates [1/s]; 0 is none."""
        return cls(
            Rates(device_per_s, device_per_s * BURST_S) if device_per_s else None,
            Rates(source_per_s, source_per_s * BURST_S, SOURCE_PLACES) if source_per_s else None,
        )


class Uplinks:
    """A batch for the door."""

    def __init__(
        self,
        trust: Trust,
        limits: Limits,
        datagrams: Datagrams,
        heads: Heads,
        rows: NDArray[np.intp],
        identities: Sequence[str] | None = None,
    ) -> None:
        """Take the heads of some rows of datagrams, and who has proved to be whom; `read` takes the rest."""
        self._trust = trust
        self._identities = identities
        self.wants_identity = trust.wants_identity
        self._limits = limits
        self._endpoints = endpoints_of(datagrams.sources[rows])
        self._message_ids = heads.message_ids[rows].astype(np.int64)
        self._tokens = Ragged(
            heads.tokens[rows].reshape(-1),
            np.arange(len(rows)) * heads.tokens.shape[1],
            heads.token_lengths[rows],
        )
        self.confirmable: Flags = heads.kinds[rows] == CON

    def read(
        self,
        flat: Bytes,
        ends: Ints,
        options: Options,
        paths: PathColumns,
        matched: Matched,
        at: NDArray[np.intp],
    ) -> None:
        """Take paths and payloads.

        Args:
            flat: the bytes that places count in.
            ends: (m,) where the requests end.
            options: of m requests.
            paths: the listener's.
            matched: what the m paths say.
            at: which of the m are the uplinks.
        """
        self._payloads = _copied(_payloads(flat, ends, options).rows(at))
        self._devices = _copied(matched.devices.rows(at))
        self._paths = paths.texts(flat, options, at)
        self._ports = matched.ports[at] if paths.captures_port else None

    def __len__(self) -> int:
        """Give their number."""
        return len(self._message_ids)

    def devices(self, rows: NDArray[np.intp]) -> list[str]:
        """Give the devices that some claim to be of."""
        return _texts(self._devices.rows(rows))

    def exchanges(self, rows: NDArray[np.intp]) -> list[str]:
        """Give names of some exchanges that hold beyond a restart, as the queue keeps them."""
        senders = Endpoints(self._endpoints.addresses[rows], self._endpoints.ports[rows])
        return list(
            map(
                exchange_text,
                self.devices(rows),
                _texts(endpoint_texts(senders)),
                self._message_ids[rows].tolist(),
                _pieces(self._tokens.rows(rows)),
                _pieces(self._payloads.rows(rows)),
            )
        )

    def slots(self, fleet: Fleet) -> NDArray[np.int32]:
        """Give the slots of the devices that they claim to be of."""
        longest = int(self._devices.lengths.max(initial=0))
        return fleet.slots_of_encoded(self._devices.padded(longest), self._devices.lengths)

    def identities(self) -> Sequence[str] | None:
        """Give who the senders have proved to be; None where there is no session."""
        return self._identities

    def judged(self) -> NDArray[np.uint8]:
        """Give the answers that the listener's facts alone give; its networks are judged before."""
        is_long = self._payloads.lengths > self._trust.max_payload_bytes
        return np.where(is_long, NUMBER[Answer.TOO_LARGE], NUMBER[Answer.KEPT])

    def names(self) -> NDArray[np.uint64]:
        """Give the exchanges' names."""
        return exchange_names(self._endpoints, self._message_ids, self._tokens, self._payloads)

    def too_fast(
        self, rows: NDArray[np.intp], slots: NDArray[np.int32], now_s: float
    ) -> NDArray[np.bool_] | None:
        """Tell which are beyond the rate of their source or their device."""
        limits = self._limits
        if limits.sources is None and limits.devices is None:
            return None
        too_fast = np.zeros(len(rows), np.bool_)
        if limits.sources is not None:
            too_fast |= limits.sources.exceeded(source_places(self._endpoints.addresses[rows]), now_s)
        if limits.devices is not None:
            rest = np.flatnonzero(~too_fast & (slots >= 0))
            too_fast[rest] = limits.devices.exceeded(slots[rest].astype(np.int64), now_s)
        return too_fast

    def from_sources(self, rows: NDArray[np.intp]) -> tuple[str, Ints, Ints]:
        """Give the listener, and of some rows the places of their sources and the sizes of their payloads."""
        places = source_places(self._endpoints.addresses[rows])
        return self._trust.listener, places, self._payloads.lengths[rows]

    def uplinks(self, rows: NDArray[np.intp], received_at_us: NDArray[np.int64]) -> pa.RecordBatch:
        """Give some of them as they are journalled."""
        n = len(rows)
        some = None if n == len(self) else rows
        columns: dict[str, pa.Array] = {
            "received_at": _plain(received_at_us, _INSTANT),
            "transport": _same(Transport.COAP, n),
            "listener": _same(self._trust.listener, n),
            "path": _strings(self._paths, some, pa.string()),
            "claimed_device": _strings(self._devices, some, pa.string()),
            "tenant": _same(self._trust.tenant, n),
            "endpoint": _strings(endpoint_texts(self._endpoints), some, pa.string()),
            "message_id": _plain(_of(self._message_ids, some).astype(np.int32), pa.int32()),
            "token": _strings(_copied(self._tokens), some, pa.binary()),
            "confirmable": _flags(_of(self.confirmable, some)),
            "dup": _never(n),
            "payload": _strings(self._payloads, some, pa.binary()),
        }
        if self._identities is not None:
            names = [self._identities[row] or None for row in rows.tolist()]
            columns["authenticated_as"] = pa.array(names, pa.string())
        if self._ports is not None:
            columns["port"] = _plain(_of(self._ports, some).astype(np.int32), pa.int32())
        arrays = [columns[name] if name in columns else _unsaid(kind, n) for name, kind in _COLUMNS]
        return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def _payloads(flat: Bytes, ends: Ints, options: Options) -> Ragged:
    """Give what follows the options of each request."""
    lengths, block = ends - options.payload_at, None
    if options.layout is not None and (lengths == lengths[0]).all() and lengths[0]:
        begin = options.layout.shape.payload_at
        block = options.layout.block[:, begin : begin + int(lengths[0])]
    return Ragged(flat, options.payload_at, lengths, block)


def _copied(strings: Ragged) -> Ragged:
    """Give strings that lie one behind the other, in bytes of their own."""
    if strings.block is not None:
        return Ragged.even(strings.block)
    return Ragged(strings.packed(), np.cumsum(strings.lengths) - strings.lengths, strings.lengths)


def exchange_text(device: str, endpoint: str, message_id: int | None, token: bytes, payload: bytes) -> str:
    """Name an exchange by all that makes it one.

    A device that begins anew may use an id again at once; behind a NAT's port may be another device.
    """
    return f"{device} {endpoint} {message_id} {token.hex()} {blake2b(payload, digest_size=8).hexdigest()}"


def _pieces(strings: Ragged) -> list[bytes]:
    data = _copied(strings)
    ends = data.starts + data.lengths
    return [
        data.flat[start:end].tobytes() for start, end in zip(data.starts.tolist(), ends.tolist(), strict=True)
    ]


def _texts(strings: Ragged) -> list[str]:
    return [piece.decode(errors="replace") for piece in _pieces(strings)]


def _of(column: NDArray[np.generic], some: NDArray[np.intp] | None) -> NDArray[np.generic]:
    return column if some is None else column[some]


def _strings(strings: Ragged, some: NDArray[np.intp] | None, kind: pa.DataType) -> pa.Array:
    if some is not None:
        strings = _copied(strings.rows(some))
    offsets = np.zeros(len(strings.lengths) + 1, np.int32)
    np.cumsum(strings.lengths, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(strings.flat)]
    return pa.Array.from_buffers(kind, len(strings.lengths), buffers)


@lru_cache(maxsize=_SIZES)
def _unsaid(kind: pa.DataType, n: int) -> pa.Array:
    return pa.nulls(n, kind)


@lru_cache(maxsize=_SIZES)
def _never(n: int) -> pa.Array:
    return _flags(np.zeros(n, np.bool_))


@lru_cache(maxsize=_SIZES)
def _same(text: str, n: int) -> pa.Array:
    data = text.encode()
    offsets = np.arange(n + 1, dtype=np.int32) * np.int32(len(data))
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(data * n)])


def _plain(values: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def _flags(values: NDArray[np.generic]) -> pa.Array:
    bits = np.packbits(values.astype(np.bool_), bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])
