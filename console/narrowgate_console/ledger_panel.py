"""The ledger as figures: what became of every frame."""

from collections.abc import Mapping

from nicegui import ui

from narrowgate_console.markup import Figure, Markup, figures
from narrowgate_console.page import Frame
from narrowgate_console.sources import DOOR_ROWS, KEPT, is_balanced
from narrowgate_schema.words import Disposition

_ROWS = (KEPT, *Disposition, *DOOR_ROWS)


class LedgerPanel:
    """A panel of figures; dashes until the first are shown."""

    def __init__(self, frame: Frame) -> None:
        """Lay the panel out inside the element that is open."""
        self._frame = frame
        with ui.element("section").classes("ng-panel ng-ledger"):
            with ui.element("div").classes("ng-panel-head"):
                ui.label(frame.word("frames")).classes("ng-title")
                self._balance = ui.label().classes("ng-quiet")
            self._figures = Markup("ng-figures", self._markup(dict.fromkeys(_ROWS, "–")))

    def _markup(self, said: Mapping[str, str]) -> str:
        rows = (Figure(said[name], self._frame.word(name), f"ng-row-{name}") for name in _ROWS)
        return figures(rows, "ng-figure")

    def show(self, ledger: Mapping[str, int]) -> None:
        """Show the ledger's rows and whether it balances."""
        self._figures.show(self._markup({name: f"{ledger.get(name, 0):,}" for name in _ROWS}))
        self._balance.set_text(self._frame.word("balanced" if is_balanced(ledger) else "unbalanced"))
