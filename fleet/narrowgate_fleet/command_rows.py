"""A command as the queue keeps it, what is asked of the queue, and the steps that a command took."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from narrowgate_fleet.command_states import CommandReason, CommandState
from narrowgate_schema.commands import (
    NEVER_REPEATED,
    Command,
    CommandKind,
    LampLevel,
    LampProgramme,
    command_of,
    kind_of,
)

TTL_S = 48 * 3600
"""How long a command waits for its device unless somebody says otherwise [s]."""
ANSWER_S = 180.0
"""How long a device may take to answer [s]."""
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """A command in the bytes of its device's profile: to the queue it is what has to be sent, no more."""

    profile: str
    """What the bytes were made for: a device that has another one by then is not sent them."""
    payload: bytes
    port: int | None = None
    is_answered: bool = True
    """Whether the device tells what became of it."""


Framing = Callable[[int], Frame]
"""Makes the bytes from the number by which an answer may name the command.

Raises:
    ValueError: the device cannot be told this.
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """A command for a device, to be put into the queue."""

    device: str
    command: Command
    framing: Framing
    not_before_us: int | None = None
    """Before which it is not sent [us]; None: at once."""
    ttl_s: int = TTL_S
    """How long it waits after that [s]."""
    idempotency_key: str | None = None
    """The same key of the same principal again is the same command."""
    group: str | None = None
    """What it belongs to."""
    cell: str = ""
    """The radio cell whose rate it counts towards."""
    most_attempts: int = MOST_ATTEMPTS
    """How often it may leave; what must never be repeated leaves once, whatever stands here."""


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a wish."""

    id: int
    is_new: bool
    """False: the idempotency key was known, and the command is the one of then."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command in the queue; instants are in UTC [us]."""

    id: int
    device: str
    kind: CommandKind
    arguments: dict[str, object]
    state: CommandState
    reason: CommandReason
    put_by: str
    put_at_us: int
    not_before_us: int
    expires_at_us: int
    idempotency_key: str | None
    group: str | None
    cell: str
    profile: str
    payload: bytes
    port: int | None
    number: int
    is_answered: bool
    attempts: int
    most_attempts: int
    sent_at_us: int | None
    has_left: bool
    """Whether whoever sent it lived to say so."""
    settled_at_us: int | None
    """When it came to its last state; None while it is open."""

    @property
    def command(self) -> Command:
        """Give what is wanted."""
        return command_of(self.kind, self.arguments)


COLUMNS = (
    "id, device, kind, arguments, state, reason, put_by, put_at, not_before, expires_at, idempotency_key, "
    "group_name, cell, profile, payload, port, number, is_answered, attempts, most_attempts, sent_at, "
    "left_at IS NOT NULL, settled_at"
)
"""What `row_of` reads."""


@dataclass(frozen=True, slots=True)
class CommandStep:
    """One step of a command: when, to which state, why, and who took it."""

    at_us: int
    state: CommandState
    reason: CommandReason
    actor: str
    detail: str


@dataclass(frozen=True, slots=True)
class CommandFilters:
    """Which commands; None does not ask."""

    device: str | None = None
    state: CommandState | None = None
    kind: CommandKind | None = None
    group: str | None = None
    is_open: bool | None = None
    """Whether it is not settled."""


def row_of(values: tuple[object, ...]) -> CommandRow:
    """Give a command from a row of COLUMNS."""
    made = dict(zip(CommandRow.__slots__, values, strict=True))
    made["kind"] = CommandKind(str(made["kind"]))
    made["arguments"] = json.loads(str(made["arguments"]))
    made["state"] = CommandState(str(made["state"]))
    made["reason"] = CommandReason(str(made["reason"]))
    made["is_answered"], made["has_left"] = bool(made["is_answered"]), bool(made["has_left"])
    return CommandRow(**made)  # type: ignore[arg-type]  # the table is STRICT: each column has its type


def place_of(command: Command) -> str:
    """Give what of a device a command is about: of one kind and place the newer of two holds.

    Programmes of other days do not replace each other, even where they have the same number.
    """
    if isinstance(command, LampLevel):
        return command.series
    if isinstance(command, LampProgramme):
        return f"{command.series}/{command.number}/{','.join(sorted(command.days))}"
    return ""


def most_attempts_of(wish: Wish) -> int:
    """Give how often a command may leave."""
    return 1 if kind_of(wish.command) in NEVER_REPEATED else max(1, wish.most_attempts)


def steps_of(connection: sqlite3.Connection, command_id: int) -> list[CommandStep]:
    """Give the steps of a command in their order."""
    rows = connection.execute(
        "SELECT at, state, reason, actor, detail FROM steps WHERE command_id = ? ORDER BY number",
        (command_id,),
    )
    return [
        CommandStep(at, CommandState(state), CommandReason(reason), actor, detail)
        for at, state, reason, actor, detail in rows
    ]
