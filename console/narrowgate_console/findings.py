"""Findings as the console lists them: the newest version of each, the latest raised first."""

import sqlite3
from dataclasses import dataclass

_COLUMNS = (
    "finding, version, rule, severity, family, device, series, asset, members, state, raised_at, cleared_at,"
    " evidence"
)


@dataclass(frozen=True)
class Finding:
    """An episode as it is known now; times in [us], `members` and `evidence` JSON."""

    finding: str
    version: int
    rule: str
    severity: str
    family: str
    device: str
    series: str
    asset: str | None
    members: str
    state: str
    raised_at_us: int
    cleared_at_us: int | None
    evidence: str


def newest_findings(
    connection: sqlite3.Connection,
    *,
    rule: str | None,
    state: str | None,
    device: str | None,
    limit: int,
    offset: int,
) -> list[Finding]:
    """Give findings, the latest raised first.

    Args:
        connection: reads the state database.
        rule: only of this rule; None = of all.
        state: only those that stand so; None = all.
        device: only of this device; None = of all.
        limit: how many at most.
        offset: how many to pass over.
    """
    # SQLite takes the bare columns of a max() from the row that holds the maximum.
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM (SELECT *, max(version) FROM findings GROUP BY finding)"  # noqa: S608 - literals
        " WHERE (?1 IS NULL OR rule = ?1) AND (?2 IS NULL OR state = ?2)"
        " AND (?3 IS NULL OR device = ?3)"
        " ORDER BY raised_at DESC, finding LIMIT ?4 OFFSET ?5",
        (rule, state, device, limit, offset),
    )
    return [Finding(*row) for row in rows]
