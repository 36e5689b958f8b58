"""The pages of commands: orders for many devices with their progress, and one of them with who lags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from nicegui import ui

from narrowgate_console.command_form import add_script, group_form, take_back
from narrowgate_console.command_panel import CommandPanel, group_path, said, style_of
from narrowgate_console.command_view import scope_of
from narrowgate_console.facts_panel import FactsPanel
from narrowgate_console.markup import Markup, block, link, text
from narrowgate_console.page import Frame, Look, Page
from narrowgate_console.table_panel import TablePanel, device_path
from narrowgate_fleet import CommandFilters, CommandRow, CommandState
from narrowgate_fleet.command_groups import GroupRow, Straggler
from narrowgate_schema.commands import CommandKind

SHOWN_GROUPS = 20
SHOWN_COMMANDS = 30
SHOWN_STRAGGLERS = 100
_BAR = (
    (CommandState.SUCCESSFUL, "done"),
    (CommandState.DELIVERED, "told"),
    (CommandState.SENT, "told"),
    (CommandState.PENDING, "waits"),
    (CommandState.FAILED, "bad"),
    (CommandState.TIMEOUT, "bad"),
    (CommandState.EXPIRED, "bad"),
    (CommandState.CANCELED, "off"),
)


@dataclass(frozen=True)
class CommandsContent:
    """What the page of all commands shows; None is a part that could not be read."""

    groups: list[GroupRow] | None
    commands: list[CommandRow] | None


class CommandsPage(Page[CommandsContent]):
    """One browser's page of all commands."""

    title = "commands_way"

    def ask(self, look: Look) -> CommandsContent:
        """Ask for groups and the newest commands."""
        view = self.frame.view
        return CommandsContent(
            look.part(lambda: view.groups.listed(SHOWN_GROUPS)),
            look.part(lambda: view.commands.listed(CommandFilters(), SHOWN_COMMANDS)),
        )

    def lay_out(self) -> None:
        """Lay out the form, the groups and the newest commands."""
        kinds = [kind for kind in CommandKind if self.frame.view.principal.may(scope_of(kind))]
        with ui.element("div").classes("ng-columns"):
            with ui.element("div").classes("ng-charts"):
                with ui.element("section").classes("ng-panel"):
                    with ui.element("div").classes("ng-panel-head"):
                        ui.label(self._word("command_groups")).classes("ng-title")
                    self._groups = Markup("ng-groups")
                self._commands = CommandPanel(self.frame, with_device=True)
            if kinds:
                with ui.element("section").classes("ng-panel ng-work-panel"):
                    with ui.element("div").classes("ng-panel-head"):
                        ui.label(self._word("group_order")).classes("ng-title")
                    Markup("ng-work-form", group_form(self.frame, kinds))
        add_script()

    def show(self, content: CommandsContent) -> None:
        """Show what was read."""
        if content.groups is not None:
            nothing = text(self._word("no_groups"), "ng-empty")
            self._groups.show("".join(map(self._group, content.groups)) or nothing)
        if content.commands is not None:
            self._commands.show(content.commands)

    def _group(self, row: GroupRow) -> str:
        frame = self.frame
        told = f"{said(frame, row.kind, row.arguments)} · {selected(row.selection)}"
        head = link(row.name, frame.link(group_path(row.name)), "ng-link") + text(told, "ng-quiet")
        done = f"{row.done:,} / {row.meant:,} · {frame.when(row.not_before_us)}"
        return block(block(head + text(done, "ng-quiet"), "ng-group-head") + bar(frame, row), "ng-group")


@dataclass(frozen=True)
class GroupContent:
    """What a group's page shows; None is a part that could not be read."""

    group: GroupRow | None
    stragglers: list[Straggler] | None


