"""The queue of commands as those who send them see it: claim, say what became of it, hear the device.

Rule 1: a claim is durable before it is given: a crash between claim and sending loses an attempt, and a
        command that must never be repeated never leaves twice.
Rule 2: what the device says decides; no clock alone has a command sent again: an answer may wait undecoded.
Rule 3: the same word told twice changes nothing: each is older than the step that it led to.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from narrowgate_fleet.command_file import CommandFile
from narrowgate_fleet.command_rows import ANSWER_S, COLUMNS, CommandRow, row_of
from narrowgate_fleet.command_states import CommandReason, CommandState
from narrowgate_fleet.command_steps import Step, take_step

_CELL_WINDOW_US = 60_000_000
_ATTEMPT_BEFORE = (
    # An attempt of before, if there was one, may still be answered.
    "UPDATE commands SET attempts = attempts - 1, exchange = '', sent_at = CASE WHEN attempts > 1 THEN"
    " (SELECT max(at) FROM steps AS sent WHERE command_id = id AND state = 'SENT' AND NOT EXISTS"
    " (SELECT 1 FROM steps AS next WHERE next.command_id = sent.command_id"
    " AND next.number = sent.number + 1 AND next.reason = 'not_left')) END WHERE id = ?"
)
EDGE = "edge"
"""How the audit calls who sends."""
DEVICE = "device"
"""How the audit calls who answers."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A device that could be sent something right now."""

    device: str
    profile: str
    """The one that it has now."""
    exchange: str = ""
    """Where it is an answer that carries: what the answer is to, so that a repeat of that gets the same."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A command that may be sent, now and once."""

    id: int
    device: str
    attempt: int
    kind: str
    payload: bytes
    port: int | None
    exchange: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A device's word, as far as it matters to its commands."""

    device: str
    at_us: int
    """When it was received [us]."""
    verdict: bool | None
    """Whether the command on its way was carried out (True) or not (False); None: it does not say."""
    detail: str = ""


