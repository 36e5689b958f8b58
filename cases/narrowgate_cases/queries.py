"""What the desk can be asked: the open queue, its counts, one case with its history."""

import json
import sqlite3
from dataclasses import dataclass

from narrowgate_cases.lifecycle import OPEN_STATES, State, Step

_COLUMNS = (
    "number, finding, service, severity, family, device, series, asset, members, state,"
    " raised_at, cleared_at, opened_at, closed_at, evidence"
)
_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))


@dataclass(frozen=True)
class Case:
    """One case as it stands; times in [us], `members` the devices of a group's finding."""

    number: str
    finding: str
    service: str
    severity: str
    family: str
    device: str
    series: str
    asset: str | None
    members: tuple[str, ...]
    state: State
    raised_at_us: int
    cleared_at_us: int | None
    opened_at_us: int
    closed_at_us: int | None
    evidence: str
    """A JSON object: the values and the window that decided."""


@dataclass(frozen=True)
class CaseStep:
    """One step that was taken."""

    at_us: int
    step: Step
    actor: str
    reason: str
    evidence: str


@dataclass(frozen=True)
class CaseCounts:
    """How many cases stand where."""

    by_state: dict[State, int]
    """Every state, 0 included."""
    open_by_service: dict[str, int]
    """Services with an open case."""

    @property
    def open(self) -> int:
        """How many wait for somebody."""
        return sum(self.by_state[state] for state in OPEN_STATES)


def open_cases(connection: sqlite3.Connection, limit: int, offset: int = 0) -> list[Case]:
    """Give open cases, the newest first.

    Args:
        connection: a connection that may read the desk's tables.
        limit: how many at most, 0 or more.
        offset: how many of the newest to pass over, 0 or more.

    Raises:
        ValueError: a negative limit or offset.
    """
    if limit < 0 or offset < 0:
        raise ValueError(f"limit and offset are 0 or more, got {limit} and {offset}")
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM cases WHERE state IN ({_OPEN}) ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608 - literals
        (limit, offset),
    )
    return [_case(row) for row in rows]


def counts(connection: sqlite3.Connection) -> CaseCounts:
    """Give how many cases stand in each state, and the open ones by service."""
    found = dict(connection.execute("SELECT state, count(*) FROM cases GROUP BY state").fetchall())
    by_service = connection.execute(
        f"SELECT service, count(*) FROM cases WHERE state IN ({_OPEN}) GROUP BY service ORDER BY service"  # noqa: S608 - literals
    ).fetchall()
    return CaseCounts({state: found.get(state, 0) for state in State}, dict(by_service))


def case(connection: sqlite3.Connection, number: str) -> tuple[Case, list[CaseStep]] | None:
    """Give one case and its steps, the oldest first; None if there is no case of that number."""
    row = connection.execute(f"SELECT {_COLUMNS}, id FROM cases WHERE number = ?", (number,)).fetchone()  # noqa: S608 - literals
    if row is None:
        return None
    steps = connection.execute(
        "SELECT at_us, step, actor, reason, evidence FROM case_steps WHERE case_id = ? ORDER BY id",
        (row[-1],),
    )
    return _case(row[:-1]), [CaseStep(at, Step(step), *rest) for at, step, *rest in steps]


def _case(row: tuple[object, ...]) -> Case:
    values = dict(zip(Case.__dataclass_fields__, row, strict=True))
    values["members"] = tuple(json.loads(str(values["members"])))
    values["state"] = State(str(values["state"]))
    return Case(**values)  # type: ignore[arg-type]  # the columns stand in the order of the fields
