"""From columns of readings to Arrow: one batch a family, rows in frame order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_codecs.cohort import Mask
from narrowgate_codecs.context import Context
from narrowgate_codecs.mapping import Measures, Series
from narrowgate_codecs.rows import RADIO, Row, readings_batch
from narrowgate_codecs.wire import Places
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

_EMPTY = {family: readings_batch(family, []) for family in Family}
_NUMPY: dict[pa.DataType, Any] = {pa.float64(): np.float64, pa.int64(): np.int64, pa.bool_(): np.bool_}


@dataclass
class Origins:
    """What readings have from their uplinks."""

    uplinks: pa.RecordBatch
    context: Context

    @cached_property
    def devices(self) -> pa.Array:
        """The senders, (n,)."""
        return pa.array(self.context.devices, pa.string())

    def taken(self, name: str, rows: Places) -> pa.Array:
        """Give a column for some rows of the uplinks."""
        column = self.devices if name == "device" else self.uplinks.column(name)
        every = len(rows) == len(column) and bool((rows == np.arange(len(rows))).all())
        return column if every else column.take(pa.array(rows))


def family_batch(
    family: Family,
    planned: Sequence[tuple[str, Measures]],
    read: Sequence[tuple[int, Row]],
    origins: Origins,
) -> pa.RecordBatch:
    """Give a family's readings.

    Args:
        family: which.
        planned: profile and columns, rows numbered as in the uplinks.
        read: the rows that the row engine gave, with the number of their uplink.
        origins: what the uplinks say.
    """
    if not planned and not read:
        return _EMPTY[family]
    batches = [_measures_batch(family, profile, measures, origins) for profile, measures in planned]
    rows = [measures.rows for _, measures in planned]
    if read:
        batches.append(readings_batch(family, [row for _, row in read]))
        rows.append(np.array([at for at, _ in read], np.int64))
    if len(batches) == 1:
        return batches[0]
    order = np.argsort(np.concatenate(rows), kind="stable")
    joined = pa.Table.from_batches(batches).take(pa.array(order)).combine_chunks()
    (batch,) = joined.to_batches()
    return batch


def _measures_batch(family: Family, profile: str, measures: Measures, origins: Origins) -> pa.RecordBatch:
    rows, count = measures.rows, len(measures.rows)
    columns: dict[str, pa.Array] = {
        "series": _series(measures.series, count),
        "profile": pa.repeat(pa.scalar(profile), count),
        "time": pa.array(measures.time_us, mask=_mask(measures.timed)).view(TIMESTAMP),
    }
    for name in ("device", "frame", "received_at", *RADIO):
        columns[name] = origins.taken(name, rows)
    if measures.unsynchronised is not None:
        flag = measures.unsynchronised
        columns["clock_unsynchronised"] = pa.array(flag.values, mask=_mask(flag.said))
    for field in READINGS[family]:
        if field.name in measures.fields:
            said = _measure(measures, field.name, field.type)
            known = columns.get(field.name)
            columns[field.name] = said if known is None else pc.coalesce(said, known)
        elif field.name not in columns:
            columns[field.name] = pa.nulls(count, field.type)
    return pa.RecordBatch.from_arrays(
        [columns[field.name] for field in READINGS[family]], schema=READINGS[family]
    )


def _series(series: str | Series, count: int) -> pa.Array:
    if isinstance(series, str):
        return pa.repeat(pa.scalar(series), count)
    return pa.array(series.words, pa.string()).take(pa.array(series.numbers))


def _mask(said: Mask | None) -> NDArray[np.bool_] | None:
    return None if said is None or said.all() else ~said


def _measure(measures: Measures, name: str, dtype: pa.DataType) -> pa.Array:
    column = measures.fields[name]
    mask = _mask(column.said)
    if dtype == pa.string():
        return pa.array(measures.words[name]).take(pa.array(column.values, mask=mask))
    return pa.array(column.values.astype(_NUMPY[dtype]), mask=mask)
