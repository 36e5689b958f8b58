"""How a journal record lies on disk, and how records are found again among damaged bytes.

    segment = SEGMENT_HEADER record*            file name: <offset of its first row, 20 digits>.seg
    record  = header (40 bytes) payload padding to 8 bytes

The header has a check sum of its own, so that a record with a damaged payload can be stepped over by its
length, and a damaged header is passed by looking for the next whole one (records start at multiples of 8).
The payload is one Arrow record batch message; its schema belongs to the kind, at this format version.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from zlib import crc32

import pyarrow as pa

from narrowgate_schema.tables import TICKS, UPLINKS

FORMAT_VERSION = 1
ALIGNMENT = 8

_SEGMENT = struct.Struct("<8sII")
_SEGMENT_MAGIC = b"NGJOURNL"
SEGMENT_HEADER_BYTES = _SEGMENT.size

_HEADER = struct.Struct("<4sBBHIIQQI")
_MAGIC = b"NGR1"
_CRC = struct.Struct("<I")
HEADER_BYTES = _HEADER.size + _CRC.size
MAX_PAYLOAD_BYTES = 1 << 30


class Kind(IntEnum):
    """What a record's rows are."""

    UPLINKS = 1
    TICKS = 2


OFFSET_COLUMN = {Kind.UPLINKS: "frame", Kind.TICKS: "tick"}
"""The column that holds a row's journal offset: not written, given back on reading."""

_SCHEMAS = {Kind.UPLINKS: UPLINKS, Kind.TICKS: TICKS}
_ON_DISK = {kind: schema.remove(0) for kind, schema in _SCHEMAS.items()}


@dataclass(frozen=True)
class Header:
    """A record's header."""

    kind: Kind
    payload_bytes: int
    rows: int
    offset: int
    """Journal offset of the first row."""
    frames_before: int
    """Frames ever journalled before this record."""
    payload_crc: int

    @property
    def record_bytes(self) -> int:
        """Give the length on disk, padding included [B]."""
        return HEADER_BYTES + _padded(self.payload_bytes)


@dataclass(frozen=True)
class Intact:
    """A whole record at a position of the bytes it was found in."""

    position: int
    header: Header
    payload: memoryview

    def batch(self) -> pa.RecordBatch:
        """Give the rows, with their offsets in the first column."""
        kind = self.header.kind
        body = pa.ipc.read_record_batch(pa.py_buffer(self.payload), _ON_DISK[kind])
        offsets = pa.array(range(self.header.offset, self.header.offset + self.header.rows), pa.int64())
        return pa.record_batch([offsets, *body.columns], schema=_SCHEMAS[kind])


@dataclass(frozen=True)
class Damaged:
    """Bytes that are no whole record, from `position` up to `end`."""

    position: int
    end: int
    header: Header | None
    """The record's header where that much was whole."""


def _padded(length: int) -> int:
    return -(-length // ALIGNMENT) * ALIGNMENT


def segment_header() -> bytes:
    """Give the bytes that open a segment file."""
    return _SEGMENT.pack(_SEGMENT_MAGIC, FORMAT_VERSION, 0)


def check_segment_header(head: bytes) -> bool:
    """Tell whether the opening bytes are whole; ValueError if another format version wrote them."""
    if len(head) < SEGMENT_HEADER_BYTES:
        return False
    magic, version, zero = _SEGMENT.unpack_from(head)
    if magic != _SEGMENT_MAGIC or zero != 0:
        return False
    if version != FORMAT_VERSION and version < 1 << 8:
        raise ValueError(f"journal format version {version}; this release reads version {FORMAT_VERSION}")
    return bool(version == FORMAT_VERSION)


def encode(kind: Kind, batch: pa.RecordBatch, *, offset: int, frames_before: int) -> bytes:
    """Give the record of a batch that lacks its offset column; ValueError if its schema is not the kind's."""
    if not batch.schema.equals(_ON_DISK[kind]):
        raise ValueError(
            f"a {kind.name.lower()} record holds {_ON_DISK[kind].names}, not {batch.schema.names}"
        )
    payload = batch.serialize().to_pybytes()
    head = _HEADER.pack(
        _MAGIC, kind, 0, 0, len(payload), batch.num_rows, offset, frames_before, crc32(payload)
    )
    padding = bytes(_padded(len(payload)) - len(payload))
    return b"".join((head, _CRC.pack(crc32(head)), payload, padding))


def on_disk_schema(kind: Kind) -> pa.Schema:
    """Give the schema of what is appended: the kind's without its offset column."""
    return _ON_DISK[kind]


def _header_at(data: memoryview, position: int) -> Header | None:
    if position + HEADER_BYTES > len(data):
        return None
    head = data[position : position + _HEADER.size]
    if bytes(head[:4]) != _MAGIC:
        return None
    (crc,) = _CRC.unpack_from(data, position + _HEADER.size)
    if crc != crc32(head):
        return None
    _, kind, _, _, length, rows, offset, frames, payload_crc = _HEADER.unpack(head)
    if kind not in _SCHEMAS or length > MAX_PAYLOAD_BYTES:
        return None
    return Header(Kind(kind), length, rows, offset, frames, payload_crc)


def _next_header(data: memoryview, position: int) -> int:
    """Give where the next whole header starts, at or after a position; the end if there is none."""
    haystack = data.obj if isinstance(data.obj, bytes) and len(data.obj) == len(data) else bytes(data)
    found = haystack.find(_MAGIC, position)
    while found != -1:
        if found % ALIGNMENT == 0 and _header_at(data, found) is not None:
            return found
        found = haystack.find(_MAGIC, found + 1)
    return len(data)


def scan(data: bytes, position: int = 0) -> Iterator[Intact | Damaged]:
    """Walk the records of bytes from a position (a multiple of 8); never raises on any bytes."""
    view = memoryview(data)
    while position < len(view):
        header = _header_at(view, position)
        if header is None:
            end = _next_header(view, position + ALIGNMENT)
            yield Damaged(position, end, None)
            position = end
            continue
        end = position + header.record_bytes
        start = position + HEADER_BYTES
        payload = view[start : start + header.payload_bytes]
        if end <= len(view) and crc32(payload) == header.payload_crc:
            yield Intact(position, header, payload)
        else:
            # The header is whole, so its length holds: nothing inside a payload is taken for a record.
            end = min(end, len(view))
            yield Damaged(position, end, header)
        position = end
