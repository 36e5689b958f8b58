"""The episodes that are not settled: open ones, and those that were over so lately that they count as before.

A row is an episode at its newest version, a device's or a group's; columns are arrays.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_rules.columns import BEFORE_US, NEVER_US, Indices, Mask
from narrowgate_schema.tables import FINDINGS, TIMESTAMP

HELD, TOLD, JOINED = 0, 1, 2
"""Standing: not released; the desk was told; the desk was told that a group explains it."""

_EXTRA: dict[str, tuple[str, int]] = {
    "standing": ("int64", HELD),
    "known": ("int64", 0),
    "release_us": ("int64", BEFORE_US),
    "quiet_us": ("int64", BEFORE_US),
    "low_us": ("int64", NEVER_US),
    "high_us": ("int64", NEVER_US),
    "every_us": ("int64", 0),
    "level": ("int64", -1),
    "since_us": ("int64", NEVER_US),
    "moved_us": ("int64", BEFORE_US),
    "pending": ("int64", 0),
}
"""What is known of a row beside the finding: see `Ledger`."""
_WHOLE = tuple(field.name for field in FINDINGS if pa.types.is_integer(field.type) or field.type == TIMESTAMP)
Column = NDArray[Any]


class Ledger:
    """Rows by columns: those of FINDINGS, and more.

    * standing: HELD, TOLD or JOINED; known: 1 = the desk has heard of it;
    * release_us: held until then at least; quiet_us: flapping until then;
    * low_us, high_us: between them the device was lost; every_us: how often it reports;
    * by: the group's finding that explains it, '' = none;
    * level: of a group's row its place among the levels, -1 = a device's; since_us: when the group was lost;
    * moved_us: of a group's row when its last version was made, of a device's when its group let go of it;
    * pending: 1 = the group has members that no version tells of yet.
    """

    def __init__(self, columns: dict[str, Column]) -> None:
        self._columns = columns

    @classmethod
    def empty(cls) -> "Ledger":
        """Give no rows."""
        return cls.of(_NONE)

    @classmethod
    def of(cls, findings: pa.RecordBatch, extra: Mapping[str, Column] | None = None) -> "Ledger":
        """Take rows of FINDINGS; what is known beside is as given, or nothing yet."""
        columns: dict[str, Column] = {}
        for name in FINDINGS.names:
            column = findings.column(name)
            if name in _WHOLE:
                whole = column.cast(pa.int64()).fill_null(NEVER_US)
                columns[name] = whole.to_numpy(zero_copy_only=False).copy()
            else:
                columns[name] = _objects(column.to_pylist())
        count = findings.num_rows
        for name, (dtype, initial) in _EXTRA.items():
            columns[name] = np.full(count, initial, dtype)
        columns["by"] = np.full(count, "", object)
        return cls({**columns, **(extra or {})})

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self._columns["version"])

    def __getitem__(self, name: str) -> Column:
        """Give a column; writing into it writes the row."""
        return self._columns[name]

    @property
    def is_open(self) -> Mask:
        """Mark the rows whose episode goes on."""
        is_open: Mask = self["cleared_at"] == NEVER_US
        return is_open

    def of_rows(self, row: Indices | Mask) -> "Ledger":
        """Give copies of some rows."""
        return Ledger({name: column[row] for name, column in self._columns.items()})

    def joined(self, other: "Ledger") -> "Ledger":
        """Give these rows and those behind them."""
        return Ledger({name: np.concatenate([column, other[name]]) for name, column in self._columns.items()})

    def places(self, findings: Sequence[str]) -> Indices:
        """Give the row of each finding, (n,); -1 = none."""
        if not len(self) or not len(findings):
            return np.full(len(findings), -1, np.intp)
        known = pa.array(self["finding"], pa.string())
        found = pc.index_in(pa.array(findings, pa.string()), known)
        places: Indices = found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
        return places

    def kinds(self) -> Indices:
        """Give a number for each (rule, device, series), (n,)."""
        parts = [pa.array(self[name], pa.string()) for name in ("rule", "device", "series")]
        joined = pc.binary_join_element_wise(*parts, "\x1f")
        kinds: Indices = joined.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.intp)
        return kinds

    def findings(self, row: Indices, **said: Iterable[Any]) -> list[dict[str, Any]]:
        """Give some rows as rows of FINDINGS, with some columns otherwise."""
        columns = {name: self[name][row].tolist() for name in FINDINGS.names}
        columns |= {name: list(values) for name, values in said.items()}
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        for each in rows:
            each["cleared_at"] = None if each["cleared_at"] == NEVER_US else each["cleared_at"]
        return rows

    def packed(self) -> pa.RecordBatch:
        """Give all rows as one batch that `unpacked` takes."""
        batch = findings_batch(self.findings(np.arange(len(self))))
        names = [*FINDINGS.names, *_EXTRA, "by"]
        extra = [pa.array(self[name]) for name in _EXTRA]
        return pa.RecordBatch.from_arrays(
            [*batch.columns, *extra, pa.array(self["by"], pa.string())], names=names
        )

    @classmethod
    def unpacked(cls, batch: pa.RecordBatch) -> "Ledger":
        """Take what `packed` gave."""
        findings = batch.select(FINDINGS.names)
        extra: dict[str, Column] = {name: batch.column(name).to_numpy().copy() for name in _EXTRA}
        return cls.of(findings, {**extra, "by": _objects(batch.column("by").to_pylist())})


def findings_batch(rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Give rows of FINDINGS as a batch; times are whole [us]."""
    arrays = []
    for field in FINDINGS:
        values = [row[field.name] for row in rows]
        whole = field.type == TIMESTAMP
        arrays.append(pa.array(values, pa.int64()).cast(TIMESTAMP) if whole else pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=FINDINGS)


def _objects(values: Sequence[Any]) -> Column:
    column = np.empty(len(values), object)
    for n, value in enumerate(values):
        column[n] = value
    return column


_NONE = findings_batch([])
