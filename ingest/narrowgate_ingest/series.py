"""What is asked of stored readings, whichever store answers: one field of one family over a span of time.

Each source gives the same answer to the same question: rows as readings are merged, null left out, spans
half open, buckets counted from 1970 in UTC.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_schema.fields import Field, fields_of
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family


class Aggregate(StrEnum):
    """What is made of the values of a bucket."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    LAST = "last"
    """The newest by the device's time."""
    COUNT = "count"


_OF_ANYTHING = (Aggregate.LAST, Aggregate.COUNT)


class SeriesUnreadable(Exception):
    """A store could not answer; says which and why."""


@dataclass(frozen=True)
class Question:
    """One field over [start_us, end_us)."""

    family: Family
    field: str
    start_us: int
    end_us: int
    devices: tuple[str, ...] | None = None
    """Those asked about, such as a zone's; None is all of them."""

    def __post_init__(self) -> None:
        """Refuse what no reading has."""
        names = [field.name for field in fields_of(self.family) if field.kind != "key"]
        if self.field not in names:
            raise ValueError(
                f"{self.family} readings have no field {self.field!r}; they have {', '.join(names)}"
            )
        if self.start_us > self.end_us:
            raise ValueError(f"the span ends at {self.end_us}, before it starts at {self.start_us}")

    @property
    def column(self) -> Field:
        """Give the field asked about."""
        return next(field for field in fields_of(self.family) if field.name == self.field)


class SeriesSource(Protocol):
    """A store that answers; every method may be called from any thread.

    Each raises SeriesUnreadable if the store cannot answer, and ValueError if the field's values have no such
    aggregate.
    """

    def range(self, question: Question, *, most_rows: int) -> pa.Table:
        """Give the values as they are: device, series, time, value; by time, the oldest `most_rows`."""
        ...

    def downsample(self, question: Question, bucket_us: int, aggregate: Aggregate) -> pa.Table:
        """Give a value a bucket: device, series, time (its start), value; by device, series, time.

        A bucket without values has no row.
        """
        ...

    def last(self, question: Question) -> pa.Table:
        """Give the newest value of each series: device, series, time, value; by device, series."""
        ...


def answer_schema(question: Question, aggregate: Aggregate | None = None) -> pa.Schema:
    """Give the columns of an answer: counts are int64, means float64, all else has the field's own dtype.

    Raises:
        ValueError: the field's values have no such aggregate.
    """
    dtype = READINGS[question.family].field(question.field).type
    is_number = question.column.dtype in ("float64", "int64")
    if aggregate is not None and aggregate not in _OF_ANYTHING and not is_number:
        raise ValueError(
            f"{question.field} is a {question.column.dtype}, which has no {aggregate}: ask for last or count"
        )
    if aggregate is Aggregate.COUNT:
        dtype = pa.int64()
    elif aggregate is Aggregate.MEAN:
        dtype = pa.float64()
    names = [("device", pa.string()), ("series", pa.string()), ("time", TIMESTAMP), ("value", dtype)]
    return pa.schema(names)


def checked_bucket(bucket_us: int) -> int:
    """Give a bucket's width [us]; ValueError if it is none."""
    if bucket_us < 1:
        raise ValueError(f"a bucket of {bucket_us} us is none")
    return bucket_us


def across_zone(
    source: SeriesSource, question: Question, bucket_us: int, aggregate: Aggregate, across: Aggregate
) -> pa.Table:
    """Give one value a bucket for all devices of a question together: time, value, series; by time.

    Args:
        source: who answers.
        question: its `devices` are the zone's.
        bucket_us: width of a bucket [us].
        aggregate: makes one value of a series' values in a bucket.
        across: makes one of the series' values; `series` tells of how many. LAST has no meaning here.
    """
    if across is Aggregate.LAST:
        raise ValueError("series side by side have no last one")
    dtype = answer_schema(question, aggregate).field("value").type
    if across is not Aggregate.COUNT and not (pa.types.is_floating(dtype) or pa.types.is_integer(dtype)):
        raise ValueError(f"the {aggregate} of {question.field} has no {across} over series")
    table = source.downsample(question, bucket_us, aggregate)
    grouped = table.group_by("time").aggregate([("value", str(across)), ("device", "count")])
    grouped = grouped.select(["time", f"value_{across}", "device_count"])
    return grouped.rename_columns(["time", "value", "series"]).take(pc.sort_indices(grouped["time"]))
