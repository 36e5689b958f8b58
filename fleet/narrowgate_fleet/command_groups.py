"""One order for many devices: what was ordered, who could not be told, and how far it has come.

Rule 1: a group's members are ordinary commands that carry its name; its progress is counted from them.
Rule 2: who was meant and cannot be told is kept with the reason: nobody is left out in silence.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from narrowgate_fleet.command_states import CommandReason, CommandState
from narrowgate_fleet.selection import Selection
from narrowgate_schema.commands import Command, CommandKind, arguments_of, kind_of

DDL = (
    "CREATE TABLE groups (name TEXT PRIMARY KEY, selection TEXT NOT NULL, kind TEXT NOT NULL, arguments TEXT "
    "NOT NULL, not_before INTEGER NOT NULL, put_by TEXT NOT NULL, put_at INTEGER NOT NULL, meant INTEGER "
    "NOT NULL) STRICT",
    "CREATE TABLE misfits (group_name TEXT NOT NULL REFERENCES groups ON DELETE CASCADE, device TEXT NOT "
    "NULL, reason TEXT NOT NULL, PRIMARY KEY (group_name, device)) STRICT, WITHOUT ROWID",
    "CREATE TABLE confirmed (device TEXT NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL, arguments TEXT "
    "NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (device, kind, place)) STRICT, WITHOUT ROWID",
    "CREATE TRIGGER confirming AFTER UPDATE OF settled_at ON commands WHEN new.settled_at IS NOT NULL AND "
    "new.state IN ('SUCCESSFUL', 'DELIVERED') BEGIN INSERT OR REPLACE INTO confirmed VALUES (new.device, "
    "new.kind, new.place, new.arguments, new.settled_at); END",
)
"""Tables of the file of commands; `confirmed` has what each device was last told and took."""
Key = tuple[str, str, str]
"""Device, kind and place."""


@dataclass(frozen=True, slots=True)
class GroupOrder:
    """What many devices are to do."""

    name: str
    selection: Selection
    command: Command
    not_before_us: int
    put_by: str
    put_at_us: int
    meant: int
    """Devices of the selection when it was ordered."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group and how far it has come; instants are in UTC [us]."""

    name: str
    selection: dict[str, list[str]]
    kind: CommandKind
    arguments: dict[str, object]
    not_before_us: int
    put_by: str
    put_at_us: int
    meant: int
    """Devices of the selection when it was ordered."""
    misfits: int
    """Of them those that cannot be told this."""
    states: dict[CommandState, int]
    """Members in each state, every state present."""
    done: int
    """Members that carried it out, or have it where their layout has no answer."""
    still_open: int
    """Members of which it is not known yet what became of them."""


@dataclass(frozen=True, slots=True)
class Straggler:
    """A device of a group that has not carried it out, and why."""

    device: str
    state: CommandState | None
    """None: it cannot be told."""
    reason: CommandReason | None
    detail: str
    at_us: int | None
    """When it came to that [us]."""
    command_id: int | None


def note_group(connection: sqlite3.Connection, order: GroupOrder, begins_us: int | None = None) -> bool:
    """Write an order down; False if the very same was written before, under the same name.

    Args:
        connection: of a transaction.
        order: what is ordered.
        begins_us: when it was said to begin, so that another evening is another order [us]; None: at once.

    Raises:
        ValueError: the name is another order's.
    """
    said = (
        json.dumps(order.selection.as_json()),
        str(kind_of(order.command)),
        json.dumps(arguments_of(order.command)),
        order.put_by,
    )
    known = connection.execute(
        "SELECT selection, kind, arguments, put_by, not_before, put_at FROM groups WHERE name = ?",
        (order.name,),
    ).fetchone()
    if known is not None:
        *told, not_before_us, put_at_us = known
        if tuple(told) != said or max(begins_us or 0, put_at_us) not in (not_before_us, put_at_us):
            # Whose it is may be another tenant's secret.
            by = f", by {told[3]}" if told[3] == order.put_by else ", by somebody else"
            raise ValueError(f"group {order.name!r} is another order{by}")
        return False
    connection.execute(
        "INSERT INTO groups (name, selection, kind, arguments, put_by, not_before, put_at, meant)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (order.name, *said, order.not_before_us, order.put_at_us, order.meant),
    )
    return True


def note_misfits(
    connection: sqlite3.Connection, name: str, meant: Sequence[str], misfits: Sequence[tuple[str, str]]
) -> None:
    """Write down which devices of a group cannot be told, and why.

    Args:
        connection: of a transaction.
        name: the group's.
        meant: devices that were looked at: what an earlier look said of them holds no more.
        misfits: those of them that cannot be told.
    """
    connection.executemany(
        "DELETE FROM misfits WHERE group_name = ? AND device = ?", ((name, device) for device in meant)
    )
    connection.executemany(
        "INSERT INTO misfits SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
        # By its device: by its group each look would go through all members.
        " (SELECT 1 FROM commands WHERE device = ?2 AND +group_name = ?1)",
        ((name, device, why) for device, why in misfits),
    )


