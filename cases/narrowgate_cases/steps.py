"""Taking a step: the one place that moves a case, keeps its clock and writes its history.

Rule 1: a step is taken in the caller's transaction, wholly or not at all.
Rule 2: history runs forward: a step is never dated before the one before it.
"""

import sqlite3
from dataclasses import dataclass
from fractions import Fraction

from narrowgate_cases.clocks import WARNS_AT, CaseClock, Limit
from narrowgate_cases.lifecycle import OPEN_STATES, RUNNING_STATES, State, Step, advance
from narrowgate_cases.practice import Practice
from narrowgate_cases.working_calendar import WorkingCalendar

MOST_ESCALATIONS = 2
"""A case is escalated when its limit is reached, and once more when as much again is gone."""


@dataclass(frozen=True)
class Taken:
    """A step as it is taken."""

    step: Step
    actor: str
    reason: str
    evidence: str = "{}"
    """A JSON object."""
    unit: str | None = None
    """Who is told to mend it, where the step says so."""
    by_us: int = 0
    """How much more time there is, where the step says so."""
    into: int | None = None
    """The case that tells of it from here on, where the step says so."""
    limit: Limit | None = None
    """The limit from here on, where the step changes it."""


@dataclass(frozen=True)
class Standing:
    """Where a case stands, as far as a step needs to know."""

    id: int
    state: State | None
    clock: CaseClock
    escalation: int
    unit: str | None
    last_at: int
    service: str
    severity: str


def standing_of(connection: sqlite3.Connection, case_id: int) -> Standing:
    """Give where a case stands."""
    row = connection.execute(
        "SELECT state, limit_us, is_working, spent_us, running_since, escalation, unit, service,"
        " severity,"
        " (SELECT at_us FROM case_steps WHERE case_id = cases.id ORDER BY id DESC LIMIT 1)"
        " FROM cases WHERE id = ?",
        (case_id,),
    ).fetchone()
    state, limit_us, is_working, spent_us, running_since, escalation, unit, service, severity, last_at = row
    limit = None if limit_us is None else Limit(limit_us, bool(is_working))
    is_new = last_at is None
    clock = CaseClock(limit, spent_us, running_since)
    stands = None if is_new else State(state)
    return Standing(case_id, stands, clock, escalation, unit, last_at or 0, service, severity)


def take(
    connection: sqlite3.Connection, case_id: int, taken: Taken, at_us: int, practice: Practice
) -> tuple[State | None, State]:
    """Take a step on a case; give where it stood and where it stands.

    Raises:
        ValueError: the step cannot be taken from where it stands; says what can.
    """
    stood = standing_of(connection, case_id)
    at_us = max(at_us, stood.last_at)
    following = advance(stood.state, taken.step)
    clock = _clock_after(stood, following, taken, at_us, practice)
    is_fresh = taken.step in (Step.REOPENED, Step.EXTENDED)
    escalation = 0 if is_fresh else stood.escalation + (taken.step is Step.ESCALATED)
    unit = taken.unit if taken.unit is not None else stood.unit
    times = times_of(clock, escalation, practice.calendar)
    due_at = times.due_at
    if taken.step is Step.RESOLVED and stood.clock.running_since is None:
        # What was suspended until it was mended is judged by what it had left.
        due_at = clock.run(at_us).reaches_us(Fraction(1), practice.calendar)
    connection.execute(
        "UPDATE cases SET state = ?, unit = ?, escalation = ?, reopened = reopened + ?,"
        " merged_into = iif(?, NULL, coalesce(?, merged_into)), closed_at = ?,"
        " limit_us = ?, is_working = ?, spent_us = ?,"
        " running_since = ?, warns_at = ?, due_at = coalesce(?, due_at), alarm_at = ? WHERE id = ?",
        (
            following, unit, escalation, taken.step in (Step.REOPENED, Step.REWORKED),
            taken.step is Step.REOPENED, taken.into,
            None if following in OPEN_STATES else _closed_at(connection, stood, following, at_us),
            None if clock.limit is None else clock.limit.amount_us,
            clock.limit is not None and clock.limit.is_working,
            clock.spent_us, clock.running_since, times.warns_at, due_at, times.alarm_at, case_id,
        ),
    )  # fmt: skip
    connection.execute(
        "INSERT INTO case_steps (case_id, at_us, step, actor, reason, evidence, state, unit, due_at)"
        " SELECT id, ?, ?, ?, ?, ?, ?, ?, due_at FROM cases WHERE id = ?",
        (at_us, taken.step, taken.actor, taken.reason, taken.evidence, following, unit, case_id),
    )
    return stood.state, following


def _closed_at(connection: sqlite3.Connection, stood: Standing, following: State, at_us: int) -> int:
    """Give when a case that is over ended: a remark on it later changes nothing."""
    if stood.state is following:
        (closed_at,) = connection.execute("SELECT closed_at FROM cases WHERE id = ?", (stood.id,)).fetchone()
        return int(closed_at) if closed_at is not None else at_us
    return at_us


def _clock_after(
    stood: Standing, following: State, taken: Taken, at_us: int, practice: Practice
) -> CaseClock:
    clock, calendar = stood.clock, practice.calendar
    if taken.step is Step.REOPENED:
        # Extensions were agreed for what was done then; what comes back has the limit that its service has.
        return CaseClock(practice.limit(stood.service, stood.severity), 0, at_us)
    if taken.step is Step.EXTENDED:
        clock = clock.extended(taken.by_us)
    if taken.limit is not None:
        clock = clock.limited(taken.limit, at_us, calendar)
    return clock.run(at_us) if following in RUNNING_STATES else clock.stand(at_us, calendar)


@dataclass(frozen=True)
class Times:
    """The instants of a clock that the queue and the alarms need; None while it stands."""

    warns_at: int | None
    due_at: int | None
    alarm_at: int | None


def times_of(clock: CaseClock, escalation: int, calendar: WorkingCalendar) -> Times:
    """Give when a clock that runs on will warn, be due, and escalate a case that was escalated so often."""
    return Times(
        warns_at=clock.reaches_us(WARNS_AT, calendar),
        due_at=clock.reaches_us(Fraction(1), calendar),
        alarm_at=clock.reaches_us(Fraction(escalation + 1), calendar)
        if escalation < MOST_ESCALATIONS
        else None,
    )
