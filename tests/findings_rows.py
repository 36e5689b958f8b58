"""Rows of FINDINGS for tests: one call, one batch; what a row does not say is a plain lamp's."""

from collections.abc import Mapping

import pyarrow as pa

from narrowgate_schema.tables import FINDINGS

DAY_US = 86_400_000_000

_ROW: dict[str, object] = {
    "finding": "f1",
    "version": 1,
    "rule": "lamp_out",
    "rule_version": 1,
    "severity": "minor",
    "family": "lighting",
    "device": "lamp-1",
    "series": "",
    "asset": "column-1",
    "members": [],
    "state": "raised",
    "raised_at": DAY_US,
    "cleared_at": None,
    "evidence": "{}",
    "frame": 1,
}


def raised(finding: str = "f1", version: int = 1, **values: object) -> dict[str, object]:
    """Give a version that says that the episode is open; each finding has a lamp of its own."""
    n = finding.removeprefix("f")
    own = {"device": f"lamp-{n}", "asset": f"column-{n}"}
    return {**_ROW, **own, "finding": finding, "version": version, "frame": version, **values}


def cleared(finding: str = "f1", version: int = 2, **values: object) -> dict[str, object]:
    """Give a version that says that the episode is over, one day after it began."""
    return raised(finding, version, **{"state": "cleared", "cleared_at": 2 * DAY_US, **values})


def retracted(finding: str = "f1", version: int = 2, **values: object) -> dict[str, object]:
    """Give a version that says that the episode never happened."""
    return cleared(finding, version, **{"cleared_at": DAY_US, "evidence": '{"retracted": true}', **values})


def batch(*rows: Mapping[str, object]) -> pa.RecordBatch:
    """Give the rows as one batch; none gives an empty one."""
    return pa.RecordBatch.from_pylist([dict(row) for row in rows], schema=FINDINGS)
