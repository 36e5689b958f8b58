"""Takes what a device sent out of the journal: its rows stay as blanks, all others as they are.

A row's offset is its place, and frames are counted by rows: what is erased leaves a row that says nothing of
anybody. A record keeps its place and length, so that readers and the writer go on as if nothing were.

Rule 1: what will stand in a segment is written down beside it first. A kill or a power cut at any instant is
        made good by writing the same bytes again, before anybody reads or appends.
Rule 2: a segment is never replaced: the edge may be appending to it.
"""

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_ingest.records import (
    HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    Damaged,
    Header,
    Intact,
    Kind,
    brand_of,
    encode,
    on_disk_schema,
    scan,
    serialised,
)
from narrowgate_ingest.segments import (
    ERASING,
    first_offsets,
    segment_path,
    sync_directory,
    write_all,
    write_synced,
)
from narrowgate_ingest.watermark import Mark

_NOTE = struct.Struct("<8sQII")
_PIECE = struct.Struct("<QI")
_MAGIC = b"NGERASE1"
_KEPT = ("received_at", "transport", "confirmable", "dup")
"""What is left of an erased row: when and how something came in; its listener is empty."""
_MOST_BYTES = 64 << 20

Piece = tuple[int, bytes]
"""A place in a segment, and what is to stand there."""


def erase_rows(directory: Path, device: str, mark: Mark) -> int:
    """Blank every row of a device up to a mark; give how many there were.

    Args:
        directory: the journal's.
        device: as frames claim it.
        mark: how far the journal is durable.

    Raises:
        OSError: a segment cannot be read or written; call again, or `finish_erasing`.
        ValueError: another format version wrote a segment.
    """
    finish_erasing(directory)
    rows = 0
    for first in first_offsets(directory):
        if first > mark.segment:
            continue
        limit = mark.position if first == mark.segment else None
        pieces, blanked = _blanked(segment_path(directory, first), device, limit)
        rows += blanked
        for some in _bounded(pieces):
            write_synced(directory / f"{ERASING}.unfinished", _noted(first, some))
            (directory / f"{ERASING}.unfinished").rename(directory / ERASING)
            sync_directory(directory)
            finish_erasing(directory)
    _drop_aside(directory, device)
    return rows


def count_rows(directory: Path, device: str, mark: Mark) -> int:
    """Give how many rows of a device stand up to a mark; raises as `erase_rows`."""
    finish_erasing(directory)
    limits = ((first, mark.position if first == mark.segment else None) for first in first_offsets(directory))
    return sum(
        _blanked(segment_path(directory, first), device, limit)[1]
        for first, limit in limits
        if first <= mark.segment
    )


def finish_erasing(directory: Path) -> None:
    """Write again what was noted; nothing is done where nothing is."""
    note = directory / ERASING
    if not note.exists():
        return
    said = _read_note(note.read_bytes())
    if said is not None:
        path = segment_path(directory, said[0])
        if path.exists():
            _write(path, said[1])
    note.unlink(missing_ok=True)
    sync_directory(directory)


def _write(path: Path, pieces: Sequence[Piece]) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        for position, data in pieces:
            write_all(descriptor, data, position)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _blanked(path: Path, device: str, limit: int | None) -> tuple[list[Piece], int]:
    """Give what is to stand in a segment, and how many rows it blanks."""
    try:
        data = path.read_bytes()[:limit]
    except FileNotFoundError:  # trimmed just now
        return [], 0
    brand = brand_of(data)
    pieces: list[Piece] = []
    rows = 0
    for item in scan(data, brand, SEGMENT_HEADER_BYTES):
        if isinstance(item, Damaged):
            pieces += _zeroed(data, item, device)
            continue
        blank = _blank_record(brand, item, device)
        if blank is not None:
            pieces.append((item.position, blank[0]))
            rows += blank[1]
    return pieces, rows


def _blank_record(brand: bytes, item: Intact, device: str) -> tuple[bytes, int] | None:
    """Give a record of the same length without what a device sent, and the rows that went; None if none."""
    header = item.header
    if header.kind is not Kind.UPLINKS or device.encode() not in bytes(item.payload):
        return None
    batch = item.batch()
    is_theirs = pc.fill_null(pc.equal(batch["claimed_device"], device), False)
    gone = int(pc.sum(is_theirs).as_py() or 0)
    if gone == 0:
        return None
    columns = [
        batch[field.name] if field.name in _KEPT else _without(batch[field.name], is_theirs, field)
        for field in on_disk_schema(Kind.UPLINKS)
    ]
    body = serialised(Kind.UPLINKS, pa.record_batch(columns, schema=on_disk_schema(Kind.UPLINKS)))
    if len(body) > header.payload_bytes:
        raise ValueError(f"{item.position}: a blanked record of {len(body)} bytes grew")
    payload = body.ljust(header.payload_bytes, b"\0")
    told = Header(header.kind, len(payload), header.rows, header.offset, header.frames_before, crc32(payload))
    return encode(brand, told, payload), gone


def _without(column: pa.Array, gone: pa.Array, field: pa.Field) -> pa.Array:
    """Give a column in which some rows say nothing; no byte of them stays behind a null either.

    A null where there was none would make the record longer.
    """
    blank = None if column.null_count else _ZEROS[field.type]
    values = column.to_pylist()
    for row in np.flatnonzero(gone.to_numpy(zero_copy_only=False)).tolist():
        values[row] = blank
    return pa.array(values, field.type)


_ZEROS = {
    pa.string(): "", pa.binary(): b"", pa.int32(): 0, pa.int64(): 0, pa.float64(): 0.0
}  # fmt: skip


def _zeroed(data: bytes, item: Damaged, device: str) -> list[Piece]:
    """Give zeros in the place of damaged bytes that name the device; what is damaged stays so."""
    start = item.position + (HEADER_BYTES if item.header is not None else 0)
    named = device.encode() in data[start : item.end]
    return [(start, bytes(item.end - start))] if named else []


def _drop_aside(directory: Path, device: str) -> None:
    """Remove copies of damaged bytes that name the device."""
    aside = directory / "aside"
    for path in sorted(aside.glob("*.bin")) if aside.is_dir() else ():
        if device.encode() in path.read_bytes():
            path.unlink()
            sync_directory(aside)


def _bounded(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Cut pieces into notes of bounded size."""
    notes: list[list[Piece]] = []
    size = _MOST_BYTES
    for piece in pieces:
        if size + len(piece[1]) > _MOST_BYTES:
            notes.append([])
            size = 0
        notes[-1].append(piece)
        size += len(piece[1])
    return notes


def _noted(first: int, pieces: Sequence[Piece]) -> bytes:
    body = b"".join(_PIECE.pack(position, len(data)) + data for position, data in pieces)
    return _NOTE.pack(_MAGIC, first, len(pieces), crc32(body)) + body


def _read_note(data: bytes) -> tuple[int, list[Piece]] | None:
    """Give a note's segment and pieces; None if it is not whole: then nothing of it was done yet."""
    if len(data) < _NOTE.size:
        return None
    magic, first, count, crc = _NOTE.unpack_from(data)
    if magic != _MAGIC or crc != crc32(data[_NOTE.size :]):
        return None
    pieces, place = [], _NOTE.size
    for _ in range(count):
        position, length = _PIECE.unpack_from(data, place)
        place += _PIECE.size
        pieces.append((position, data[place : place + length]))
        place += length
    return first, pieces
