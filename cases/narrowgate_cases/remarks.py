"""What others say of a case: steps that come from outside, each by a name that whoever brings it gives."""

import sqlite3
from collections.abc import Sequence

from narrowgate_cases.practice import Practice
from narrowgate_cases.work import Asked, take_step


def remark(
    connection: sqlite3.Connection,
    number: str,
    asked: Sequence[Asked],
    actor: str,
    name: str | None,
    at_us: int,
    practice: Practice,
) -> int:
    """Take the steps that a message from outside asks for; give the id of the last.

    A message whose name is known has been taken: it changes nothing.

    Args:
        connection: the state database, in the caller's transaction.
        number: the case's.
        asked: one step or more.
        actor: who brings it, as the history calls them.
        name: the message's, as whoever brings it calls it; None: it has none, and each is a new one.
        at_us: now [us].
        practice: how the desk works.

    Raises:
        NoSuchCase: there is no case of that number.
        StepRefused: a step cannot be taken from there, or lacks something.
    """
    known = connection.execute(
        "SELECT step FROM case_updates WHERE actor = ? AND name = ?", (actor, name)
    ).fetchone()
    if known is not None:
        return int(known[0])
    for each in asked:
        take_step(connection, number, each, actor, at_us, practice)
    (step,) = connection.execute(
        "SELECT max(case_steps.id) FROM case_steps JOIN cases ON cases.id = case_id WHERE number = ?",
        (number,),
    ).fetchone()
    if name is not None:
        connection.execute("INSERT INTO case_updates VALUES (?, ?, ?)", (actor, name, step))
    return int(step)