class CommandSending:
    """Sends what waits. Any thread may call, one at a time."""

    def __init__(self, path: Path, *, answer_s: float = ANSWER_S, cell_per_min: int = 0) -> None:
        """Open or make the file; raises as `CommandFile` does.

        Args:
            path: of the file.
            answer_s: how long a device may take to answer [s].
            cell_per_min: commands that leave for one radio cell in any minute; 0 is no limit.
        """
        self.file = CommandFile(path)
        self._answer_us = int(answer_s * 1e6)
        self._cell_per_min = cell_per_min

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def claim(
        self, ready: Sequence[Ready], reason: CommandReason, *, now_us: int
    ) -> tuple[list[Claim], set[str]]:
        """Give what may be sent to devices, at most one command each, and those for whom nothing waits.

        Args:
            ready: devices, each at most once.
            reason: the way that it will take: on an answer, by a message, to a broker.
            now_us: [us]
        """
        claims, idle = [], set()
        with self.file.writing() as connection:
            for each in ready:
                claim, is_idle = self._claim(connection, each, reason, now_us)
                claims += [claim] if claim is not None else []
                idle |= {each.device} if is_idle else set()
        return claims, idle

    def _claim(
        self, connection: sqlite3.Connection, ready: Ready, reason: CommandReason, now_us: int
    ) -> tuple[Claim | None, bool]:
        waiting = connection.execute(
            "SELECT id, kind, payload, port, attempts, profile, cell, not_before <= ?2 AND expires_at > ?2"
            " FROM commands WHERE device = ?1 AND state = 'PENDING' ORDER BY id",
            (ready.device, now_us),
        ).fetchall()
        left = len(waiting)
        if not left or _is_busy(connection, ready.device):
            return None, left == 0
        for command_id, kind, payload, port, attempts, profile, cell, is_due in waiting:
            if profile != ready.profile:
                words = f"made for {profile}, the device has {ready.profile}"
                step = Step(CommandState.FAILED, CommandReason.PROFILE_CHANGED, now_us, EDGE, words)
                take_step(connection, command_id, step)
                left -= 1
            elif is_due and self._has_room(connection, cell, now_us):
                words = f"attempt {attempts + 1}"
                take_step(connection, command_id, Step(CommandState.SENT, reason, now_us, EDGE, words))
                connection.execute(
                    "UPDATE commands SET attempts = attempts + 1, sent_at = ?, left_at = NULL, exchange = ?"
                    " WHERE id = ?",
                    (now_us, ready.exchange, command_id),
                )
                claim = Claim(command_id, ready.device, attempts + 1, kind, payload, port, ready.exchange)
                return claim, left == 1
        return None, left == 0

    def _has_room(self, connection: sqlite3.Connection, cell: str, now_us: int) -> bool:
        """Say whether one more may leave for a cell; what has none counts towards none."""
        if not self._cell_per_min or not cell:
            return True
        (sent,) = connection.execute(
            # What is dated ahead of a clock that was set back is no reason to keep a cell waiting.
            "SELECT count(*) FROM commands WHERE cell = ? AND sent_at > ? AND sent_at <= ?",
            (cell, now_us - _CELL_WINDOW_US, now_us),
        ).fetchone()
        return int(sent) < self._cell_per_min

    def left(self, claims: Sequence[Claim], *, now_us: int) -> None:
        """Note that claims were sent: a device's next word may now tell that it has them."""
        with self.file.writing() as connection:
            connection.executemany(
                "UPDATE commands SET left_at = ? WHERE id = ? AND attempts = ? AND state = 'SENT'",
                ((now_us, claim.id, claim.attempt) for claim in claims),
            )

    def give_back(self, claims: Sequence[Claim], *, now_us: int, detail: str) -> None:
        """Let claims wait again of which surely no byte left: the attempt does not count."""
        with self.file.writing() as connection:
            for claim in claims:
                if _is_at(connection, claim):
                    step = Step(CommandState.PENDING, CommandReason.NOT_LEFT, now_us, EDGE, detail)
                    take_step(connection, claim.id, step)
                    connection.execute(_ATTEMPT_BEFORE, (claim.id,))
                    _give_way(connection, claim.id, now_us)

    def acknowledged(self, claim: Claim, *, now_us: int) -> None:
        """Note that the device's transport acknowledged a command."""
        step = Step(CommandState.DELIVERED, CommandReason.ACKNOWLEDGED, now_us, DEVICE)
        self._settle(claim, step)

    def refused(self, claim: Claim, *, now_us: int, detail: str) -> None:
        """Note that the device refused the message itself."""
        self._settle(claim, Step(CommandState.FAILED, CommandReason.REFUSED, now_us, DEVICE, detail))

    def _settle(self, claim: Claim, step: Step) -> None:
        with self.file.writing() as connection:
            if _is_at(connection, claim):
                take_step(connection, claim.id, step)

    def heard(self, words: Sequence[Heard], *, now_us: int) -> None:
        """Take what devices said, in the order in which it was received; once or any number of times."""
        with self.file.writing() as connection:
            for word in words:
                self._hear(connection, word, now_us)

    def sent_to(self, device: str, before_us: int) -> CommandRow | None:
        """Give the command that a device's word of an instant [us] may answer; None if there is none."""
        with self.file.looking() as connection:
            return _sent_to(connection, device, before_us)

    def awaiting_since(self, mark: int) -> tuple[list[tuple[str, bool]], int]:
        """Give devices whose commands changed after a mark, whether their words matter, and the mark."""
        with self.file.looking() as connection:
            connection.execute("BEGIN")
            try:
                devices = connection.execute(
                    "SELECT device, max(settled_at IS NULL AND attempts > 0) FROM commands"
                    " WHERE device IN (SELECT device FROM commands WHERE mark > ?) GROUP BY device",
                    (mark,),
                ).fetchall()
                (now,) = connection.execute("SELECT mark FROM marks").fetchone()
            finally:
                connection.execute("COMMIT")
        return [(device, bool(matters)) for device, matters in devices], int(now)

    def _hear(self, connection: sqlite3.Connection, word: Heard, now_us: int) -> None:
        row = _sent_to(connection, word.device, word.at_us)
        if row is None or row.sent_at_us is None:
            return
        if word.verdict is not None:
            done = CommandState.SUCCESSFUL, CommandReason.CARRIED_OUT
            failed = CommandState.FAILED, CommandReason.NOT_CARRIED_OUT
            take_step(connection, row.id, _step(done if word.verdict else failed, now_us, word.detail))
            return
        goes_on = (
            row.state is CommandState.SENT and row.has_left and row.reason is not CommandReason.BY_MESSAGE
        )
        if goes_on:
            take_step(connection, row.id, _step((CommandState.DELIVERED, CommandReason.NEXT_WORD), now_us))
        is_late = word.at_us > row.sent_at_us + self._answer_us
        if is_late and row.state is not CommandState.PENDING and (row.is_answered or not goes_on):
            step = _unanswered(row.attempts, row.most_attempts, now_us)
            take_step(connection, row.id, step)
            if step.state is CommandState.PENDING:
                _give_way(connection, row.id, now_us)

    def waiting_since(self, mark: int) -> tuple[list[str], int]:
        """Give devices for whom something came to wait after a mark, and the mark of now; 0 gives all."""
        with self.file.looking() as connection:
            connection.execute("BEGIN")
            try:
                devices = connection.execute(
                    "SELECT DISTINCT device FROM commands WHERE mark > ? AND state = 'PENDING'", (mark,)
                ).fetchall()
                (now,) = connection.execute("SELECT mark FROM marks").fetchone()
            finally:
                connection.execute("COMMIT")
        return [device for (device,) in devices], int(now)

    def on_answers(self, since_us: int) -> list[Claim]:
        """Give what rides on answers since an instant [us]: a repeat of what they answer gets them again."""
        with self.file.looking() as connection:
            rows = connection.execute(
                "SELECT id, device, attempts, kind, payload, port, exchange FROM commands"
                " WHERE sent_at >= ? AND exchange <> ''",
                (since_us,),
            ).fetchall()
        return [Claim(*row) for row in rows]

    def data_version(self) -> int:
        """Give a number that changes when another process writes; cheap enough to ask often."""
        with self.file.looking() as connection:
            return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _give_way(connection: sqlite3.Connection, command_id: int, now_us: int) -> None:
    """Cancel a command that would leave again where a newer one, put meanwhile, says what it said."""
    newer = connection.execute(
        "SELECT newer.id FROM commands AS own JOIN commands AS newer ON newer.device = own.device"
        " AND newer.kind = own.kind AND newer.id > own.id AND newer.state = 'PENDING'"
        " AND newer.not_before <= ?2 AND (newer.place = own.place OR"
        " (newer.place = '' AND own.kind = 'lamp_level')) WHERE own.id = ?1 LIMIT 1",
        (command_id, now_us),
    ).fetchone()
    if newer is not None:
        words = f"by command {newer[0]}"
        step = Step(CommandState.CANCELED, CommandReason.SUPERSEDED, now_us, EDGE, words)
        take_step(connection, command_id, step)


