"""The ledger as figures: what became of every frame."""

from collections.abc import Mapping

from nicegui import ui

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
            with ui.element("div").classes("ng-figures"):
                self._figures = {name: self._figure(name) for name in _ROWS}

    def _figure(self, name: str) -> ui.label:
        with ui.element("div").classes("ng-figure"):
            figure = ui.label("–").classes(f"ng-number ng-row-{name}")
            ui.label(self._frame.word(name)).classes("ng-quiet")
        return figure

    def show(self, ledger: Mapping[str, int]) -> None:
        """Show the ledger's rows and whether it balances."""
        for name, figure in self._figures.items():
            figure.set_text(f"{ledger.get(name, 0):,}")
        self._balance.set_text(self._frame.word("balanced" if is_balanced(ledger) else "unbalanced"))
