"""The city page: what lives, where it is, what waits for somebody, and one chart a family."""

from collections.abc import Mapping
from dataclasses import dataclass

from nicegui import ui

from narrowgate_cases import OPEN_STATES, Case, State
from narrowgate_console.case_table import CaseTable
from narrowgate_console.chart_card import ChartCard
from narrowgate_console.city_map import CityMap
from narrowgate_console.condition_figures import condition_figures
from narrowgate_console.ledger_panel import LedgerPanel
from narrowgate_console.map_panel import MapPanel
from narrowgate_console.markup import Markup, block, figures, leading, text
from narrowgate_console.page import Look, Page
from narrowgate_console.places import Condition
from narrowgate_console.principals import Scope
from narrowgate_console.series import Series
from narrowgate_console.view import Overview
from narrowgate_schema.words import Family

SHOWN_CASES = 12
SHOWN_HOURS = 48
_ENDED = tuple(state for state in State if state not in OPEN_STATES)


@dataclass(frozen=True)
class City:
    """The page's content; None is a part that could not be read."""

    overview: Overview | None
    cases: list[Case] | None
    map: CityMap | None
    charts: dict[Family, Series | None]


class CityPage(Page[City]):
    """One browser's city page."""

    title = "city"

    def ask(self, look: Look) -> City:
        """Ask for counts, cases, devices and charts."""
        view = self.frame.view
        may_see_cases = view.principal.may(Scope.CASES)

        def chart(family: Family) -> Series | None:
            return look.part(lambda: view.city.series(family, SHOWN_HOURS))

        return City(
            overview=look.part(view.overview) if may_see_cases else None,
            cases=look.part(lambda: view.open_cases(SHOWN_CASES)) if may_see_cases else None,
            map=look.part(view.city.map),
            charts={family: chart(family) for family in Family},
        )

    def lay_out(self) -> None:
        """Lay out counts, map, cases, charts and the ledger."""
        nothing = dict.fromkeys(Condition, "–")
        self._tiles = Markup("ng-tiles ng-families", self._markup(dict.fromkeys(Family, nothing)))
        with ui.element("div").classes("ng-columns"):
            MapPanel(self.frame)
            self._cases = CaseTable(self.frame)
        with ui.element("div").classes("ng-thirds"):
            self._charts = {family: ChartCard(family, self.frame.language) for family in Family}
        self._ledger = LedgerPanel(self.frame) if self.frame.view.principal.sees_all else None

    def _markup(self, said: Mapping[Family, Mapping[Condition, str]]) -> str:
        return "".join(self._tile(family, said[family]) for family in Family)

    def _tile(self, family: Family, said: Mapping[Condition, str]) -> str:
        """Give a family's tile, which leads to its page."""
        title = text(self._word(f"{family}_way"), "ng-title")
        conditions = block(figures(condition_figures(said, self.frame), ""), "ng-conditions")
        return leading(title + conditions, self.frame.link(f"/{family}"), "ng-panel ng-tile ng-family")

    def show(self, content: City) -> None:
        """Show what was read."""
        overview = content.overview
        if overview is not None and overview.ledger is not None and self._ledger is not None:
            self._ledger.show(overview.ledger)
        if overview is not None and content.cases is not None:
            counts = overview.cases
            figures = [("open", counts.open), *((str(state), counts.by_state[state]) for state in _ENDED)]
            words = [f"{count:,} {self._word(f'{name}_cases_counted')}" for name, count in figures]
            self._cases.show(content.cases, counts.open, " · ".join(words))
        if content.map is not None:
            found = {family: content.map.counts(family) for family in Family}
            said = {
                family: {name: f"{count:,}" for name, count in of.items()} for family, of in found.items()
            }
            self._tiles.show(self._markup(said))
        for family, series in content.charts.items():
            if series is not None:
                self._charts[family].show(series, self.frame.view.timezone)