def _step(
    outcome: tuple[CommandState, CommandReason], now_us: int, detail: str = "", actor: str = DEVICE
) -> Step:
    return Step(*outcome, now_us, actor, detail)


def _unanswered(attempts: int, most_attempts: int, now_us: int) -> Step:
    """Give what becomes of a command that left and was not answered."""
    if most_attempts == 1:
        words = "sent once; whether it was carried out is not known, and it is not sent again"
        return _step((CommandState.TIMEOUT, CommandReason.NEVER_REPEATED), now_us, words, EDGE)
    if attempts >= most_attempts:
        words = f"sent {attempts} times"
        return _step((CommandState.TIMEOUT, CommandReason.ATTEMPTS_SPENT), now_us, words, EDGE)
    return _step((CommandState.PENDING, CommandReason.UNANSWERED), now_us, actor=EDGE)


def _sent_to(connection: sqlite3.Connection, device: str, before_us: int) -> CommandRow | None:
    """Give the command that left last before an instant [us] and is open, also one that waits again."""
    row = connection.execute(
        f"SELECT {COLUMNS} FROM commands WHERE device = ? AND settled_at IS NULL AND attempts > 0"  # noqa: S608
        " AND sent_at < ? ORDER BY sent_at DESC",
        (device, before_us),
    ).fetchone()
    return None if row is None else row_of(row)


def _is_busy(connection: sqlite3.Connection, device: str) -> bool:
    """Say whether a command of a device is on its way."""
    sql = (
        "SELECT 1 FROM commands WHERE device = ?"
        " AND (state = 'SENT' OR (state = 'DELIVERED' AND is_answered = 1))"
    )
    return connection.execute(sql, (device,)).fetchone() is not None


def _is_at(connection: sqlite3.Connection, claim: Claim) -> bool:
    """Say whether a claim is still the one that is on its way."""
    sql = "SELECT 1 FROM commands WHERE id = ? AND attempts = ? AND state = 'SENT'"
    return connection.execute(sql, (claim.id, claim.attempt)).fetchone() is not None
