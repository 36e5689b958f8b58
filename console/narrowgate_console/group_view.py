"""What one principal may ask and do about orders for many devices."""

from collections.abc import Mapping, Sequence

from narrowgate_console.command_making import Terms
from narrowgate_console.command_view import scope_of
from narrowgate_console.faults import reading
from narrowgate_console.group_ordering import GroupAsk, order_group
from narrowgate_console.principals import NotThere, Scope, Unfit
from narrowgate_console.rights import Rights
from narrowgate_fleet.command_groups import GroupRow, Straggler, groups, stragglers
from narrowgate_fleet.selection import Selection
from narrowgate_schema.commands import command_of


class GroupView(Rights):
    """One principal's groups, from any thread; raises as `View` says, Unfit for what cannot be ordered."""

    def order(
        self,
        selection: Mapping[str, Sequence[str]],
        kind: str,
        arguments: Mapping[str, object],
        terms: Terms,
        name: str | None = None,
    ) -> GroupRow:
        """Give an order to every visible device of a selection."""
        self._need(Scope.SEND)
        try:
            command = command_of(kind, arguments)
            self._need(scope_of(command))
            asked = GroupAsk(Selection.of(selection), command, terms, name)
            with reading("commands"):
                return order_group(
                    self._services.fleet(),
                    self._services.sources.commands,
                    asked,
                    by=self.principal.name,
                    now_us=self.now_us(),
                    sees=self._visible().sees,
                )
        except ValueError as fault:
            raise Unfit(str(fault)) from None

    def cancel(self, name: str, detail: str = "") -> GroupRow:
        """Take back what of a group has not left, of visible devices, and give how it stands then."""
        self._need(Scope.SEND)
        self._need(scope_of(self.one(name).kind))
        with reading("commands"):
            self._services.sources.commands.cancel_group(
                name,
                by=self.principal.name,
                now_us=self.now_us(),
                detail=detail,
                sees=self._visible().sees,
            )
        return self.one(name)

    def listed(self, limit: int) -> list[GroupRow]:
        """Give groups with visible members, the newest first, counting those members only."""
        self._need(Scope.COMMANDS)
        with self._services.commands(self._visible()) as connection:
            return groups(connection, limit, is_narrowed=not self.principal.sees_all)

    def one(self, name: str) -> GroupRow:
        """Give one group."""
        self._need(Scope.COMMANDS)
        with self._services.commands(self._visible()) as connection:
            found = groups(connection, 1, name, is_narrowed=not self.principal.sees_all)
        if not found:
            raise NotThere(f"there is no group {name!r}")
        return found[0]

    def stragglers(self, name: str, limit: int, after: str = "") -> list[Straggler]:
        """Give the visible devices of a group that have not carried it out, by name."""
        self._need(Scope.COMMANDS)
        with self._services.commands(self._visible()) as connection:
            return stragglers(connection, name, limit, after)
