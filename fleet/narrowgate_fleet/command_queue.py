"""The queue of commands as those who give them see it: put, look, cancel; and what time does to it.

Rule 1: a command is kept before anybody is told that it is; the same idempotency key is the same command.
Rule 2: a newer command takes the place of an older one that says the same thing and is not on its way.
Rule 3: every step is written down with instant, reason and actor; what is settled is forgotten after a while.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from narrowgate_fleet.command_file import CommandFile
from narrowgate_fleet.command_groups import forget_device, forget_idle
from narrowgate_fleet.command_rows import (
    ANSWER_S,
    COLUMNS,
    CommandFilters,
    CommandRow,
    CommandStep,
    Put,
    Wish,
    most_attempts_of,
    place_of,
    row_of,
    steps_of,
)
from narrowgate_fleet.command_states import CommandReason, CommandState
from narrowgate_fleet.command_steps import Step, next_mark, note_step, take_step
from narrowgate_schema.commands import CommandKind, arguments_of, kind_of

NAME = "commands.db"
"""The file's, in the home."""
MOST_OPEN = 64
"""Commands of one device that are open at a time."""
_SLICE = 200
"""Commands of a group that are taken back in one transaction."""
_ENDED = 1000
"""Commands whose time is over that are told so in one transaction."""


class CommandQueue:
    """Commands that wait for their devices; every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; raises as `CommandFile` does."""
        self.file = CommandFile(path)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def put(self, wish: Wish, *, by: str, now_us: int) -> Put:
        """Keep a command; it takes the place of one that waits and says the same thing.

        Args:
            wish: what, for whom, and until when.
            by: who gives it, as the audit calls them.
            now_us: [us]

        Raises:
            ValueError: the device cannot be told this, or the key is another command's. Nothing is kept.
        """
        return self.put_all([wish], by=by, now_us=now_us)[0]

    def put_all(self, wishes: Sequence[Wish], *, by: str, now_us: int) -> list[Put]:
        """Keep commands, all or none; else as `put`. A few hundred at a time let the edge in between."""
        with self.file.writing() as connection:
            return [_put(connection, wish, by, now_us) for wish in wishes]

    def put_each(self, wishes: Sequence[Wish], *, by: str, now_us: int) -> "list[Put | str]":
        """Keep those commands that can be kept, and say of each other why it cannot; else as `put_all`."""
        with self.file.writing() as connection:
            return [_put_or_refuse(connection, wish, by, now_us) for wish in wishes]

    def cancel(self, command_id: int, *, by: str, now_us: int, detail: str = "") -> CommandRow:
        """Take back a command that has not left, and give it.

        Raises:
            KeyError: there is none.
            ValueError: it is on its way or settled.
        """
        with self.file.writing() as connection:
            row = get(connection, command_id)
            if row.state is not CommandState.PENDING:
                raise ValueError(f"command {command_id} is {row.state}: only one that waits can be canceled")
            step = Step(CommandState.CANCELED, CommandReason.WITHDRAWN, now_us, by, detail)
            take_step(connection, command_id, step)
            return get(connection, command_id)

    def cancel_group(
        self,
        name: str,
        *,
        by: str,
        now_us: int,
        detail: str = "",
        sees: Callable[[str], bool] = lambda device: True,
    ) -> int:
        """Take back what of a group has not left, and give how much; some hundred at a time.

        Args:
            name: the group's.
            by: who takes it back, as the audit calls them.
            now_us: [us]
            detail: why, in words.
            sees: tells whose commands are meant.
        """
        step = Step(CommandState.CANCELED, CommandReason.WITHDRAWN, now_us, by, detail)
        count = last_id = 0
        while True:
            with self.file.writing() as connection:
                waiting = connection.execute(
                    "SELECT id, device FROM commands WHERE group_name = ? AND state = 'PENDING' AND id > ?"
                    " ORDER BY id LIMIT ?",
                    (name, last_id, _SLICE),
                ).fetchall()
                for last_id, device in waiting:
                    if sees(device):
                        take_step(connection, last_id, step)
                        count += 1
            if len(waiting) < _SLICE:
                return count

    def get(self, command_id: int) -> CommandRow:
        """Give a command; KeyError if there is none."""
        with self.file.looking() as connection:
            return get(connection, command_id)

    def history(self, command_id: int) -> list[CommandStep]:
        """Give the steps of a command in their order; () if there is none."""
        with self.file.looking() as connection:
            return steps_of(connection, command_id)

    def listed(
        self, filters: CommandFilters | None = None, *, most: int = 100, before_id: int | None = None
    ) -> list[CommandRow]:
        """Give commands, the newest first.

        Args:
            filters: which.
            most: so many at most.
            before_id: only older ones than this.
        """
        with self.file.looking() as connection:
            return listed(connection, filters or CommandFilters(), most, before_id)

    def expire(self, now_us: int, *, answer_s: float = ANSWER_S) -> int:
        """End the commands whose time is over, and give how many.

        What never left is EXPIRED; what left and was not answered is TIMEOUT.

        Args:
            now_us: [us]
            answer_s: how long a device may take to answer what left last thing [s].
        """
        with self.file.writing() as connection:
            ids = connection.execute(
                "SELECT id, attempts FROM commands WHERE settled_at IS NULL AND expires_at <= ?1"
                " AND (state = 'PENDING' OR sent_at <= ?2) ORDER BY expires_at LIMIT ?3",
                (now_us, now_us - int(answer_s * 1e6), _ENDED),
            ).fetchall()
            for command_id, attempts in ids:
                state = CommandState.TIMEOUT if attempts else CommandState.EXPIRED
                take_step(connection, command_id, Step(state, CommandReason.TOO_OLD, now_us, "time"))
            return len(ids)

    def doubt(self, now_us: int) -> int:
        """Let nothing of a restored copy leave that may have left since and must not twice; give how many."""
        with self.file.writing() as connection:
            ids = connection.execute(
                "SELECT id FROM commands WHERE state = 'PENDING' AND most_attempts = 1"
            ).fetchall()
            words = "it waited when the backup was made; whether it left since is not known"
            for (command_id,) in ids:
                step = Step(CommandState.TIMEOUT, CommandReason.RESTORED, now_us, "restore", words)
                take_step(connection, command_id, step)
            return len(ids)

    def trim(self, settled_before_us: int, most_settled: int) -> int:
        """Forget settled commands with their steps: the old ones, and all but so many; give how many."""
        with self.file.writing() as connection:
            forget_idle(connection, settled_before_us)
            return connection.execute(
                "DELETE FROM commands WHERE settled_at < ?1 OR settled_at <="
                " (SELECT settled_at FROM commands WHERE settled_at IS NOT NULL"
                " ORDER BY settled_at DESC LIMIT 1 OFFSET ?2)",
                (settled_before_us, most_settled),
            ).rowcount

    def count_of(self, device: str) -> int:
        """Give how many commands of a device there are."""
        with self.file.looking() as connection:
            sql = "SELECT count(*) FROM commands WHERE device = ?"
            return int(connection.execute(sql, (device,)).fetchone()[0])

    def forget(self, device: str) -> int:
        """Forget all of a device's commands and their steps, bytes and all; give how many there were."""
        with self.file.looking() as connection:
            connection.execute("PRAGMA secure_delete = ON")
        try:
            with self.file.writing() as connection:
                gone = connection.execute("DELETE FROM commands WHERE device = ?", (device,)).rowcount
                forget_device(connection, device)
        finally:
            with self.file.looking() as connection:
                connection.execute("PRAGMA secure_delete = OFF")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone


