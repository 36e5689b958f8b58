"""A district of water meters in columns: hourly readings of registers, with a leak at every hundredth."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

HOUR_US = 3_600_000_000
START_US = 1_735_689_600_000_000
"""2025-01-01 00:00 UTC."""
LEAK_M3_PER_H = 0.015
_EVERY = 100
_USE_LITRES = 50
_USED_SHARE = 0.4
_NIGHT_H = 5
_SCHEMA = READINGS[Family.WATER]


class Registry:
    """A registry that knows meters by the number in their name, and nothing else of them."""

    version = 1

    def __init__(self, meters: int) -> None:
        self._unset = np.full(meters, np.nan)

    def slots(self, devices: Sequence[str]) -> NDArray[np.int32]:
        """Give the slots."""
        return np.array([int(device[1:]) for device in devices], np.int32)

    def column(self, name: str) -> NDArray[Any]:
        """Give a device column."""
        return self._unset

    def assets_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[Any]:
        """Give no asset."""
        return np.full(len(slots), None, object)

    def asset_rows_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give no asset row."""
        return np.full(len(slots), -1, np.int32)

    def asset_column(self, name: str) -> NDArray[Any]:
        """Give an asset column."""
        return np.empty(0)


def names(numbers: Sequence[int] | NDArray[np.integer]) -> pa.Array:
    """Give meters' names."""
    return pa.array([f"m{number:07d}" for number in numbers])


def hours(seed: int, meters: int, count: int) -> Iterator[NDArray[np.float64]]:
    """Give the registers of all meters hour by hour, (meters,) [m3]: use by day, none in most nights."""
    rng = np.random.default_rng(seed)
    litres = rng.integers(0, 100_000, meters)
    leaks = np.arange(meters) % _EVERY == 0
    for hour in range(count):
        used = rng.integers(0, _USE_LITRES, meters) * (rng.random(meters) < _USED_SHARE)
        by_day = used if hour % 24 >= _NIGHT_H else 0
        litres = litres + by_day + leaks * round(LEAK_M3_PER_H * 1000)
        yield litres / 1000


def batch(device: pa.Array, hour: int, volume_m3: NDArray[np.float64]) -> pa.RecordBatch:
    """Give one reading of each device."""
    count = len(device)
    time = pa.array(np.full(count, START_US + hour * HOUR_US)).cast(TIMESTAMP)
    blank = pa.array([""] * count)
    given = {
        "device": device,
        "series": blank,
        "profile": blank,
        "frame": pa.array(np.arange(hour * count, (hour + 1) * count)),
        "time": time,
        "received_at": time,
        "volume_m3": pa.array(volume_m3),
    }
    columns = [given[each.name] if each.name in given else pa.nulls(count, each.type) for each in _SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def shuffled(seed: int, meters: int, count: int) -> list[pa.RecordBatch]:
    """Give a batch an hour; in each the meters come in an order of its own."""
    rng = np.random.default_rng(seed)
    device, made = names(range(meters)), []
    for hour, volume_m3 in enumerate(hours(seed, meters, count)):
        order = rng.permutation(meters)
        made.append(batch(device.take(pa.array(order)), hour, volume_m3[order]))
    return made


def record(path: Path, seed: int, meters: int, count: int) -> None:
    """Write device, time and volume_m3 as Parquet, by time."""
    device = names(range(meters))
    schema = pa.schema([("device", pa.string()), ("time", TIMESTAMP), ("volume_m3", pa.float64())])
    with pq.ParquetWriter(path, schema) as writer:
        for hour, volume_m3 in enumerate(hours(seed, meters, count)):
            time = pa.array(np.full(meters, START_US + hour * HOUR_US)).cast(TIMESTAMP)
            writer.write_batch(pa.RecordBatch.from_arrays([device, time, pa.array(volume_m3)], schema=schema))
