"""One step of a command, written with all that it changes, in the caller's transaction."""

import sqlite3
from dataclasses import dataclass

from narrowgate_fleet.command_states import FOLLOWERS, CommandReason, CommandState


@dataclass(frozen=True, slots=True)
class Step:
    """What a command comes to."""

    state: CommandState
    reason: CommandReason
    at_us: int
    """[us]"""
    actor: str
    detail: str = ""


def take_step(connection: sqlite3.Connection, command_id: int, step: Step) -> None:
    """Bring a command to a state and write the step down.

    Raises:
        ValueError: that state does not follow the one that it is in.
    """
    before, is_answered = connection.execute(
        "SELECT state, is_answered FROM commands WHERE id = ?", (command_id,)
    ).fetchone()
    if step.state not in FOLLOWERS[CommandState(before)]:
        raise ValueError(f"command {command_id} is {before}: {step.state} does not follow")
    is_settled = (step.state is CommandState.DELIVERED and not is_answered) or not FOLLOWERS[step.state]
    connection.execute(
        "UPDATE commands SET state = ?, reason = ?, settled_at = ?, mark = ? WHERE id = ?",
        (step.state, step.reason, step.at_us if is_settled else None, next_mark(connection), command_id),
    )
    note_step(connection, command_id, step)


def note_step(connection: sqlite3.Connection, command_id: int, step: Step) -> None:
    """Write a step behind those that are there."""
    connection.execute(
        "INSERT INTO steps SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM steps"
        " WHERE command_id = ?1",
        (command_id, step.at_us, step.state, step.reason, step.actor, step.detail),
    )


def next_mark(connection: sqlite3.Connection) -> int:
    """Give the mark of the next change."""
    (mark,) = connection.execute("UPDATE marks SET mark = mark + 1 RETURNING mark").fetchone()
    return int(mark)
