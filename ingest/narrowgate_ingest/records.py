"""How a journal record lies on disk, and how records are found again among damaged bytes.

    segment = segment header, filled up to 4096 bytes, the same header again, record*
              file name: <offset of its first row, 20 digits>.seg
    record  = header (40 bytes) payload padding to 8 bytes

A record opens with its segment's brand, four bytes drawn at random for each segment, which only the segment's
header tells: what a device sends can never pass for a record, however the bytes around it are damaged. The
header stands twice, a sector apart; where both are damaged nothing of the segment is taken for a record. A
record's header has a check sum of its own, so
that a record with a damaged payload can be stepped over by its length, and a damaged header is passed by
looking for the next whole one (records start at multiples of 8). The payload is one Arrow record batch
message; its schema belongs to the kind, at this format version.
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
BRAND_BYTES = 4

_SEGMENT = struct.Struct("<8sI4sQQ")
_SEGMENT_MAGIC = b"NGJOURNL"
_CRC = struct.Struct("<I")
_COPY_BYTES = 40
_COPY_AT = 4096
"""Where the segment's header stands again: no sector holds both."""
SEGMENT_HEADER_BYTES = _COPY_AT + _COPY_BYTES
"""Where the first record starts."""

_HEADER = struct.Struct("<4sBBHIIQQI")
HEADER_BYTES = _HEADER.size + _CRC.size
MAX_PAYLOAD_BYTES = 1 << 30
"""Longer payloads are refused by `encode`, and a header that tells of one is no header."""
PIECE_BYTES = 16 << 20
"""Batches of more than this are written as several records, so that readers need not hold them whole."""


class Kind(IntEnum):
    """What a record's rows are."""

    UPLINKS = 1
    TICKS = 2


OFFSET_COLUMN = {Kind.UPLINKS: "frame", Kind.TICKS: "tick"}
"""The column that holds a row's journal offset: not written, given back on reading."""

_SCHEMAS = {Kind.UPLINKS: UPLINKS, Kind.TICKS: TICKS}
_ON_DISK = {kind: schema.remove(0) for kind, schema in _SCHEMAS.items()}


@dataclass(frozen=True)
class SegmentHeader:
    """What opens a segment file: where the journal stood when it was made."""

    brand: bytes
    first_offset: int
    frames_before: int
    """Frames ever journalled before this segment."""


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

    @property
    def end(self) -> int:
        """Give the offset behind the last row."""
        return self.offset + self.rows

    @property
    def frames_end(self) -> int:
        """Give the frames ever journalled up to the end of this record."""
        return self.frames_before + (self.rows if self.kind is Kind.UPLINKS else 0)


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
        offsets = pa.array(range(self.header.offset, self.header.end), pa.int64())
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


def segment_header(header: SegmentHeader, *, version: int = FORMAT_VERSION) -> bytes:
    """Give the bytes that open a segment file."""
    head = _SEGMENT.pack(_SEGMENT_MAGIC, version, header.brand, header.first_offset, header.frames_before)
    copy = (head + _CRC.pack(crc32(head))).ljust(_COPY_BYTES, b"\0")
    return copy.ljust(_COPY_AT, b"\0") + copy


def read_segment_header(data: bytes) -> SegmentHeader | None:
    """Read a segment's first SEGMENT_HEADER_BYTES; None if both copies of the header are damaged.

    Raises:
        ValueError: another format version wrote the segment.
    """
    first = _copy_of_header(data[:_COPY_BYTES])
    return first if first is not None else _copy_of_header(data[_COPY_AT:SEGMENT_HEADER_BYTES])


def _copy_of_header(head: bytes) -> SegmentHeader | None:
    if len(head) < _COPY_BYTES or _CRC.unpack_from(head, _SEGMENT.size) != (crc32(head[: _SEGMENT.size]),):
        return None
    magic, version, brand, first_offset, frames_before = _SEGMENT.unpack_from(head)
    if magic != _SEGMENT_MAGIC:
        return None
    if version != FORMAT_VERSION:
        raise ValueError(f"journal format version {version}; this release reads version {FORMAT_VERSION}")
    return SegmentHeader(brand, first_offset, frames_before)


