"""Commands as a table of a page: what was told, how it stands and why, and a way to take it back."""

from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import quote

from nicegui import ui

from narrowgate_console.command_form import take_back
from narrowgate_console.markup import Markup, link, text
from narrowgate_console.page import Frame
from narrowgate_console.table_panel import device_path
from narrowgate_fleet import CommandRow, CommandState

_ENDED_WELL = (CommandState.SUCCESSFUL,)
_ENDED_BADLY = (CommandState.FAILED, CommandState.TIMEOUT, CommandState.EXPIRED)


class CommandPanel:
    """A panel with commands."""

    def __init__(self, frame: Frame, *, with_device: bool, may_take_back: bool) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame, self._with_device, self._may_take_back = frame, with_device, may_take_back
        with ui.element("section").classes("ng-panel ng-commands"):
            with ui.element("div").classes("ng-panel-head"):
                ui.label(frame.word("commands")).classes("ng-title")
            self._rows = Markup("ng-command-rows")

    def show(self, rows: Sequence[CommandRow]) -> None:
        """Show commands."""
        if not rows:
            self._rows.show(text(self._frame.word("no_commands"), "ng-empty"))
            return
        names = [
            "put_at",
            *(["device"] if self._with_device else []),
            "command",
            "stands",
            "why",
            "put_by",
            "",
        ]
        heads = [self._frame.word(name) if name else "" for name in names]
        styles = self._styles()
        head = "".join(map(_cell("th"), styles, map(escape, heads)))
        body = "".join(self._row(row) for row in rows)
        self._rows.show(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")

    def _row(self, row: CommandRow) -> str:
        frame = self._frame
        device = [link(row.device, frame.link(device_path(row.device)), "ng-link")]
        waits = row.state is CommandState.PENDING
        cells = [
            escape(frame.when(row.put_at_us)),
            *(device if self._with_device else []),
            escape(said(frame, str(row.kind), row.arguments)),
            f'<span class="{style_of(row.state)}">{escape(frame.word(f"command_{row.state}"))}</span>',
            self._why(row),
            escape(row.put_by),
            take_back(frame, row.id) if waits and self._may_take_back else "",
        ]
        return "<tr>" + "".join(map(_cell("td"), self._styles(), cells)) + "</tr>"

    def _styles(self) -> list[str]:
        return ["ng-when", *([""] if self._with_device else []), "", "", "ng-why", "ng-who", ""]

    def _why(self, row: CommandRow) -> str:
        why = escape(self._frame.word(f"why_{row.reason}"))
        if row.group is None:
            return why
        return f"{why} · {link(row.group, self._frame.link(group_path(row.group)), 'ng-link')}"


def _cell(tag: str) -> Callable[[str, str], str]:
    return lambda style, markup: f'<{tag} class="{style}">{markup}</{tag}>'


def said(frame: Frame, kind: str, arguments: dict[str, object]) -> str:
    """Give a command in words: its kind and what of its arguments was said."""
    told = [
        frame.word(f"arg_{value}".lower()) if isinstance(value, bool) else f"{value}"
        for name, value in arguments.items()
        if isinstance(value, bool) or name == _LEVEL or value not in (None, "", [], 0)
    ]
    return " ".join([frame.word(f"kind_{kind}"), *told])[:_MOST_SAID]


_LEVEL = "level_pct"
_MOST_SAID = 120


def style_of(state: CommandState | None) -> str:
    """Give the classes of a state's word."""
    if state in _ENDED_WELL:
        return "ng-good"
    return "ng-bad" if state is None or state in _ENDED_BADLY else "ng-quiet"


def group_path(name: str) -> str:
    """Give the path of a group's page."""
    return f"/commands/{quote(name, safe='')}"
