"""What one principal may ask and do about commands to devices."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from narrowgate_console.command_making import Terms, kinds_for, wish_for
from narrowgate_console.faults import reading
from narrowgate_console.principals import NotThere, Scope, Unfit
from narrowgate_console.rights import Rights
from narrowgate_fleet import CommandFilters, CommandRow, CommandStep
from narrowgate_fleet.command_queue import get, listed
from narrowgate_fleet.command_rows import steps_of
from narrowgate_schema.commands import NEVER_REPEATED, Command, CommandKind, command_of, kind_of


@dataclass(frozen=True, slots=True)
class Given:
    """A command that was given."""

    row: CommandRow
    is_new: bool
    """False: the idempotency key was known, and this is the command of then."""


class CommandView(Rights):
    """One principal's commands, from any thread; raises as `View` says, and Unfit for what cannot be told."""

    def possible(self, device: str) -> list[CommandKind]:
        """Give what the principal may tell a device that it understands."""
        self._need(Scope.COMMANDS)
        self._find_device(device)
        return [
            kind for kind in kinds_for(self._services.fleet(), device) if self.principal.may(scope_of(kind))
        ]

    def put(self, device: str, kind: str, arguments: Mapping[str, object], terms: Terms) -> Given:
        """Give a device a command."""
        try:
            command = command_of(kind, arguments)
        except ValueError as fault:
            self._need(Scope.SEND)
            raise Unfit(str(fault)) from None
        return self.give(device, command, terms)

    def give(self, device: str, command: Command, terms: Terms) -> Given:
        """Give a device a command."""
        self._need(scope_of(command))
        self._find_device(device)
        now_us, queue = self.now_us(), self._services.sources.commands
        try:
            with reading("commands"):
                wish = wish_for(self._services.fleet(), device, command, now_us=now_us, terms=terms)
                put = queue.put(wish, by=self.principal.name, now_us=now_us)
                return Given(queue.get(put.id), put.is_new)
        except ValueError as fault:
            raise Unfit(str(fault)) from None

    def listed(self, filters: CommandFilters, limit: int, before_id: int | None = None) -> list[CommandRow]:
        """Give visible commands, the newest first."""
        self._need(Scope.COMMANDS)
        with self._services.commands(self._visible()) as connection:
            return listed(connection, filters, limit, before_id)

    def one(self, command_id: int) -> tuple[CommandRow, list[CommandStep]]:
        """Give one command with its steps."""
        self._need(Scope.COMMANDS)
        with self._services.commands(self._visible()) as connection:
            return self._found(connection, command_id), steps_of(connection, command_id)

    def cancel(self, command_id: int, detail: str = "") -> CommandRow:
        """Take back a command that waits."""
        self._need(Scope.SEND)
        with self._services.commands(self._visible()) as connection:
            row = self._found(connection, command_id)
        self._need(scope_of(row.kind))
        try:
            with reading("commands"):
                return self._services.sources.commands.cancel(
                    command_id, by=self.principal.name, now_us=self.now_us(), detail=detail
                )
        except KeyError:
            raise NotThere(f"there is no command {command_id}") from None
        except ValueError as fault:
            raise Unfit(str(fault)) from None

    def _find_device(self, device: str) -> None:
        known = self._services.fleet().slots([device])[0] >= 0
        if not known or not self._visible().sees(device):
            raise NotThere(f"there is no device {device!r}")

    @staticmethod
    def _found(connection: sqlite3.Connection, command_id: int) -> CommandRow:
        try:
            return get(connection, command_id)
        except KeyError:
            raise NotThere(f"there is no command {command_id}") from None


def scope_of(command: Command | CommandKind) -> Scope:
    """Give what a command needs: what does harm when it is wrong needs a right of its own."""
    kind = command if isinstance(command, CommandKind) else kind_of(command)
    return Scope.OPERATE if kind in NEVER_REPEATED else Scope.SEND