def listed(
    connection: sqlite3.Connection, filters: CommandFilters, most: int, before_id: int | None = None
) -> list[CommandRow]:
    """Give commands, the newest first; the connection may be narrowed to what somebody may see."""
    asked: dict[str, object] = {
        "device = ?": filters.device,
        "state = ?": filters.state,
        "kind = ?": filters.kind,
        "group_name = ?": filters.group,
        "(settled_at IS NULL) = ?": filters.is_open,
        "id < ?": before_id,
    }
    given = {sql: value for sql, value in asked.items() if value is not None}
    where = " AND ".join(given) or "TRUE"
    sql = f"SELECT {COLUMNS} FROM commands WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - our words
    return [row_of(row) for row in connection.execute(sql, (*given.values(), most))]


def counts(connection: sqlite3.Connection) -> dict[CommandState, int]:
    """Give how many commands are in each state."""
    rows = dict(connection.execute("SELECT state, count(*) FROM commands GROUP BY state").fetchall())
    return {state: rows.get(state, 0) for state in CommandState}


def open_counts(connection: sqlite3.Connection) -> dict[CommandState, int]:
    """Give how many commands are open, by state; it looks at no others."""
    rows = dict(
        connection.execute(
            "SELECT state, count(*) FROM commands INDEXED BY commands_open WHERE settled_at IS NULL"
            " GROUP BY state"
        ).fetchall()
    )
    return {state: rows.get(state, 0) for state in CommandState}


def oldest_waiting_us(connection: sqlite3.Connection) -> int | None:
    """Give since when the oldest command waits [us]; None where none does."""
    (at_us,) = connection.execute("SELECT min(put_at) FROM commands WHERE state = 'PENDING'").fetchone()
    return None if at_us is None else int(at_us)


