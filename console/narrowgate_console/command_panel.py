"""Commands as a table of a page: what was told, how it stands and why, and a way to take it back."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from nicegui import ui

from narrowgate_console.command_form import take_back
from narrowgate_console.command_view import scope_of
from narrowgate_console.markup import Markup, link, text
from narrowgate_console.page import Frame
from narrowgate_console.table_panel import device_path
from narrowgate_fleet import CommandRow, CommandState
from narrowgate_schema.commands import DAYS

_ENDED_WELL = (CommandState.SUCCESSFUL,)
_ENDED_BADLY = (CommandState.FAILED, CommandState.TIMEOUT, CommandState.EXPIRED)


class CommandPanel:
    """A panel with commands."""

    def __init__(self, frame: Frame, *, with_device: bool) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame, self._with_device = frame, with_device
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
        principal = frame.view.principal
        may_go = row.state is CommandState.PENDING and principal.may(scope_of(row.kind))
        cells = [
            escape(frame.when(row.put_at_us)),
            *(device if self._with_device else []),
            escape(said(frame, str(row.kind), row.arguments)),
            f'<span class="{style_of(row.state)}">{escape(frame.word(f"command_{row.state}"))}</span>',
            self._why(row),
            escape(row.put_by),
            take_back(frame, f"/api/v1/commands/{row.id}/cancel") if may_go else "",
        ]
        return "<tr>" + "".join(map(_cell("td"), self._styles(), cells)) + "</tr>"

    def _styles(self) -> list[str]:
        return ["ng-when", *([""] if self._with_device else []), "ng-said", "", "ng-why", "ng-who", ""]

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
        _told(frame, name, value)
        for name, value in arguments.items()
        if isinstance(value, bool) or name == _LEVEL or value not in (None, "", [], 0, list(DAYS))
    ]
    return " ".join([frame.word(f"kind_{kind}"), *told])[:_MOST_SAID]


def _told(frame: Frame, name: str, value: object) -> str:
    if isinstance(value, bool):
        return frame.word(f"arg_{value}".lower())
    if value is None:
        return frame.word("as_planned")
    if not isinstance(value, list):
        return f"{value}"
    steps = "; ".join(_step(one) if isinstance(one, dict) else f"{one}" for one in value)
    return f"{frame.word(f'arg_{name}')} {steps}" if name in _SUNS else steps


def _step(step: dict[str, Any]) -> str:
    """Give a step: a time of the day or an angle of the sun, and the level from then on."""
    at_min = step.get("at_min")
    at = f"{step.get('zenith_deg')}°" if at_min is None else f"{at_min // 60:02d}:{at_min % 60:02d}"
    return f"{at} {step.get(_LEVEL)} %"


_LEVEL = "level_pct"
_SUNS = ("dusk", "dawn")
_MOST_SAID = 160


def style_of(state: CommandState | None) -> str:
    """Give the classes of a state's word."""
    if state in _ENDED_WELL:
        return "ng-good"
    return "ng-bad" if state is None or state in _ENDED_BADLY else "ng-quiet"


def group_path(name: str) -> str:
    """Give the path of a group's page."""
    return f"/commands/{quote(name, safe='')}"