def groups(
    connection: sqlite3.Connection, most: int = 50, name: str | None = None, *, is_narrowed: bool = False
) -> list[GroupRow]:
    """Give groups, the newest first, as far as the connection may see members of them.

    Args:
        connection: it may be narrowed to what somebody may see: others' members are not counted.
        most: so many at most.
        name: only this one.
        is_narrowed: whether it sees some devices only: then only those count as meant, too.
    """
    rows = connection.execute(
        "SELECT name, selection, kind, arguments, not_before, put_by, put_at, meant,"
        " (SELECT count(*) FROM misfits WHERE group_name = name) FROM groups"
        " WHERE (name = ?1 OR ?1 IS NULL) AND (EXISTS (SELECT 1 FROM commands WHERE group_name = name)"
        " OR EXISTS (SELECT 1 FROM misfits WHERE group_name = name)) ORDER BY put_at DESC, name LIMIT ?2",
        (name, most),
    ).fetchall()
    found = [_group(connection, row) for row in rows]
    return (
        [replace(row, meant=sum(row.states.values()) + row.misfits) for row in found]
        if is_narrowed
        else found
    )


def _group(
    connection: sqlite3.Connection, row: tuple[str, str, str, str, int, str, int, int, int]
) -> GroupRow:
    name, selection, kind, arguments, not_before, put_by, put_at, meant, misfits = row
    counted = connection.execute(
        "SELECT state, count(*), sum(settled_at IS NULL) FROM commands WHERE group_name = ? GROUP BY state",
        (name,),
    ).fetchall()
    states = {state: 0 for state in CommandState}
    states.update({CommandState(state): count for state, count, _ in counted})
    delivered_open = sum(open_ for state, _, open_ in counted if state == CommandState.DELIVERED)
    return GroupRow(
        name=name,
        selection=json.loads(selection),
        kind=CommandKind(kind),
        arguments=json.loads(arguments),
        not_before_us=not_before,
        put_by=put_by,
        put_at_us=put_at,
        meant=meant,
        misfits=misfits,
        states=states,
        done=states[CommandState.SUCCESSFUL] + states[CommandState.DELIVERED] - delivered_open,
        still_open=sum(open_ for _, _, open_ in counted),
    )


def stragglers(
    connection: sqlite3.Connection, name: str, most: int = 100, after: str = ""
) -> list[Straggler]:
    """Give the devices of a group that have not carried it out, by name.

    Args:
        connection: it may be narrowed.
        name: the group's.
        most: so many at most.
        after: only those behind this device.
    """
    rows = connection.execute(
        "SELECT device, state, reason, coalesce((SELECT detail FROM steps WHERE command_id = id"
        " ORDER BY number DESC LIMIT 1), ''), coalesce((SELECT max(at) FROM steps WHERE command_id = id),"
        " put_at), id FROM commands WHERE group_name = ?1 AND device > ?2 AND state <> 'SUCCESSFUL'"
        " AND NOT (state = 'DELIVERED' AND settled_at IS NOT NULL)"
        " UNION ALL SELECT device, NULL, NULL, reason, NULL, NULL FROM misfits"
        " WHERE group_name = ?1 AND device > ?2 ORDER BY device LIMIT ?3",
        (name, after, most),
    ).fetchall()
    return [
        Straggler(
            device,
            None if state is None else CommandState(state),
            None if reason is None else CommandReason(reason),
            detail,
            at_us,
            command_id,
        )
        for device, state, reason, detail, at_us, command_id in rows
    ]


def confirmed(connection: sqlite3.Connection, kinds: Sequence[CommandKind]) -> dict[Key, str]:
    """Give the arguments that each device was last told and took."""
    return _said(connection, "confirmed", kinds)


def under_way(connection: sqlite3.Connection, kinds: Sequence[CommandKind]) -> dict[Key, str]:
    """Give the arguments of the newest command of each that has not ended."""
    return _said(connection, "(SELECT * FROM commands WHERE settled_at IS NULL ORDER BY id)", kinds)


def _said(connection: sqlite3.Connection, table: str, kinds: Sequence[CommandKind]) -> dict[Key, str]:
    marks = ", ".join("?" * len(kinds))
    sql = f"SELECT device, kind, place, arguments FROM {table} WHERE kind IN ({marks})"  # noqa: S608 - ours
    return {
        (device, kind, place): said for device, kind, place, said in connection.execute(sql, tuple(kinds))
    }


def known_keys(connection: sqlite3.Connection, put_by: str, now_us: int) -> set[str]:
    """Give the idempotency keys of somebody's commands whose time is not over."""
    rows = connection.execute(
        "SELECT idempotency_key FROM commands WHERE put_by = ? AND idempotency_key IS NOT NULL"
        " AND expires_at > ?",
        (put_by, now_us),
    ).fetchall()
    return {key for (key,) in rows}


def forget_idle(connection: sqlite3.Connection, put_before_us: int) -> None:
    """Forget old groups none of whose commands is kept any more."""
    connection.execute(
        "DELETE FROM groups WHERE put_at < ? AND name NOT IN"
        " (SELECT group_name FROM commands WHERE group_name IS NOT NULL)",
        (put_before_us,),
    )


def forget_device(connection: sqlite3.Connection, device: str) -> None:
    """Forget what groups and confirmations say of a device."""
    connection.execute("DELETE FROM misfits WHERE device = ?", (device,))
    connection.execute("DELETE FROM confirmed WHERE device = ?", (device,))
