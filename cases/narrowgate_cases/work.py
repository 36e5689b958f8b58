"""What people do to cases: each step asked for, checked, and taken.

Rule 1: a refused step stores nothing; it says in one line why, and what would be right.
Rule 2: whatever is typed is text: it is bounded, of printable letters, and goes in as a parameter.
"""

import json
import sqlite3
from dataclasses import dataclass

from narrowgate_cases.lifecycle import ASIDE, State, Step, steps_from
from narrowgate_cases.practice import HOUR_US, Practice
from narrowgate_cases.steps import Taken, standing_of, take
from narrowgate_cases.texts import clean_line, clean_text

MOST_REASON = 2000
MOST_UNIT = 100
MOST_HOURS = 24 * 366

PEOPLES_STEPS: tuple[Step, ...] = (
    Step.ACCEPTED,
    Step.DISPATCHED,
    Step.STARTED,
    Step.RETURNED,
    Step.DEFERRED,
    Step.RESUMED,
    Step.EXTENDED,
    Step.RESOLVED,
    Step.VERIFIED,
    Step.REWORKED,
    Step.CLOSED,
    Step.VOID,
    Step.REOPENED,
    Step.MERGED,
    Step.COMMENTED,
)
"""The steps that a person may take."""
NEEDS_REASON: frozenset[Step] = frozenset(
    {
        Step.RETURNED,
        Step.DEFERRED,
        Step.EXTENDED,
        Step.REWORKED,
        Step.VOID,
        Step.REOPENED,
        Step.COMMENTED,
    }
)
"""The steps that say nothing without a reason."""


class StepRefused(ValueError):
    """A step that is not taken; the text says why, and what would be right."""


class NoSuchCase(LookupError):
    """There is no case of that number."""


@dataclass(frozen=True)
class Asked:
    """A step that somebody asks for."""

    step: Step
    reason: str = ""
    unit: str | None = None
    """Who is to mend it: with `dispatched`, where routing named nobody."""
    into: str | None = None
    """The number of the case that tells of it from here on: with `merged`."""
    by_h: float | None = None
    """How many hours more: with `extended`."""
    seen: int | None = None
    """How many moves (`queries.moves`) whoever asks has seen; None: it holds however the case has moved."""


def take_step(
    connection: sqlite3.Connection, number: str, asked: Asked, actor: str, at_us: int, practice: Practice
) -> State:
    """Take a person's step on a case; give where it stands.

    Args:
        connection: the state database, in the caller's transaction.
        number: the case's.
        asked: the step.
        actor: who takes it, as the audit calls them.
        at_us: now [us].
        practice: how the desk works.

    Raises:
        NoSuchCase: there is no case of that number.
        StepRefused: the step is no person's, cannot be taken from there, lacks something, or who asks for it
            has not seen where the case stands.
    """
    case_id = _id(connection, number)
    state = standing_of(connection, case_id).state
    _check_seen(connection, case_id, asked, number)
    step = _possible(asked.step, state, number)
    try:
        taken = Taken(
            step,
            actor,
            _reason(step, asked.reason),
            unit=_unit(connection, case_id, asked),
            by_us=_hours(asked),
            into=_into(connection, case_id, asked),
            evidence=_told(asked),
        )
        _, following = take(connection, case_id, taken, at_us, practice)
        if taken.into is not None:
            told = json.dumps({"case": number})
            take(connection, taken.into, Taken(Step.JOINED, actor, "merged", told), at_us, practice)
    except ValueError as error:
        raise StepRefused(f"{number}: {error}") from None
    return following


def possible_steps(state: State) -> list[Step]:
    """Give the steps that a person may take from a state."""
    return [step for step in steps_from(state) if step in PEOPLES_STEPS]


def _id(connection: sqlite3.Connection, number: str) -> int:
    row = connection.execute("SELECT id FROM cases WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise NoSuchCase(f"there is no case {number[:32]!r}")
    return int(row[0])


def _check_seen(connection: sqlite3.Connection, case_id: int, asked: Asked, number: str) -> None:
    """Refuse what somebody decided who has not seen the latest: two at one case do not undo each other."""
    if asked.seen is None:
        return
    steps = connection.execute(
        "SELECT step, actor FROM case_steps WHERE case_id = ? ORDER BY id DESC", (case_id,)
    )
    moved = [(step, actor) for step, actor in steps if step not in ASIDE]
    if len(moved) != asked.seen:
        step, actor = moved[0]
        raise StepRefused(f"{number} has moved on since you looked: {step} by {actor}; look again")


def _possible(step: Step, state: State | None, number: str) -> Step:
    possible = [] if state is None else possible_steps(state)
    if step not in possible:
        words = ", ".join(possible) or "nothing"
        raise StepRefused(f"{number} is {state} and cannot be {step}; possible: {words}")
    return step


def _reason(step: Step, text: str) -> str:
    reason = clean_text(text, MOST_REASON, "a reason")
    if not reason and step in NEEDS_REASON:
        raise ValueError(f"{step} needs a reason")
    return reason


def _unit(connection: sqlite3.Connection, case_id: int, asked: Asked) -> str | None:
    if asked.step is not Step.DISPATCHED:
        if asked.unit is not None:
            raise ValueError(f"{asked.step} names no unit; dispatched does")
        return None
    unit = clean_line(asked.unit or "", MOST_UNIT, "a unit")
    if unit:
        return unit
    (known,) = connection.execute("SELECT unit FROM cases WHERE id = ?", (case_id,)).fetchone()
    if known is None:
        raise ValueError("nobody is known to send: name a unit")
    return str(known)


def _hours(asked: Asked) -> int:
    if asked.step is not Step.EXTENDED:
        if asked.by_h is not None:
            raise ValueError(f"{asked.step} gives no more time; extended does")
        return 0
    if asked.by_h is None or not 0 < asked.by_h <= MOST_HOURS:
        raise ValueError(f"extended needs the hours to add, more than 0 and at most {MOST_HOURS}")
    return int(asked.by_h * HOUR_US)


def _into(connection: sqlite3.Connection, case_id: int, asked: Asked) -> int | None:
    if asked.step is not Step.MERGED:
        if asked.into is not None:
            raise ValueError(f"{asked.step} names no other case; merged does")
        return None
    row = connection.execute("SELECT id, state FROM cases WHERE number = ?", (asked.into,)).fetchone()
    if row is None or row[0] == case_id:
        raise ValueError("merged needs the number of another case")
    if Step.JOINED not in steps_from(State(row[1])):
        raise ValueError(f"{asked.into} is {row[1]}: a case is merged into an open one")
    return int(row[0])


def _told(asked: Asked) -> str:
    """Give what a step says beside its reason."""
    told = {"unit": asked.unit, "into": asked.into, "by_h": asked.by_h}
    return json.dumps({name: value for name, value in told.items() if value}, ensure_ascii=False)
