"""The city page: what lives, where it is, what waits for somebody, and one chart a family."""

from dataclasses import dataclass

from nicegui import ui

from narrowgate_cases import OPEN_STATES, Case, State
from narrowgate_console.case_table import CaseTable
from narrowgate_console.chart_card import ChartCard
from narrowgate_console.page import Look, Page
from narrowgate_console.series import Series
from narrowgate_console.sources import DOOR_ROWS, KEPT
from narrowgate_console.view import Overview
from narrowgate_schema.words import Disposition, Family

SHOWN_CASES = 12
SHOWN_HOURS = 48
_ENDED = tuple(state for state in State if state not in OPEN_STATES)
_LEDGER_ROWS = (KEPT, *Disposition, *DOOR_ROWS)


@dataclass(frozen=True)
class City:
    """The page's content; None is a part that could not be read."""

    overview: Overview | None
    cases: list[Case] | None
    charts: dict[Family, Series | None]


class CityPage(Page[City]):
    """One browser's city page."""

    title = "city"

    def ask(self, look: Look) -> City:
        """Ask for counts, cases and charts."""
        view = self.frame.view

        def chart(family: Family) -> Series | None:
            return look.part(lambda: view.series(family, SHOWN_HOURS))

        return City(
            overview=look.part(view.overview),
            cases=look.part(lambda: view.open_cases(SHOWN_CASES)),
            charts={family: chart(family) for family in Family},
        )

    def lay_out(self) -> None:
        """Lay out ledger, cases and charts."""
        if self.frame.view.principal.tenants is None:
            self._ledger_panel()
        with ui.element("div").classes("ng-columns"):
            self._cases = CaseTable(self.frame)
            with ui.element("div").classes("ng-charts"):
                self._charts = {family: ChartCard(family, self.frame.language) for family in Family}

    def _ledger_panel(self) -> None:
        with ui.element("section").classes("ng-panel ng-ledger"):
            with ui.element("div").classes("ng-panel-head"):
                ui.label(self._word("frames")).classes("ng-title")
                self._balance = ui.label().classes("ng-quiet")
            with ui.element("div").classes("ng-figures"):
                self._figures = {name: self._figure(name) for name in _LEDGER_ROWS}

    def _figure(self, name: str) -> ui.label:
        with ui.element("div").classes("ng-figure"):
            figure = ui.label("–").classes("ng-number")
            ui.label(self._word(name)).classes("ng-quiet")
        return figure

    def show(self, content: City) -> None:
        """Show what was read."""
        overview = content.overview
        if overview is not None and overview.ledger is not None:
            for name, figure in self._figures.items():
                figure.set_text(f"{overview.ledger.get(name, 0):,}")
            self._balance.set_text(self._word("balanced" if overview.is_balanced else "unbalanced"))
        if overview is not None and content.cases is not None:
            counts = overview.cases
            figures = [("open", counts.open), *((str(state), counts.by_state[state]) for state in _ENDED)]
            words = [f"{count:,} {self._word(f'{name}_cases_counted')}" for name, count in figures]
            self._cases.show(content.cases, counts.open, " · ".join(words))
        for family, series in content.charts.items():
            if series is not None:
                self._charts[family].show(series, self.frame.view.timezone)
