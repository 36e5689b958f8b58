"""The queue: open cases by their clocks, under filters, a page at a time."""

from dataclasses import dataclass, replace
from html import escape
from urllib.parse import urlencode

from narrowgate_cases import State
from narrowgate_cases.clocks import Light
from narrowgate_cases.queue import Filters, Lights, QueuePage, is_cursor
from narrowgate_console.case_table import QueueTable
from narrowgate_console.markup import Figure, Markup, figure, hidden_language, leading, link, select
from narrowgate_console.page import Frame, Look, Page
from narrowgate_console.view import Overview
from narrowgate_console.work_panel import add_keys

PAGE_CASES = 50
_MOST_LETTERS = 100
NO_FILTERS = Filters()


@dataclass(frozen=True)
class Queue:
    """What the queue's page shows; None is a part that could not be read."""

    overview: Overview | None
    lights: Lights | None
    page: QueuePage | None


class CasesPage(Page[Queue]):
    """One browser's page of the queue."""

    title = "cases_way"

    def __init__(self, frame: Frame, filters: Filters = NO_FILTERS, after: str | None = None) -> None:
        super().__init__(frame)
        self._filters = filters
        self._after = after

    def ask(self, look: Look) -> Queue:
        """Ask for a page of cases, and for what all open ones' clocks show."""
        view = self.frame.view
        return Queue(
            overview=look.part(view.overview),
            lights=look.part(view.desk.lights),
            page=look.part(lambda: view.desk.shown_queue(self._filters, PAGE_CASES, self._after)),
        )

    def lay_out(self) -> None:
        """Lay out lights, filters, the table, and the way to further cases."""
        self._lights = Markup("ng-tiles")
        self._form = Markup("ng-filter-form")
        self._table = QueueTable(self.frame, "no_cases" if self._filters == NO_FILTERS else "no_such_cases")
        self._turn = Markup("ng-turn")
        add_keys()

    def show(self, content: Queue) -> None:
        """Show what was read."""
        if content.overview is None or content.lights is None or content.page is None:
            return
        cases = content.overview.cases
        page = content.page
        lit = {case.number: self.frame.view.desk.light(case) for case in page.cases}
        state = self._filters.state
        whole = cases.open if state is None else cases.by_state[state]
        self._table.show(page.cases, lit, f"{len(page.cases):,} / {whole:,}" if page.cases else "")
        self._show_lights(content.lights)
        self._form.show(self._filter_form(sorted(cases.open_by_service)))
        self._turn.show(self._further(page))

    def _show_lights(self, lights: Lights) -> None:
        told = {"red": lights.red, "yellow": lights.yellow, "green": lights.green, "none": lights.standing}
        tiles = (
            leading(
                figure(Figure(f"{count:,}", self._word(f"light_{light}"), f"ng-light-{light}")),
                self._address(Filters(light=Light(light)), None),
                "ng-panel ng-tile",
            )
            for light, count in told.items()
        )
        self._lights.show("".join(tiles))

    def _filter_form(self, services: list[str]) -> str:
        chosen = self._filters
        word = self._word
        states = [(state.value, word(f"state_{state}")) for state in State]
        lights = [(light.value, word(f"light_{light}")) for light in Light]
        named = [(service, word(service)) for service in services]
        return (
            f'<form class="ng-filters" method="get" action="/cases">{hidden_language(self.frame.suffix)}'
            + select("state", word("open_ones"), states, chosen.state, none=word("open_ones"))
            + select("light", word("any_light"), lights, chosen.light, none=word("any_light"))
            + select("service", word("any_service"), named, chosen.service, none=word("any_service"))
            + f'<input name="unit" maxlength="100" placeholder="{escape(word("unit"))}"'
            f' value="{escape(chosen.unit or "")}">'
            f'<input name="text" type="search" maxlength="64" placeholder="{escape(word("search_cases"))}"'
            f' value="{escape(chosen.text or "")}">'
            f'<button type="submit">{escape(word("filter"))}</button>'
            + link(word("figures_way"), self.frame.link("/cases/figures"), "ng-link ng-to-figures")
            + "</form>"
        )

    def _further(self, page: QueuePage) -> str:
        ways: list[tuple[str, str | None]] = []
        if self._after is not None:
            ways.append((self._word("first_page"), None))
        if page.after is not None:
            ways.append((self._word("older"), page.after))
        return "".join(
            f'<a class="ng-link" href="{escape(self._address(self._filters, after))}">{escape(words)}</a>'
            for words, after in ways
        )

    def _address(self, chosen: Filters, after: str | None) -> str:
        told = {
            "state": chosen.state, "light": chosen.light, "service": chosen.service, "unit": chosen.unit,
            "text": chosen.text, "after": after, "lang": self.frame.suffix.partition("=")[2],
        }  # fmt: skip
        query = urlencode({name: value for name, value in told.items() if value})
        return f"/cases?{query}" if query else "/cases"


def filters_of(state: str, light: str, service: str, unit: str, text: str) -> Filters:
    """Give the filters of an address; what is empty or no word of ours filters nothing."""
    filters = Filters(
        service=service[:_MOST_LETTERS] or None,
        unit=unit[:_MOST_LETTERS] or None,
        text=text[:_MOST_LETTERS] or None,
    )
    if state in set(State):
        filters = replace(filters, state=State(state))
    if light in set(Light):
        filters = replace(filters, light=Light(light))
    return filters


def cursor_of(after: str) -> str | None:
    """Give the cursor of an address; what is none begins at the first page."""
    return after if is_cursor(after) else None
