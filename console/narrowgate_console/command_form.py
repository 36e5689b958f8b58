"""The form by which a device, or many, are told something: a field for each argument, asked of the API."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from nicegui import ui

from narrowgate_console.gate import CSRF_HEADER
from narrowgate_console.markup import Markup
from narrowgate_console.page import Frame
from narrowgate_fleet.selection import SELECTABLE
from narrowgate_schema.commands import NEVER_REPEATED, CommandKind

SCRIPT = (Path(__file__).parent / "commands.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class _Field:
    """An argument's field."""

    name: str
    form: str
    """How its value is read: number, truth, text or steps."""
    bounds: str = ""


_FIELDS: dict[CommandKind, tuple[_Field, ...]] = {
    CommandKind.LAMP_LEVEL: (
        _Field("level_pct", "number", 'min="0" max="100" required'),
        _Field("for_min", "number", 'min="1" max="65535"'),
    ),
    CommandKind.LAMP_CALENDAR: (
        _Field("latitude_deg", "number", 'min="-90" max="90" step="any" required'),
        _Field("longitude_deg", "number", 'min="-180" max="180" step="any" required'),
        _Field("dusk_offset_min", "number", 'min="-720" max="720" value="0"'),
        _Field("dawn_offset_min", "number", 'min="-720" max="720" value="0"'),
    ),
    CommandKind.LAMP_PROGRAMME: (_Field("steps", "steps", 'maxlength="400" required'),),
    CommandKind.VALVE: (_Field("is_open", "truth"),),
    CommandKind.REPORT_INTERVAL: (_Field("interval_s", "number", 'min="1" max="31622400" required'),),
    CommandKind.RECALIBRATE: (),
    CommandKind.REBOOT: (),
}
"""What the form asks for; what else a kind has keeps its default."""


def add_script() -> None:
    """Let the page's forms ask the API."""
    ui.add_body_html(f"<script>{SCRIPT}</script>")


class CommandCard:
    """A panel with the form of one device; empty where nothing can be told, or not by who looks."""

    def __init__(self, frame: Frame, device: str) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame, self._device = frame, device
        with ui.element("section").classes("ng-panel ng-work-panel") as self._panel:
            with ui.element("div").classes("ng-panel-head"):
                ui.label(frame.word("send_command")).classes("ng-title")
                ui.label(frame.word("leaves_later")).classes("ng-quiet")
            self._form = Markup("ng-work-form")
        add_script()

    def show(self, kinds: Sequence[CommandKind]) -> None:
        """Offer kinds of commands; what is typed stays while they stay the same."""
        self._panel.set_visibility(bool(kinds))
        self._form.show(device_form(self._frame, self._device, kinds))


def device_form(frame: Frame, device: str, kinds: Sequence[CommandKind]) -> str:
    """Give the form of one device; '' for who may tell it nothing."""
    if not kinds:
        return ""
    own = f'<input type="hidden" name="device" value="{escape(device)}">'
    return _form(frame, "/api/v1/commands", own, kinds)


def group_form(frame: Frame, kinds: Sequence[CommandKind]) -> str:
    """Give the form of an order for many devices; '' for who may give none."""
    if not kinds:
        return ""
    word = frame.word
    columns = "".join(
        f'<option value="{name}"{" selected" if name == "feeder" else ""}>{escape(word(name))}</option>'
        for name in SELECTABLE
    )
    own = (
        f'<label>{escape(word("column"))}<select name="column">{columns}</select></label>'
        f'<label>{escape(word("values"))}<input name="values" maxlength="2000" required></label>'
    )
    begins = (
        f'<label>{escape(word("begins"))}<input name="begins" type="datetime-local"'
        f' data-zone="{escape(str(frame.view.timezone))}" title="{escape(word("at_once"))}"></label>'
    )
    return _form(frame, "/api/v1/command-groups", own, kinds, begins)


def take_back(frame: Frame, to: str, words: str = "take_back") -> str:
    """Give the button that takes a command, or an order, back.

    Args:
        frame: of the page.
        to: the address that is asked.
        words: what it says.
    """
    csrf = escape(frame.view.principal.csrf or "")
    return (
        f'<button class="ng-take-back" data-to="{escape(to)}" data-csrf="{csrf}"'
        f' data-header="{CSRF_HEADER}">{escape(frame.word(words))}</button>'
    )


def _form(frame: Frame, to: str, own: str, kinds: Iterable[CommandKind], more: str = "") -> str:
    word, csrf = frame.word, frame.view.principal.csrf
    kinds = list(kinds)
    options = "".join(f'<option value="{kind}">{escape(word(f"kind_{kind}"))}</option>' for kind in kinds)
    parts = "".join(_part(word, kind, is_hidden=kind is not kinds[0]) for kind in kinds)
    return (
        f'<form class="ng-work ng-command" data-to="{to}" data-csrf="{escape(csrf or "")}"'
        f' data-header="{CSRF_HEADER}">{own}'
        f'<label>{escape(word("command"))}<select name="kind">{options}</select></label>{parts}{more}'
        f'<button type="submit">{escape(word("send"))}</button>'
        '<output class="ng-work-said" role="alert"></output></form>'
    )


def _part(word: Callable[[str], str], kind: CommandKind, *, is_hidden: bool) -> str:
    """Give the fields of a kind; hidden and switched off while another kind is chosen."""
    fields = "".join(_label(word, field) for field in _FIELDS[kind])
    if kind in NEVER_REPEATED:
        fields += (
            f'<span class="ng-quiet">{escape(word("never_repeated_note"))}</span>'
            f'<label class="ng-sure"><input type="checkbox" required>{escape(word("surely"))}</label>'
        )
    off = " hidden disabled" if is_hidden else ""
    return f'<fieldset class="ng-asks" data-kind="{kind}"{off}>{fields}</fieldset>'


def _label(word: Callable[[str], str], field: _Field) -> str:
    name = f'name="{field.name}" data-form="{field.form}"'
    if field.form == "truth":
        options = "".join(
            f'<option value="{truth}">{escape(word(f"arg_{truth}"))}</option>' for truth in ("true", "false")
        )
        control = f"<select {name}>{options}</select>"
    else:
        kind = "number" if field.form == "number" else "text"
        control = f'<input {name} type="{kind}" {field.bounds}>'
    return f"<label>{escape(word(f'arg_{field.name}'))}{control}</label>"
