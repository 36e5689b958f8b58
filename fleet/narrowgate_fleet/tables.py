"""One version of the registry as three Arrow tables: devices by slot, assets by row, assignments in order.

Rule 1: a device's slot and an asset's row are the same in every version; a hole is a null key.
Rule 2: assignments are sorted by (slot, valid_from_us), so a device's spells lie together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from narrowgate_fleet.columns import ASSET_ATTRIBUTES, DEVICE_ATTRIBUTES, Column, Value
from narrowgate_fleet.name_index import Names, places_of


def _schema(key: str, attributes: tuple[Column, ...]) -> pa.Schema:
    # A number that is not set is NaN, not null: the column then is a plain array in mapped memory.
    fields = [(c.name, pa.float64() if c.form == "number" else pa.string()) for c in attributes]
    return pa.schema([(key, pa.string()), *fields])


DEVICES: pa.Schema = _schema("device", DEVICE_ATTRIBUTES)
ASSETS: pa.Schema = _schema("asset", ASSET_ATTRIBUTES)
ASSIGNMENTS: pa.Schema = pa.schema(
    [
        ("slot", pa.int32()),
        ("asset_row", pa.int32()),
        ("valid_from_us", pa.int64()),
        ("valid_to_us", pa.int64()),
    ]
)
INDEX: pa.Schema = pa.schema([("slot", pa.int32())])
"""The hash table behind `name_index.NameIndex`: not rows by slot, but places."""
KEYS: pa.Schema = pa.schema([("slot", pa.int32()), ("sealed", pa.binary())])
"""Sealed keys, those of a slot together, the newest first."""
SCHEMAS: dict[str, pa.Schema] = {
    "devices": DEVICES,
    "assets": ASSETS,
    "assignments": ASSIGNMENTS,
    "index": INDEX,
    "keys": KEYS,
}


@dataclass(frozen=True)
class FleetTables:
    """The tables of one version."""

    version: int
    devices: pa.Table
    assets: pa.Table
    assignments: pa.Table
    index: pa.Table
    keys: pa.Table


def index_table(devices: pa.Table) -> pa.Table:
    """Give the index of a version's devices."""
    places = places_of(Names(devices.column("device").combine_chunks()))
    return pa.Table.from_arrays([pa.array(places)], schema=INDEX)


def keys_table(rows: Iterable[tuple[int, bytes]]) -> pa.Table:
    """Give rows of (slot, sealed key), in order, as a table."""
    columns = list(zip(*rows, strict=True)) or [(), ()]
    arrays = [pa.array(values, field.type) for field, values in zip(KEYS, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=KEYS)


def placed_table(schema: pa.Schema, rows: Iterable[tuple[Value, ...]]) -> pa.Table:
    """Give rows of (place, key, attributes…) as a table in which each stands at its place."""
    ordered = sorted(rows, key=lambda row: int(row[0] or 0))
    places = np.array([row[0] for row in ordered], dtype=np.int64)
    length = int(places[-1]) + 1 if len(places) else 0
    columns = list(zip(*ordered, strict=True))[1:] if ordered else [()] * len(schema)
    arrays = [
        _placed(field.type, places, values, length) for field, values in zip(schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def assignments_table(rows: Iterable[Sequence[int]]) -> pa.Table:
    """Give rows of (slot, asset row, valid_from [us], valid_to [us]) as a table in order."""
    ordered = sorted((tuple(row) for row in rows), key=lambda row: (row[0], row[2]))
    columns = np.array(ordered, dtype=np.int64).reshape(-1, len(ASSIGNMENTS)).T
    arrays = [pa.array(values, field.type) for field, values in zip(ASSIGNMENTS, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=ASSIGNMENTS)


def _placed(
    dtype: pa.DataType,
    places: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    values: Sequence[Value],
    length: int,
) -> pa.Array:
    if dtype == pa.float64():
        numbers = np.full(length, np.nan)
        numbers[places] = np.array(values, dtype=np.float64)
        return pa.array(numbers)
    texts = np.full(length, None, dtype=object)
    texts[places] = values
    return pa.array(texts, dtype, from_pandas=True)
