"""Cases as rows for other programs: flat, with times as text, and safe to open in a spreadsheet."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from narrowgate_cases.queries import COLUMNS, Case, case_of

COLUMNS_OUT = (
    "number", "state", "service", "severity", "family", "device", "series", "asset", "members", "unit",
    "cell", "district", "placed_by", "lat", "lon", "street", "road_class", "raised_at", "cleared_at",
    "opened_at", "closed_at", "due_at", "escalation", "reopened", "finding", "evidence",
)  # fmt: skip
_TIMES = ("raised_at", "cleared_at", "opened_at", "closed_at", "due_at")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""What a spreadsheet takes for a formula's beginning; a Chinese one the wide letters too."""


def told(case: Case) -> dict[str, object]:
    """Give a case as JSON takes it."""
    row: dict[str, object] = {}
    for name in COLUMNS_OUT:
        value = getattr(case, f"{name}_us" if name in _TIMES else name)
        row[name] = instant(value) if name in _TIMES else value
    row["members"], row["evidence"] = list(case.members), json.loads(case.evidence)
    return row


def cells(case: Case) -> list[str]:
    """Give a case as cells of a CSV; text that a spreadsheet would run stands behind an apostrophe."""
    row = told(case)
    row["members"], row["evidence"] = " ".join(case.members), case.evidence
    return [_cell(row[name]) for name in COLUMNS_OUT]


def exported(connection: sqlite3.Connection) -> Iterator[Case]:
    """Yield all cases, the oldest first, without holding them."""
    for row in connection.execute(f"SELECT {COLUMNS} FROM cases ORDER BY id"):  # noqa: S608 - literals
        yield case_of(row)


def instant(at_us: int | None) -> str | None:
    """Give an instant [us] as RFC 3339 text; None for none."""
    if at_us is None:
        return None
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)