def brand_of(data: bytes) -> bytes:
    """Give the brand of a segment from its first SEGMENT_HEADER_BYTES; empty if nothing tells it.

    No record is asked: the first that looks whole may be one that a device sent.

    Raises:
        ValueError: another format version wrote the segment.
    """
    header = read_segment_header(data)
    return header.brand if header is not None else b""


def pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Give a batch in parts of PIECE_BYTES at most, or of one row."""
    # Whole buffers, which is quickly asked, are never less than the part of them that a batch is.
    if batch.num_rows <= 1 or batch.get_total_buffer_size() <= PIECE_BYTES or batch.nbytes <= PIECE_BYTES:
        yield batch
        return
    half = batch.num_rows // 2
    yield from pieces(batch.slice(0, half))
    yield from pieces(batch.slice(half))


def serialised(kind: Kind, batch: pa.RecordBatch) -> bytes:
    """Give the payload of a batch that lacks its offset column.

    Raises:
        ValueError: its schema is not the kind's, or it is longer than a record may be.
    """
    if not batch.schema.equals(_ON_DISK[kind]):
        raise ValueError(
            f"a {kind.name.lower()} record holds {_ON_DISK[kind].names}, not {batch.schema.names}"
        )
    payload: bytes = batch.serialize().to_pybytes()
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a row of {len(payload)} bytes; a record holds {MAX_PAYLOAD_BYTES} at most")
    return payload


def encode(brand: bytes, header: Header, payload: bytes) -> bytes:
    """Give a record's bytes."""
    head = _HEADER.pack(
        brand, header.kind, 0, 0, header.payload_bytes, header.rows,
        header.offset, header.frames_before, header.payload_crc,
    )  # fmt: skip
    return b"".join((head, _CRC.pack(crc32(head)), payload, bytes(_padded(len(payload)) - len(payload))))


def on_disk_schema(kind: Kind) -> pa.Schema:
    """Give the schema of what is appended: the kind's without its offset column."""
    return _ON_DISK[kind]


def _header_at(data: memoryview, position: int, brand: bytes) -> Header | None:
    if position + HEADER_BYTES > len(data):
        return None
    head = data[position : position + _HEADER.size]
    (crc,) = _CRC.unpack_from(data, position + _HEADER.size)
    if bytes(head[:BRAND_BYTES]) != brand or crc != crc32(head):
        return None
    _, kind, _, _, length, rows, offset, frames, payload_crc = _HEADER.unpack(head)
    if kind not in _SCHEMAS or length > MAX_PAYLOAD_BYTES:
        return None
    return Header(Kind(kind), length, rows, offset, frames, payload_crc)


def _next_header(data: bytes, view: memoryview, position: int, brand: bytes) -> int:
    """Give where the next whole header starts, at or after a position; the end if there is none."""
    found = data.find(brand, position) if brand else -1
    while found != -1:
        if found % ALIGNMENT == 0 and _header_at(view, found, brand) is not None:
            return found
        found = data.find(brand, found + 1)
    return len(data)


def scan(data: bytes, brand: bytes, position: int = 0) -> Iterator[Intact | Damaged]:
    """Walk the records of bytes from a position (a multiple of 8); never raises on any bytes."""
    view = memoryview(data)
    while position < len(view):
        header = _header_at(view, position, brand)
        if header is None:
            end = _next_header(data, view, position + ALIGNMENT, brand)
            yield Damaged(position, end, None)
            position = end
            continue
        end = position + header.record_bytes
        start = position + HEADER_BYTES
        payload = view[start : start + header.payload_bytes]
        if end <= len(view) and crc32(payload) == header.payload_crc:
            yield Intact(position, header, payload)
        else:
            # The header is whole, so its length holds: the next record is behind it.
            end = min(end, len(view))
            yield Damaged(position, end, header)
        position = end
