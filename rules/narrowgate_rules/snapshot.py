"""The engine's memory as bytes: a checked envelope around Arrow tables, one for each series table and rule.

Layout: magic, format version, digest of all that follows, then an Arrow IPC stream of one column of
parts, the first of which is a JSON index. Nothing in it is executable.
"""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_rules.causes import NOTHING, Remembered
from narrowgate_rules.declaration import Rule, StateColumn
from narrowgate_rules.memories import Memory, Rows, memories_of
from narrowgate_rules.slots import SeriesTable
from narrowgate_schema.words import Family

_MAGIC = b"NGRULES\n"
CAUSES = ""
"""Stands where the name of a rule does: no rule is called so."""
_FORMAT = 1
_DIGEST_BYTES = 16
_HEAD_BYTES = len(_MAGIC) + 2 + _DIGEST_BYTES


@dataclass(frozen=True)
class Frozen:
    """All that an engine remembers."""

    now_us: int
    tables: dict[str, SeriesTable]
    """By realm."""
    memories: dict[str, Memory]
    rows: dict[str, Rows]
    """What the memories lie in, by realm."""
    remembered: Remembered = NOTHING
    """What the desk was told, and waits to be."""


def tables_for(rules: Sequence[Rule]) -> dict[str, SeriesTable]:
    """Give an empty table for each family, and for each realm beside it that rules speak of."""
    realms = [family.value for family in Family] + [rule.realm for rule in rules]
    return {realm: SeriesTable() for realm in dict.fromkeys(realms)}


def frozen(rules: Sequence[Rule], image: Frozen) -> bytes:
    """Give the memory as bytes."""
    said: list[dict[str, Any]] = [{"family": realm} for realm in image.tables]
    said += [{"rule": rule.name, "version": rule.version, "layout": _layout(rule)} for rule in rules]
    return sealed({"now_us": image.now_us, "parts": [*said, {"rule": CAUSES}]}, _parts(rules, image))


def _parts(rules: Sequence[Rule], image: Frozen) -> Iterator[pa.RecordBatch]:
    """Yield the parts one by one: a copy of all of a large fleet's memory would be as large again."""
    for table in image.tables.values():
        yield _table_batch(table)
    for rule in rules:
        yield _memory_batch(rule, image.memories[rule.name], len(image.tables[rule.realm]))
    yield image.remembered.packed()


def sealed(index: dict[str, Any], parts: Iterable[pa.RecordBatch]) -> bytes:
    """Give an index and its parts as a snapshot."""
    body = _packed([json.dumps(index).encode(), *map(_written, parts)])
    return b"".join((_MAGIC, _FORMAT.to_bytes(2, "big"), _digest(body), body))


def thawed(rules: Sequence[Rule], data: bytes) -> tuple[Frozen, tuple[str, ...]]:
    """Give the memory back, and the names of the rules that it does not hold as they are declared now.

    Raises:
        ValueError: the bytes are cut, changed, no snapshot, or of a format that this release does not read.
    """
    index, parts = opened(data)
    tables = tables_for(rules)
    memories, rows = memories_of(rules)
    declared = {rule.name: rule for rule in rules}
    remembered, taken = NOTHING, set()
    for said, part in zip(index["parts"], parts, strict=True):
        if "family" in said:
            _fill_table(tables.setdefault(said["family"], SeriesTable()), part)
            continue
        if said["rule"] == CAUSES:
            remembered = Remembered.unpacked(part) or NOTHING
            continue
        rule = declared.get(said["rule"])
        if rule is not None and (rule.version, _layout(rule)) == (said["version"], said["layout"]):
            _fill_memory(rule, memories[rule.name], part)
            taken.add(rule.name)
    anew = tuple(rule.name for rule in rules if rule.name not in taken)
    return Frozen(int(index["now_us"]), tables, memories, rows, remembered), anew


def _layout(rule: Rule) -> list[list[Any]]:
    return [[column.name, column.dtype, column.width] for column in rule.state]


def _table_batch(table: SeriesTable) -> pa.RecordBatch:
    device, series = table.texts()
    newest_us = pa.array(table.newest_us.all(len(table)))
    return pa.RecordBatch.from_pydict({"device": device, "series": series, "newest_us": newest_us})


def _fill_table(table: SeriesTable, part: pa.RecordBatch) -> None:
    table.fill(part.column("device"), part.column("series"), part.column("newest_us").to_numpy())


def _memory_batch(rule: Rule, memory: Memory, slots: int) -> pa.RecordBatch:
    state = memory.take(np.arange(slots))
    return pa.RecordBatch.from_pydict(
        {column.name: _arrow(column, state[column.name]) for column in rule.state}
    )


def _arrow(column: StateColumn, values: NDArray[Any]) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    return flat if column.width == 1 else pa.FixedSizeListArray.from_arrays(flat, column.width)


def _fill_memory(rule: Rule, memory: Memory, part: pa.RecordBatch) -> None:
    state = {}
    for column in rule.state:
        values, width = part.column(column.name), column.width
        state[column.name] = (
            values.to_numpy(zero_copy_only=False)
            if width == 1
            else values.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
        )
    memory.put(np.arange(part.num_rows), state)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _written(batch: pa.RecordBatch, compression: str | None = "lz4") -> bytes:
    """Give a batch as an Arrow stream, whose columns any release reads compressed as well as plain."""
    sink = io.BytesIO()
    # Most of most rules' memory is what it was at first: a tenth is left of it.
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
        stream.write_batch(batch)
    return sink.getvalue()


def _read(part: bytes) -> pa.RecordBatch:
    return pa.ipc.open_stream(part).read_next_batch()


def _packed(parts: Sequence[bytes]) -> bytes:
    return _written(pa.RecordBatch.from_pydict({"part": pa.array(parts, pa.large_binary())}), None)


def opened(data: bytes) -> tuple[dict[str, Any], list[pa.RecordBatch]]:
    """Give a snapshot's index and parts.

    Raises:
        ValueError: the bytes are cut, changed, no snapshot, or of a format that this release does not read.
    """
    if data[: len(_MAGIC)] != _MAGIC or len(data) < _HEAD_BYTES:
        raise ValueError("these bytes are no snapshot of the rules")
    version = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 2], "big")
    if version != _FORMAT:
        raise ValueError(f"the rules' snapshot has format {version}; this release reads format {_FORMAT}")
    body = data[_HEAD_BYTES:]
    if _digest(body) != data[len(_MAGIC) + 2 : _HEAD_BYTES]:
        raise ValueError("the rules' snapshot is damaged: its check sum is wrong")
    index, *parts = _read(body).column("part").to_pylist()
    return json.loads(index), [_read(part) for part in parts]
