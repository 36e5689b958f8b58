"""The panel by which a case is worked: a form of the steps that can be taken, asked of the API."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from nicegui import ui

from narrowgate_cases import Case
from narrowgate_cases.lifecycle import Step
from narrowgate_cases.work import MOST_HOURS, MOST_REASON, MOST_UNIT
from narrowgate_console.gate import CSRF_HEADER
from narrowgate_console.markup import Markup, text
from narrowgate_console.page import Frame

SCRIPT = (Path(__file__).parent / "work.js").read_text(encoding="utf-8")
_ASKS = {Step.DISPATCHED: "unit", Step.MERGED: "into", Step.EXTENDED: "by_h"}
_BOUNDS = {
    "unit": f'maxlength="{MOST_UNIT}"',
    "into": 'maxlength="32" placeholder="C-000001"',
    "by_h": f'type="number" min="0.1" max="{MOST_HOURS}" step="any" inputmode="decimal"',
}


def add_keys() -> None:
    """Let the page be worked by keyboard: j and k along the queue, / to its search, s to the steps."""
    ui.add_body_html(f"<script>{SCRIPT}</script>")


class WorkPanel:
    """A panel with the steps of one case; empty for who may take none."""

    def __init__(self, frame: Frame) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame = frame
        self._shown: object = None
        with ui.element("section").classes("ng-panel ng-work-panel") as self._panel:
            with ui.element("div").classes("ng-panel-head"):
                ui.label(frame.word("work")).classes("ng-title")
                ui.label(frame.word("work_keys")).classes("ng-quiet")
            self._form = Markup("ng-work-form")

    def show(self, case: Case, steps: Sequence[Step], moves: int) -> None:
        """Offer steps; what is typed stays."""
        told = (case.state, case.unit, tuple(steps), moves)
        if told != self._shown:
            self._shown = told
            self._panel.set_visibility(bool(steps))
            self._form.show(self._markup(case, steps, moves) if steps else "")

    def _markup(self, case: Case, steps: Sequence[Step], moves: int) -> str:
        word, csrf = self._frame.word, self._frame.view.principal.csrf
        named = ((step, escape(word(f"step_{step}"))) for step in steps)
        options = "".join(
            f'<option value="{step}" data-asks="{_ASKS.get(step, "")}">{name}</option>'
            for step, name in named
        )
        fields = "".join(
            self._field(name, bounds, case, is_hidden=_ASKS.get(steps[0]) != name)
            for name, bounds in _BOUNDS.items()
        )
        return (
            f'<form class="ng-work" data-to="/api/v1/cases/{escape(case.number)}/steps"'
            f' data-csrf="{escape(csrf or "")}" data-header="{CSRF_HEADER}" data-seen="{moves}">'
            f'<label>{escape(word("step"))}<select name="step">{options}</select></label>{fields}'
            f"<label>{escape(word('step_reason'))}"
            f'<textarea name="reason" rows="2" maxlength="{MOST_REASON}"></textarea></label>'
            f'<button type="submit">{escape(word("take_step"))}</button>'
            '<output class="ng-work-said" role="alert"></output></form>'
        )

    def _field(self, name: str, bounds: str, case: Case, *, is_hidden: bool) -> str:
        value = f' value="{escape(case.unit or "")}"' if name == "unit" else ""
        hidden = " hidden" if is_hidden else ""
        words = text(self._frame.word(f"asks_{name}"), "ng-asks", tag="span")
        return f'<label class="ng-asks-{name}"{hidden}>{words}<input name="{name}" {bounds}{value}></label>'