class GroupPage(Page[GroupContent]):
    """One browser's page of one order for many devices."""

    def __init__(self, frame: Frame, name: str) -> None:
        super().__init__(frame)
        self._name = name

    def name(self) -> str:
        """Give the order's name."""
        return self._name

    def ask(self, look: Look) -> GroupContent:
        """Ask for the order and for who lags; NotThere if no member is the principal's."""
        groups = self.frame.view.groups
        return GroupContent(
            look.part(lambda: groups.one(self._name)),
            look.part(lambda: groups.stragglers(self._name, SHOWN_STRAGGLERS)),
        )

    def lay_out(self) -> None:
        """Lay out progress, facts and stragglers."""
        with ui.element("div").classes("ng-heading"):
            ui.label(self._name).classes("ng-name")
        with ui.element("section").classes("ng-panel"):
            self._bar = Markup("ng-groups")
        with ui.element("div").classes("ng-columns"):
            columns = ("device", "stands", "why", "since")
            self._stragglers = TablePanel(
                self.frame,
                "stragglers",
                columns,
                none="no_stragglers",
                linked=("device",),
                style="ng-stragglers",
            )
            self._facts = FactsPanel(self.frame, self._word("group"))
        add_script()

    def show(self, content: GroupContent) -> None:
        """Show what was read."""
        row = content.group
        if row is not None:
            self._bar.show(bar(self.frame, row) + legend(self.frame, row) + self._rest(row))
            self._facts.show(self._told(row))
        if content.stragglers is not None and row is not None:
            found = content.stragglers
            lagging = row.meant - row.done
            links = [{"device": self.frame.link(device_path(one.device))} for one in found]
            self._stragglers.show(list(map(self._row, found)), links=links, count=lagging)

    def _rest(self, row: GroupRow) -> str:
        """Give the button that takes back what has not left; '' where nothing waits, or not for who looks."""
        if not row.states[CommandState.PENDING] or not self.frame.view.principal.may(scope_of(row.kind)):
            return ""
        to = f"/api/v1/command-groups/{quote(row.name, safe='')}/cancel"
        return take_back(self.frame, to, "take_back_rest")

    def _told(self, row: GroupRow) -> dict[str, str]:
        return {
            "command": said(self.frame, row.kind, row.arguments),
            "selected": selected(row.selection),
            "begins": self.frame.when(row.not_before_us),
            "put_at": self.frame.when(row.put_at_us),
            "put_by": row.put_by,
            "meant": f"{row.meant:,}",
            "done_ones": f"{row.done:,}",
            "open_members": f"{row.still_open:,}",
            "misfits": f"{row.misfits:,}",
        }

    def _row(self, one: Straggler) -> dict[str, str]:
        why = "" if one.reason is None else self._word(f"why_{one.reason}")
        return {
            "device": one.device,
            "stands": self._word(f"command_{one.state}"),
            "why": " · ".join(part for part in (why, one.detail) if part),
            "since": self.frame.when(one.at_us),
        }


def bar(frame: Frame, row: GroupRow) -> str:
    """Give an order's progress as a bar: a stretch for the members of each state, and one for misfits."""
    shares = [(row.states[state], style, frame.word(f"command_{state}")) for state, style in _BAR]
    shares.append((row.misfits, "bad", frame.word("misfits")))
    whole = sum(count for count, _, _ in shares) or 1
    stretches = "".join(
        f'<span class="ng-bar-{style}" style="width:{100 * count / whole:.2f}%"'
        f' title="{escape(f"{words}: {count:,}")}"></span>'
        for count, style, words in shares
        if count
    )
    label = escape(f"{frame.word('progress')}: {row.done:,} / {row.meant:,}")
    return f'<div class="ng-bar" role="img" aria-label="{label}">{stretches}</div>'


def legend(frame: Frame, row: GroupRow) -> str:
    """Give the members of each state in words."""
    told: Iterable[tuple[str, int, str]] = [
        *((frame.word(f"command_{state}"), row.states[state], style_of(state)) for state, _ in _BAR),
        (frame.word("misfits"), row.misfits, "ng-bad"),
    ]
    return block(
        "".join(text(f"{words} {count:,}", style) for words, count, style in told if count), "ng-legend"
    )


def selected(selection: dict[str, Sequence[str]] | dict[str, list[str]]) -> str:
    """Give a selection in words."""
    return " ".join(f"{name}={','.join(values)}" for name, values in selection.items())
