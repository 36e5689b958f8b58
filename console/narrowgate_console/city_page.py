"""The city page: ledger, open cases and one chart a family, kept up to date while it is open."""

import asyncio
from datetime import tzinfo

from nicegui import ui

from narrowgate_cases import OPEN_STATES, Case, State
from narrowgate_console.board import Board, look
from narrowgate_console.chart_card import ChartCard
from narrowgate_console.instants import instant
from narrowgate_console.services import Overview, Services
from narrowgate_console.sources import DOOR_ROWS, KEPT
from narrowgate_console.words import LANGUAGES, Language, word
from narrowgate_schema.words import Disposition, Family

REFRESH_S = 2.0
_ENDED = tuple(state for state in State if state not in OPEN_STATES)
_COLUMNS = ("number", "service", "severity", "device", "asset", "since")
_LEDGER_ROWS = (KEPT, *Disposition, *DOOR_ROWS)
_SEVERITY_CELL = """
<q-td :props="props"><span :class="'ng-severity-' + props.row.level">{{ props.value }}</span></q-td>
"""


class CityPage:
    """One browser's page."""

    def __init__(self, services: Services, language: Language) -> None:
        """Lay the page out, empty; `refresh` fills it."""
        self._services = services
        self._language = language
        with ui.element("div").classes("ng-page"):
            self._header()
            self._fault = ui.label().classes("ng-fault")
            self._ledger_panel()
            with ui.element("div").classes("ng-columns"):
                self._cases_panel()
                with ui.element("div").classes("ng-charts"):
                    self._charts = {family: ChartCard(family, language) for family in Family}
        ui.timer(REFRESH_S, self.refresh, immediate=False)

    def _word(self, name: str) -> str:
        return word(name, self._language)

    def _header(self) -> None:
        other = next(language for language in LANGUAGES if language != self._language)
        with ui.element("header").classes("ng-header"):
            with ui.element("div").classes("ng-brand"):
                ui.label("Narrowgate").classes("ng-name")
                ui.label(self._word("subtitle")).classes("ng-quiet")
            with ui.element("div").classes("ng-clock"):
                ui.label(self._word("event_clock")).classes("ng-quiet")
                self._clock = ui.label("–").classes("ng-time")
            self._ready = ui.label().classes("ng-badge")
            ui.link(self._word("api"), "/docs").classes("ng-link")
            ui.link(self._word("other_language"), f"/?lang={other}").classes("ng-link")

    def _ledger_panel(self) -> None:
        with ui.element("section").classes("ng-panel"):
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

    def _cases_panel(self) -> None:
        columns = [
            {
                "name": name,
                "label": self._word(name),
                "field": name,
                "align": "left",
                "classes": f"ng-col-{name}",
                "headerClasses": f"ng-col-{name}",
            }
            for name in _COLUMNS
        ]
        with ui.element("section").classes("ng-panel ng-cases"):
            with ui.element("div").classes("ng-panel-head"):
                ui.label(self._word("open_cases")).classes("ng-title")
                self._case_counts = ui.label().classes("ng-quiet")
            self._no_cases = ui.label(self._word("not_read")).classes("ng-empty")
            self._table = ui.table(columns=columns, rows=[], row_key="number")
            self._table.props("flat dense hide-bottom")
            self._table.add_slot("body-cell-severity", _SEVERITY_CELL)
            self._table.set_visibility(False)
            self._more = ui.label().classes("ng-quiet")

    async def refresh(self) -> None:
        """Bring the page up to date; what cannot be read keeps its last figures, and the page says so."""
        # The stores block: they are asked in a thread, so that the loop goes on serving the other pages.
        self.show(await asyncio.to_thread(look, self._services))

    def show(self, board: Board) -> None:
        """Show what the board holds."""
        timezone = self._services.timezone
        self._clock.set_text(instant(board.now_us).astimezone(timezone).isoformat(" ", "seconds"))
        self._show_state(board)
        if board.overview is not None:
            self._show_overview(board.overview)
        if board.overview is not None and board.cases is not None:
            self._show_cases(board.cases, board.overview.cases.open, timezone)
        for family, series in board.charts.items():
            if series is not None:
                self._charts[family].show(series, timezone)

    def _show_state(self, board: Board) -> None:
        failing = [f"{check.name}: {check.words}" for check in board.checks if not check.ok]
        self._ready.set_text(self._word("ready" if board.is_ready else "not_ready"))
        self._ready.classes(
            add="ng-good" if board.is_ready else "ng-bad", remove="ng-bad" if board.is_ready else "ng-good"
        )
        unread = "; ".join(dict.fromkeys(str(fault) for fault in board.faults))
        lines = [self._word("unreadable").format(what=unread), *failing] if unread else failing
        self._fault.set_text(" · ".join(lines))
        self._fault.set_visibility(bool(lines))

    def _show_overview(self, overview: Overview) -> None:
        for name, figure in self._figures.items():
            figure.set_text(f"{overview.ledger.get(name, 0):,}")
        self._balance.set_text(self._word("balanced" if overview.is_balanced else "unbalanced"))
        counts = overview.cases
        figures = [("open", counts.open), *((str(state), counts.by_state[state]) for state in _ENDED)]
        words = [f"{count:,} {self._word(f'{name}_cases_counted')}" for name, count in figures]
        self._case_counts.set_text(" · ".join(words))

    def _show_cases(self, cases: list[Case], count: int, timezone: tzinfo) -> None:
        self._table.update_rows([self._row(case, timezone) for case in cases])
        self._table.set_visibility(bool(cases))
        self._no_cases.set_text(self._word("no_cases"))
        self._no_cases.set_visibility(not cases)
        hidden = max(0, count - len(cases))
        self._more.set_text(self._word("more_cases").format(n=f"{hidden:,}") if hidden else "")
        self._more.set_visibility(hidden > 0)

    def _row(self, case: Case, timezone: tzinfo) -> dict[str, str]:
        return {
            "number": case.number,
            "service": self._word(case.service),
            "severity": self._word(case.severity),
            "level": case.severity,
            "device": case.device,
            "asset": case.asset or "–",
            "since": f"{instant(case.raised_at_us).astimezone(timezone):%m-%d %H:%M}",
        }
