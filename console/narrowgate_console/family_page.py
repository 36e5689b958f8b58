"""A family's page: how its devices do, the chart its users look at first, its zones, its devices."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from nicegui import ui

from narrowgate_console.chart_card import ChartCard
from narrowgate_console.city_map import DeviceRow
from narrowgate_console.condition_figures import condition_figures
from narrowgate_console.device_table import DeviceTable
from narrowgate_console.markup import Markup, figures
from narrowgate_console.page import Look, Page
from narrowgate_console.places import Condition
from narrowgate_console.series import Series
from narrowgate_schema.words import Family

SHOWN_DEVICES = 25
SHOWN_HOURS = 48
First = TypeVar("First")


@dataclass(frozen=True)
class FamilyContent(Generic[First]):
    """What a family's page shows; None is a part that could not be read."""

    counts: dict[Condition, int] | None
    zones: dict[str, dict[Condition, int]] | None
    first: First | None
    series: Series | None
    devices: tuple[int, list[DeviceRow]] | None


class FamilyPage(Page[FamilyContent[First]], Generic[First]):
    """One browser's page of a family; what comes first is each family's own."""

    family: Family

    @abstractmethod
    def ask_first(self) -> First:
        """Ask for what the family's users look at first."""

    @abstractmethod
    def lay_out_first(self) -> None:
        """Lay that out, empty."""

    @abstractmethod
    def show_first(self, first: First, zones: dict[str, dict[Condition, int]]) -> None:
        """Show it, with how the devices of each zone do."""

    def ask(self, look: Look) -> FamilyContent[First]:
        """Ask for counts, the first chart, the hours and the devices."""
        city = self.frame.view.city
        found = look.part(city.map)
        return FamilyContent(
            counts=None if found is None else found.counts(self.family),
            zones=None if found is None else found.zones(self.family),
            first=look.part(self.ask_first),
            series=look.part(lambda: city.series(self.family, SHOWN_HOURS)),
            devices=look.part(lambda: city.devices(family=self.family, limit=SHOWN_DEVICES)),
        )

    def lay_out(self) -> None:
        """Lay out the counts, what comes first, the hours and the devices."""
        self._tiles = Markup("ng-tiles", self._markup(dict.fromkeys(Condition, "–")))
        self.lay_out_first()
        with ui.element("div").classes("ng-columns"):
            self._devices = DeviceTable(self.frame)
            with ui.element("div").classes("ng-charts"):
                self._hours = ChartCard(self.family, self.frame.language)

    def _markup(self, said: Mapping[Condition, str]) -> str:
        return figures(condition_figures(said, self.frame), "ng-panel ng-tile")

    def show(self, content: FamilyContent[First]) -> None:
        """Show what was read."""
        if content.counts is not None:
            self._tiles.show(self._markup({name: f"{count:,}" for name, count in content.counts.items()}))
        if content.first is not None:
            self.show_first(content.first, content.zones or {})
        if content.series is not None:
            self._hours.show(content.series, self.frame.view.timezone)
        if content.devices is not None:
            count, rows = content.devices
            self._devices.show(rows, count)
