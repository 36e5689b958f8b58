"""What is sent to InfluxDB in one go: lines in the order of their frames, each with the reading's key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_ingest.line_protocol import Precision, lines_of
from narrowgate_schema.tables import TIMESTAMP
from narrowgate_schema.words import Family

POINTS: pa.Schema = pa.schema(
    [
        pa.field("frame", pa.int64(), nullable=False),
        pa.field("family", pa.string(), nullable=False),
        pa.field("device", pa.string(), nullable=False),
        pa.field("series", pa.string(), nullable=False),
        pa.field("time", TIMESTAMP, nullable=False),
        pa.field("line", pa.string()),
    ]
)
_KEY = ("frame", "device", "series", "time")


@dataclass(frozen=True)
class Points:
    """Lines with the keys of their readings; a line is null where the reading has none."""

    rows: pa.RecordBatch
    """By POINTS."""

    def __len__(self) -> int:
        """Give the number of points."""
        return int(self.rows.num_rows)

    def body(self) -> memoryview:
        """Give the lines as they go over the wire, without a copy."""
        lines = self.rows["line"]
        starts = np.frombuffer(lines.buffers()[1], np.int32)[lines.offset : lines.offset + len(lines) + 1]
        if len(lines) == 0 or starts[-1] == starts[0]:
            return memoryview(b"")
        return memoryview(lines.buffers()[2])[int(starts[0]) : int(starts[-1])]

    def times_us(self) -> NDArray[np.int64]:
        """Give the times (n,) [us]."""
        return np.asarray(self.rows["time"].cast(pa.int64()), dtype=np.int64)

    def take(self, places: NDArray[np.int64]) -> "Points":
        """Give the points at some places."""
        return Points(self.rows.take(pa.array(places, pa.int64())))

    def where(self, mask: NDArray[np.bool_]) -> "Points":
        """Give the points where a mask (n,) is true."""
        return Points(self.rows.filter(pa.array(mask, pa.bool_())))

    def by_time(self) -> "Points":
        """Give the points from the oldest to the newest."""
        return self.take(np.argsort(self.times_us(), kind="stable"))

    def portions(self, most: int) -> Iterator["Points"]:
        """Yield the points in parts of at most so many, in order; nothing where there are none."""
        for start in range(0, len(self), most):
            yield Points(self.rows.slice(start, most))

    def halves(self) -> tuple["Points", "Points"]:
        """Give the first half and the rest."""
        middle = len(self) // 2
        return Points(self.rows.slice(0, middle)), Points(self.rows.slice(middle))


def points_of(readings: Mapping[Family, pa.RecordBatch], precision: Precision) -> tuple[Points, Points]:
    """Give the points of readings in the order of their frames, and those that no line can carry.

    Args:
        readings: rows by family, each key once.
        precision: of the lines' times.
    """
    parts = [_points(family, rows, precision) for family, rows in readings.items() if rows.num_rows]
    table = pa.Table.from_batches(parts, POINTS)
    table = table.take(pc.sort_indices(table["frame"])).combine_chunks()
    batches = table.to_batches()
    rows = batches[0] if batches else pa.RecordBatch.from_pylist([], POINTS)
    if rows["line"].null_count == 0:
        return Points(rows), Points(rows.slice(0, 0))
    has_line = rows["line"].is_valid()
    return Points(rows.filter(has_line)), Points(rows.filter(pc.invert(has_line)))


def _points(family: Family, rows: pa.RecordBatch, precision: Precision) -> pa.RecordBatch:
    columns = {name: rows[name] for name in _KEY}
    columns["family"] = pa.repeat(pa.scalar(str(family)), rows.num_rows)
    columns["line"] = lines_of(family, rows, precision)
    return pa.record_batch([columns[name] for name in POINTS.names], schema=POINTS)
