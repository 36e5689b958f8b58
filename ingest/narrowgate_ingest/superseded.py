"""Episodes that no rule follows any more: raised by another version of their rule, or by one that is gone.

A rule whose version changed starts with an empty memory and finds episodes of its own. Nobody would ever
clear those of the version before, so the first row that the new version judges ends them, as findings end: a
version more, cleared, with the reason in the evidence.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from narrowgate_schema.tables import FINDINGS, TIMESTAMP
from narrowgate_schema.words import FindingState

_NEWEST = """
SELECT * FROM findings AS known WHERE cleared_at IS NULL
AND version = (SELECT max(version) FROM findings WHERE finding = known.finding)
ORDER BY rule, device, series, raised_at, finding
"""

Row = Mapping[str, Any]


def superseded(connection: sqlite3.Connection, versions: Mapping[str, int]) -> list[Row]:
    """Give the newest versions of open findings that no rule follows.

    Args:
        connection: the state database.
        versions: of the rules that there are, by name.
    """
    cursor = connection.execute(_NEWEST)
    names = [column[0] for column in cursor.description]
    rows = (dict(zip(names, values, strict=True)) for values in cursor)
    return [row for row in rows if versions.get(row["rule"]) != row["rule_version"]]


def closings(rows: Sequence[Row], frame: int, at_us: int) -> pa.RecordBatch:
    """Give FINDINGS that end open findings.

    Args:
        rows: their newest versions.
        frame: journal offset of what ends them.
        at_us: when that came in [us].
    """
    return versions_batch([_ended(row, frame, at_us) for row in rows])


def versions_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """Give rows of FINDINGS as a batch; times are whole [us]."""
    arrays = [_array([row[field.name] for row in rows], field.type) for field in FINDINGS]
    return pa.RecordBatch.from_arrays(arrays, schema=FINDINGS)


def newest_version(connection: sqlite3.Connection, finding: str) -> Row | None:
    """Give the newest version of a finding as it is stored; None if there is none."""
    cursor = connection.execute(
        "SELECT * FROM findings WHERE finding = ? ORDER BY version DESC LIMIT 1", (finding,)
    )
    row = cursor.fetchone()
    names = [column[0] for column in cursor.description]
    return None if row is None else dict(zip(names, row, strict=True))


def _ended(row: Row, frame: int, at_us: int) -> Row:
    return {
        **row,
        "version": row["version"] + 1,
        "members": json.loads(row["members"]),
        "state": FindingState.CLEARED.value,
        "cleared_at": max(row["raised_at"], at_us),
        "evidence": json.dumps({**json.loads(row["evidence"]), "superseded": True}, sort_keys=True),
        "frame": frame,
    }


def _array(values: list[Any], dtype: pa.DataType) -> pa.Array:
    if dtype == TIMESTAMP:
        return pa.array(values, pa.int64()).cast(TIMESTAMP)
    return pa.array(values, dtype)
