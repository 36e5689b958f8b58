"""What the desk can be asked: the open queue, its counts, one case with its history."""

import json
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from narrowgate_cases.clocks import CaseClock, Light, Limit
from narrowgate_cases.lifecycle import ASIDE, OPEN_STATES, State, Step
from narrowgate_cases.tables import IS_OPEN_SQL, OPEN_STATES_SQL
from narrowgate_cases.working_calendar import WorkingCalendar

COLUMNS = (
    "number, finding, service, severity, family, device, series, asset, members, state,"
    " raised_at, cleared_at, opened_at, closed_at, evidence, unit, cell, district, placed_by, lat, lon,"
    " street, road_class, limit_us, is_working, spent_us, running_since, due_at, escalation, reopened,"
    " merged_into"
)
_OPEN = OPEN_STATES_SQL
_NUMBER = re.compile(r"(?:[Cc]-)?([0-9]{1,12})", re.ASCII)


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
    unit: str | None
    """The department or contractor that mends it."""
    cell: str | None
    """The grid cell, 15 digits."""
    district: str | None
    placed_by: str | None
    """What told where it lies: a grid code, a point, or nothing."""
    lat: float | None
    lon: float | None
    street: str | None
    road_class: str | None
    limit_us: int | None
    is_working: bool
    """Whether the limit runs in working time only."""
    spent_us: int
    running_since_us: int | None
    due_at_us: int | None
    """When the limit is reached, or would have been when the clock last ran."""
    escalation: int
    """How often it was escalated."""
    reopened: int
    """How often it came back."""
    merged_into: int | None

    @property
    def clock(self) -> CaseClock:
        """Give its clock."""
        limit = None if self.limit_us is None else Limit(self.limit_us, self.is_working)
        return CaseClock(limit, self.spent_us, self.running_since_us)

    def light(self, now_us: int, calendar: WorkingCalendar) -> Light:
        """Give its light at an instant [us]: green to 80 %, yellow to 100 %, red after; none if it stands."""
        is_running = self.state in OPEN_STATES and self.running_since_us is not None
        return self.clock.light(now_us, calendar) if is_running else Light.NONE


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
        f"SELECT {COLUMNS} FROM cases WHERE {IS_OPEN_SQL} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608 - literals
        (limit, offset),
    )
    return [case_of(row) for row in rows]


def counts(connection: sqlite3.Connection) -> CaseCounts:
    """Give how many cases stand in each state, and the open ones by service.

    They are kept counted; a connection that finds some cases only counts what it finds.
    """
    narrowed = "SELECT 1 FROM sqlite_temp_schema WHERE name = 'cases'"
    is_narrowed = connection.execute(narrowed).fetchone() is not None
    table = "(SELECT state, service, 1 AS n FROM cases)" if is_narrowed else "case_counts"
    found = dict(connection.execute(f"SELECT state, sum(n) FROM {table} GROUP BY state").fetchall())  # noqa: S608
    by_service = connection.execute(
        f"SELECT service, sum(n) FROM {table} WHERE state IN ({_OPEN})"  # noqa: S608 - literals
        " GROUP BY service HAVING sum(n) > 0 ORDER BY service"
    ).fetchall()
    return CaseCounts({state: found.get(state, 0) for state in State}, dict(by_service))


def case(connection: sqlite3.Connection, number: str) -> tuple[Case, list[CaseStep]] | None:
    """Give one case and its steps, the oldest first; None if there is no case of that number."""
    row = connection.execute(f"SELECT {COLUMNS}, id FROM cases WHERE number = ?", (number,)).fetchone()  # noqa: S608 - literals
    if row is None:
        return None
    steps = connection.execute(
        "SELECT at_us, step, actor, reason, evidence FROM case_steps WHERE case_id = ? ORDER BY id",
        (row[-1],),
    )
    return case_of(row[:-1]), [CaseStep(at, Step(step), *rest) for at, step, *rest in steps]


def moves(steps: Iterable[CaseStep]) -> int:
    """Count the steps that decided something: who names the count says how far they have seen a case."""
    return sum(each.step not in ASIDE for each in steps)


def number_of(text: str) -> str:
    """Give the number that somebody typed: `42` and `c-42` are C-000042; what is none stays as it is."""
    match = _NUMBER.fullmatch(text.strip())
    return text if match is None else f"C-{int(match[1]):06d}"


def case_of(row: tuple[object, ...]) -> Case:
    """Give the case of a row of COLUMNS."""
    values = dict(zip(Case.__dataclass_fields__, row, strict=True))
    values["members"] = tuple(json.loads(str(values["members"])))
    values["state"] = State(str(values["state"]))
    values["is_working"] = bool(values["is_working"])
    return Case(**values)  # type: ignore[arg-type]  # the columns stand in the order of the fields
