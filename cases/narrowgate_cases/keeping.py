"""Time passes at the desk: what is overdue is escalated at its instant, and who reported is forgotten."""

import sqlite3

from narrowgate_cases.lifecycle import Step
from narrowgate_cases.practice import DEFAULT_PRACTICE, Practice
from narrowgate_cases.reports import forget_reporters
from narrowgate_cases.steps import Taken, take

_MOST_AT_ONCE = 1000
_REASONS = ("overdue", "overdue_twice")


def keep_time(connection: sqlite3.Connection, now_us: int, practice: Practice = DEFAULT_PRACTICE) -> int:
    """Escalate the cases whose limit was reached by an instant; give how many steps that took.

    Who reported so long ago that nobody need know is forgotten besides.

    A backlog is worked off a thousand steps at a time: the caller comes again.

    Args:
        connection: the state database, in the caller's transaction.
        now_us: as far as time has come [us].
        practice: how the desk works.
    """
    forget_reporters(connection, now_us - practice.people_kept_us)
    due = connection.execute(
        "SELECT id, alarm_at, escalation FROM cases WHERE alarm_at <= ? ORDER BY alarm_at, id LIMIT ?",
        (now_us, _MOST_AT_ONCE),
    ).fetchall()
    for case_id, at_us, escalation in due:
        taken = Taken(Step.ESCALATED, "clock", _REASONS[min(escalation, 1)])
        take(connection, case_id, taken, at_us, practice)
    return len(due)
