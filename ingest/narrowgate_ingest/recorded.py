"""Recorded readings of any size, from CSV or Parquet, in the order in which they came: sorted on disk.

Columns are named as in the field table. `device` and `time` are needed; `received_at` says when a reading
came in, else it came in when it was taken. What is no time, number or flag is counted and named, not guessed.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from narrowgate_schema.fields import Field, fields_of
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

MEMORY = "1GB"
_FAULTS_NAMED = 20
_NO_ROW = "has no device or no time"
_NO_VALUE = "has a cell that is no value of its column"
_CASTS = {"float64": "DOUBLE", "int64": "BIGINT", "bool": "BOOLEAN", "string": "VARCHAR"}


class RecordingFault(ValueError):
    """A file that holds no readings; says what would be right."""


@dataclass
class Spoilt:
    """Rows, and cells of rows, that could not be read."""

    rows: int = 0
    """Left out: no device or no time."""
    cells: int = 0
    """Taken for missing: no number, no flag."""
    named: list[str] = field(default_factory=list)
    """The first of them in words."""


class Recording:
    """One file of readings of one family."""

    def __init__(
        self, path: Path, family: Family, timezone: ZoneInfo, renamed: Mapping[str, str] | None = None
    ) -> None:
        """Look at a file.

        Args:
            path: CSV (also .csv.gz) or Parquet.
            family: of its readings.
            timezone: of times that state none.
            renamed: our name by the file's name of a column.

        Raises:
            RecordingFault: it cannot be read, or its columns are others; names them all.
        """
        self.family = family
        self.spoilt = Spoilt()
        self._path = path
        self._database = duckdb.connect()
        self._database.execute(f"SET TimeZone = '{timezone.key}'")
        self._database.execute(f"SET memory_limit = '{MEMORY}'")
        self._source = self._opened(path)
        self._columns = self._named(dict(renamed or {}))

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self._database.close()

    def count(self) -> int:
        """Give the number of rows."""
        [(rows,)] = self._database.execute(f"SELECT count(*) FROM {self._source}").fetchall()  # noqa: S608
        return int(rows)

    def batches(self, rows: int, now_us: int) -> Iterator[pa.RecordBatch]:
        """Give the readings in the order in which they came, `rows` at a time; `frame` is 1, 3, 5 and so on.

        A reading cannot have come in later than `now_us` [us]: one that is dated later is in the future.
        """
        first = 0
        with self._sorted(now_us) as stream:
            for batch in stream(rows):
                frames = 2 * np.arange(first, first + batch.num_rows, dtype=np.int64) + 1
                first += batch.num_rows
                yield _readings(batch, frames, self.family, self._columns)

    def _opened(self, path: Path) -> str:
        quoted = str(path).replace("'", "''")
        is_parquet = path.suffix == ".parquet"
        source = (
            f"read_parquet('{quoted}')"
            if is_parquet
            else f"read_csv('{quoted}', all_varchar=true, header=true)"
        )
        try:
            self._database.execute(f"SELECT * FROM {source} LIMIT 0")  # noqa: S608
        except duckdb.Error as error:
            self._database.close()
            why = str(error).splitlines()[0]
            raise RecordingFault(
                f"{path}: cannot be read as {'Parquet' if is_parquet else 'CSV'}: {why}"
            ) from None
        return source

    def _named(self, renamed: dict[str, str]) -> dict[str, tuple[str, Field]]:
        """Give the file's columns by our names; RecordingFault names all that are none."""
        described = self._database.execute(f"DESCRIBE SELECT * FROM {self._source}").fetchall()  # noqa: S608
        known = {
            each.name: each
            for each in fields_of(self.family)
            if each.name not in ("frame", "profile", "late")
        }
        columns, unknown = {}, []
        for name, *_ in described:
            ours = renamed.pop(name, name)
            if ours in known:
                columns[ours] = (name, known[ours])
            else:
                unknown.append(name)
        missing = [name for name in ("device", "time") if name not in columns]
        wrong = [f"column {name!r} is none of {self.family}" for name in unknown]
        wrong += [f"column {name!r} is missing" for name in missing]
        wrong += [f"column {name!r} is not in the file" for name in renamed]
        if wrong:
            raise RecordingFault(f"{self._path}: {'; '.join(wrong)}; known are {', '.join(known)}")
        return columns

    @contextmanager
    def _sorted(self, now_us: int) -> Iterator[Any]:
        said = ", ".join(_cast(name, theirs, one) for name, (theirs, one) in self._columns.items())
        doubts = " + ".join(_doubt(theirs, one) for theirs, one in self._columns.values())
        with tempfile.TemporaryDirectory() as directory:
            self._database.execute(f"SET temp_directory = '{directory}'")
            self._database.execute(
                f"CREATE OR REPLACE TEMP VIEW said AS SELECT {said}, ({doubts}) AS doubts, "  # noqa: S608
                f"row_number() OVER () AS line FROM {self._source}"
            )
            came = "received_at" if "received_at" in self._columns else "time"
            self._count_spoilt()
            result = self._database.sql(
                f"SELECT * EXCLUDE (doubts, line), least({came}, {now_us}) AS came FROM said "  # noqa: S608
                "WHERE device IS NOT NULL AND time IS NOT NULL ORDER BY came, line"
            )
            yield lambda rows: result.to_arrow_reader(rows)

    def _count_spoilt(self) -> None:
        bad = "device IS NULL OR time IS NULL"
        [(rows, cells)] = self._database.execute(
            f"SELECT count(*) FILTER ({bad}), sum(doubts) FILTER (NOT ({bad})) FROM said"  # noqa: S608
        ).fetchall()
        named = self._database.execute(
            f"SELECT line, {bad} FROM said WHERE {bad} OR doubts > 0 ORDER BY line LIMIT {_FAULTS_NAMED}"  # noqa: S608
        ).fetchall()
        self.spoilt.rows, self.spoilt.cells = int(rows), int(cells or 0)
        self.spoilt.named = [f"row {line}: {_NO_ROW if is_bad else _NO_VALUE}" for line, is_bad in named]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cast(name: str, theirs: str, column: Field) -> str:
    text = _quoted(theirs)
    if column.dtype == "timestamp":
        # Numbers are counted from 1970, in the unit that puts them between 2001 and 2286.
        number = f"TRY_CAST({text}::VARCHAR AS DOUBLE)"
        factor = f"CASE WHEN abs({number}) < 1e10 THEN 1e6 WHEN abs({number}) < 1e13 THEN 1e3 ELSE 1 END"
        instant = f"epoch_us(TRY_CAST({text} AS TIMESTAMPTZ))"
        return f"coalesce(CAST({number} * {factor} AS BIGINT), {instant}) AS {name}"
    if column.dtype == "string":
        return f"{text}::VARCHAR AS {name}"
    value = f"TRY_CAST({text} AS {_CASTS[column.dtype]})"
    return (
        f"CASE WHEN isfinite({value}) THEN {value} END AS {name}"
        if column.dtype == "float64"
        else f"{value} AS {name}"
    )


def _doubt(theirs: str, column: Field) -> str:
    if column.dtype in ("timestamp", "string"):
        return "0"
    text = _quoted(theirs)
    return f"CAST({text} IS NOT NULL AND TRY_CAST({text} AS {_CASTS[column.dtype]}) IS NULL AS INTEGER)"


def _readings(
    batch: pa.RecordBatch, frames: np.ndarray[Any, Any], family: Family, columns: Mapping[str, Any]
) -> pa.RecordBatch:
    """Give rows the schema of readings."""
    count = batch.num_rows
    given: dict[str, pa.Array] = {
        "series": pa.array([""] * count),
        "profile": pa.array([""] * count),
        "frame": pa.array(frames),
        "received_at": batch.column("came").cast(TIMESTAMP),
    }
    for name in columns:
        if name != "received_at":
            column = batch.column(name)
            given[name] = column.fill_null("") if name == "series" else column
    schema = READINGS[family]
    arrays = [
        given[each.name].cast(each.type) if each.name in given else pa.nulls(count, each.type)
        for each in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
