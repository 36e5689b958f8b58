"""The page of a family that declares itself and has none of its own: its main value by zone."""

from narrowgate_console.chart_panel import ChartPanel
from narrowgate_console.family_charts import zone_levels_option
from narrowgate_console.family_page import FamilyPage
from narrowgate_console.page import Frame
from narrowgate_console.places import Condition
from narrowgate_console.table_panel import TablePanel
from narrowgate_console.telemetry import MAIN_FIELD
from narrowgate_console.zone_levels import ZoneLevels
from narrowgate_schema.units import WRITTEN
from narrowgate_schema.words import Family

_COLUMNS = ("zone", "lowest", "mean", "highest", "devices_counted", "condition_silent", "condition_case")


class OpenPage(FamilyPage[ZoneLevels]):
    """Levels by zone and hour."""

    def __init__(self, frame: Frame, family: Family) -> None:
        super().__init__(frame)
        self.family = family
        self.title = f"{family}_way"

    def ask_first(self) -> ZoneLevels:
        """Ask for the levels."""
        return self.frame.view.city.zone_levels(self.family)

    def lay_out_first(self) -> None:
        """Lay out the chart and the table of zones."""
        title, note = self._word(MAIN_FIELD[self.family]), self._word("zone_levels_note")
        self._chart = ChartPanel(self.frame, title, note=note, style="ng-first")
        self._zones = TablePanel(self.frame, "zones", _COLUMNS, none="no_readings", numbers=_COLUMNS[1:])

    def show_first(self, first: ZoneLevels, zones: dict[str, dict[Condition, int]]) -> None:
        """Show hours and zones."""
        has_told = any(value is not None for zone in first.zones for value in zone.by_hour)
        option = zone_levels_option(first, self.frame.view.timezone) if has_told else None
        self._chart.show(option, WRITTEN.get(first.unit, first.unit))
        self._zones.show(
            [
                {
                    "zone": zone.zone or "–",
                    "lowest": _precise(zone.lowest),
                    "mean": _precise(zone.mean),
                    "highest": _precise(zone.highest),
                    "devices_counted": str(zone.devices),
                    "condition_silent": str(zones.get(zone.zone, {}).get(Condition.SILENT, 0)),
                    "condition_case": str(zones.get(zone.zone, {}).get(Condition.CASE, 0)),
                }
                for zone in first.zones
            ]
        )


def _precise(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