def get(connection: sqlite3.Connection, command_id: int) -> CommandRow:
    """Give a command; KeyError if there is none, or none that the connection may see."""
    sql = f"SELECT {COLUMNS} FROM commands WHERE id = ?"  # noqa: S608 - our own columns
    row = connection.execute(sql, (command_id,)).fetchone()
    if row is None:
        raise KeyError(command_id)
    return row_of(row)


def _put_or_refuse(connection: sqlite3.Connection, wish: Wish, by: str, now_us: int) -> Put | str:
    """Put a wish, or leave no trace of it and say why."""
    connection.execute("SAVEPOINT wish")
    try:
        return _put(connection, wish, by, now_us)
    except ValueError as why:
        connection.execute("ROLLBACK TO wish")
        return str(why)
    finally:
        connection.execute("RELEASE wish")


def _put(connection: sqlite3.Connection, wish: Wish, by: str, now_us: int) -> Put:
    kind, arguments = kind_of(wish.command), json.dumps(arguments_of(wish.command))
    known = _known(connection, wish, by, (kind, arguments))
    if known is not None:
        return Put(known, is_new=False)
    (number,) = connection.execute(
        "SELECT coalesce((SELECT number FROM commands WHERE device = ? ORDER BY id DESC LIMIT 1), 0) + 1",
        (wish.device,),
    ).fetchone()
    frame = wish.framing(number)
    not_before_us = now_us if wish.not_before_us is None else max(now_us, wish.not_before_us)
    values = {
        "device": wish.device,
        "kind": kind,
        "arguments": arguments,
        "place": place_of(wish.command),
        "state": CommandState.PENDING,
        "reason": CommandReason.PUT,
        "put_by": by,
        "put_at": now_us,
        "not_before": not_before_us,
        "expires_at": not_before_us + int(wish.ttl_s * 1e6),
        "idempotency_key": wish.idempotency_key,
        "group_name": wish.group,
        "cell": wish.cell,
        "profile": frame.profile,
        "payload": frame.payload,
        "port": frame.port,
        "number": number,
        "is_answered": int(frame.is_answered),
        "attempts": 0,
        "most_attempts": most_attempts_of(wish),
        "mark": next_mark(connection),
    }
    marks = ", ".join("?" * len(values))
    sql = f"INSERT INTO commands ({', '.join(values)}) VALUES ({marks}) RETURNING id"  # noqa: S608
    (command_id,) = connection.execute(sql, tuple(values.values())).fetchone()
    note_step(connection, command_id, Step(CommandState.PENDING, CommandReason.PUT, now_us, by))
    words = f"by command {command_id}"
    step = Step(CommandState.CANCELED, CommandReason.SUPERSEDED, now_us, by, words)
    _supersede(connection, command_id, wish, not_before_us, step)
    _hold_to_bound(connection, wish.device)
    return Put(int(command_id), is_new=True)


def _hold_to_bound(connection: sqlite3.Connection, device: str) -> None:
    sql = "SELECT count(*) FROM commands WHERE device = ? AND settled_at IS NULL"
    if connection.execute(sql, (device,)).fetchone()[0] > MOST_OPEN:
        raise ValueError(f"{MOST_OPEN} commands wait for device {device!r} already: cancel some first")


def _known(connection: sqlite3.Connection, wish: Wish, by: str, said: tuple[CommandKind, str]) -> int | None:
    """Give the command that a wish's key is of.

    Raises:
        ValueError: it says something else.
    """
    if wish.idempotency_key is None:
        return None
    row = connection.execute(
        "SELECT id, device, kind, arguments FROM commands WHERE put_by = ? AND idempotency_key = ?",
        (by, wish.idempotency_key),
    ).fetchone()
    if row is not None and row[1:] != (wish.device, *said):
        raise ValueError(f"idempotency key {wish.idempotency_key!r} is that of command {row[0]}, another one")
    return None if row is None else int(row[0])


def _supersede(
    connection: sqlite3.Connection, command_id: int, wish: Wish, begins_us: int, step: Step
) -> None:
    """Cancel what the new command makes idle; a level for all of a device covers each of its lamps.

    What begins before a command that waits for its hour holds until then; what begins later is not covered.
    """
    kind, place = kind_of(wish.command), place_of(wish.command)
    covers_all = kind is CommandKind.LAMP_LEVEL and place == ""
    older = connection.execute(
        "SELECT id, not_before FROM commands WHERE device = ?1 AND state = 'PENDING' AND id < ?2"
        " AND kind = ?3 AND (place = ?4 OR ?5) AND not_before <= ?6",
        (wish.device, command_id, kind, place, covers_all, begins_us),
    ).fetchall()
    for older_id, older_begins_us in older:
        if begins_us <= step.at_us or older_begins_us == begins_us:
            take_step(connection, older_id, step)
        else:
            sql = "UPDATE commands SET expires_at = min(expires_at, ?) WHERE id = ?"
            connection.execute(sql, (begins_us, older_id))
