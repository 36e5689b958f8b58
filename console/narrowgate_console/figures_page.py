"""The desk's figures: closing rate, in-time rate, time of repair and what came back, as of any day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from narrowgate_cases.figures import By, Figures
from narrowgate_console.instants import EARLIEST, LATEST, begin_of_us
from narrowgate_console.markup import Markup, hidden_language, select
from narrowgate_console.page import Frame, Look, Page
from narrowgate_console.table_panel import TablePanel

_COLUMNS = (
    "figures_key", "figures_due", "figures_closed", "closing_rate", "in_time_rate", "mean_repair",
    "reopened_rate", "figures_deferred", "figures_reported",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Which figures are asked for."""

    by: By = By.UNIT
    since: date | None = None
    """Only cases reported from this day on."""
    until: date | None = None
    """As of the end of this day; None: now."""


class FiguresPage(Page[list[Figures] | None]):
    """One browser's page of figures."""

    title = "figures_way"
    refresh_s = 60.0

    def __init__(self, frame: Frame, asked: Asked = Asked()) -> None:
        super().__init__(frame)
        self._asked = asked

    def ask(self, look: Look) -> list[Figures] | None:
        """Ask for the figures of all groups, and of each."""
        desk, zone, asked = self.frame.view.desk, self.frame.view.timezone, self._asked
        until_us = None if asked.until is None else begin_of_us(asked.until + timedelta(1), zone)
        since_us = None if asked.since is None else begin_of_us(asked.since, zone)
        return look.part(lambda: desk.shown_figures(until_us, asked.by, since_us))

    def lay_out(self) -> None:
        """Lay out what is asked for, and the table."""
        Markup("ng-filter-form", self._form())
        self._table = TablePanel(
            self.frame,
            "figures_way",
            _COLUMNS,
            none="no_figures",
            numbers=_COLUMNS[1:],
            style="ng-figures-table",
        )

    def show(self, content: list[Figures] | None) -> None:
        """Show what was read."""
        if content is not None:
            self._table.show([self._row(figures) for figures in content])

    def _row(self, figures: Figures) -> Mapping[str, str]:
        repair_s = figures.mean_repair_s
        return {
            "figures_key": self._key(figures.key),
            "figures_due": f"{figures.due:,}",
            "figures_closed": f"{figures.closed:,}",
            "closing_rate": _share(figures.closing_rate),
            "in_time_rate": _share(figures.in_time_rate),
            "mean_repair": "–" if repair_s is None else f"{repair_s / 3600:.1f}",
            "reopened_rate": _share(figures.reopened_rate),
            "figures_deferred": f"{figures.deferred:,}",
            "figures_reported": f"{figures.reported:,}",
        }

    def _key(self, key: str | None) -> str:
        if self._asked.by is By.ALL:
            return self._word("figures_all")
        is_word = self._asked.by in (By.SERVICE, By.SEVERITY)
        return self._word("figures_unknown") if key is None else self._word(key) if is_word else key

    def _form(self) -> str:
        groups = [(each.value, self._word(f"by_{each}")) for each in By]
        return (
            '<form class="ng-filters" method="get" action="/cases/figures">'
            + hidden_language(self.frame.suffix)
            + select("by", self._word("figures_by"), groups, self._asked.by)
            + "".join(self._days())
            + f'<button type="submit">{escape(self._word("filter"))}</button></form>'
        )

    def _days(self) -> Iterator[str]:
        for name, day in (("since", self._asked.since), ("until", self._asked.until)):
            words = escape(self._word(f"figures_{name}"))
            value = "" if day is None else day.isoformat()
            yield (
                f'<label class="ng-day">{words} <input type="date" name="{name}" value="{value}"'
                f' min="{EARLIEST}" max="{LATEST}"></label>'
            )


def asked_of(by: str, since: str, until: str) -> Asked:
    """Give what an address asks for; what is no word or day of ours asks for nothing."""
    return Asked(By(by) if by in set(By) else By.UNIT, _day(since), _day(until))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
