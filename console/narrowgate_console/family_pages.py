"""The pages of families that are looked at in a way of their own: night flow, occupancy by hour, lit rate."""

from itertools import groupby

from narrowgate_console.chart_panel import ChartPanel
from narrowgate_console.family_charts import lit_rate_option, night_flow_option, occupancy_option
from narrowgate_console.family_page import FamilyPage
from narrowgate_console.lit_rate import LitNight
from narrowgate_console.night_flow import ZoneNight
from narrowgate_console.occupancy import Occupancy
from narrowgate_console.places import Condition
from narrowgate_console.table_panel import TablePanel
from narrowgate_schema.words import Family

Zones = dict[str, dict[Condition, int]]


class WaterPage(FamilyPage[list[ZoneNight]]):
    """Night flow by zone: a zone that rises leaks."""

    title = "water_way"
    family = Family.WATER

    def ask_first(self) -> list[ZoneNight]:
        """Ask for the night flow."""
        return self.frame.view.city.night_flow()

    def lay_out_first(self) -> None:
        """Lay out the chart and the table of zones."""
        note = self._word("night_flow_note")
        self._chart = ChartPanel(
            self.frame, self._word("night_flow"), note=note, style="ng-first", none="no_nights"
        )
        columns = ("zone", "night_flow_last", "night_flow_change", "meters", "condition_case")
        self._zones = TablePanel(
            self.frame, "zones", columns, none="no_nights", numbers=columns[1:], marked=columns[2:3]
        )

    def show_first(self, first: list[ZoneNight], zones: Zones) -> None:
        """Show nights and zones."""
        if not first:
            self._chart.show(None)
            self._zones.show([])
            return
        self._chart.show(night_flow_option(first), "m³/h")
        by_zone = groupby(sorted(first, key=lambda night: (night.zone, night.day)), lambda night: night.zone)
        told = [_night_row(zone, list(nights), zones) for zone, nights in by_zone]
        told.sort(key=lambda row: -float(row[0]["night_flow_last"]))
        self._zones.show([row for row, _ in told], marks=[mark for _, mark in told])


def _night_row(zone: str, nights: list[ZoneNight], zones: Zones) -> tuple[dict[str, str], dict[str, str]]:
    last, before = nights[-1], [night.flow_m3_per_h for night in nights[:-1]]
    usual = sorted(before)[len(before) // 2] if before else 0.0
    change_pct = 100.0 * (last.flow_m3_per_h - usual) / usual if usual > 0 else None
    cases = zones.get(zone, {}).get(Condition.CASE, 0)
    row = {
        "zone": zone or "–",
        "night_flow_last": f"{last.flow_m3_per_h:.2f}",
        "night_flow_change": "–" if change_pct is None else f"{change_pct:+.0f} %".replace("-0 %", "+0 %"),
        "meters": str(last.meters),
        "condition_case": str(cases),
    }
    return row, {"night_flow_change": "major" if change_pct is not None and change_pct > 30 else "well"}


class ParkingPage(FamilyPage[Occupancy]):
    """Occupancy by zone and hour."""

    title = "parking_way"
    family = Family.PARKING

    def ask_first(self) -> Occupancy:
        """Ask for the occupancy."""
        return self.frame.view.city.occupancy()

    def lay_out_first(self) -> None:
        """Lay out the heat map and the table of zones."""
        note = self._word("occupancy_note")
        self._chart = ChartPanel(self.frame, self._word("occupancy"), note=note, style="ng-first")
        columns = ("zone", "occupied_now", "occupied_mean", "bays", "condition_silent", "condition_case")
        self._zones = TablePanel(self.frame, "zones", columns, none="no_readings", numbers=columns[1:])

    def show_first(self, first: Occupancy, zones: Zones) -> None:
        """Show hours and zones."""
        if not any(share is not None for row in first.share_pct for share in row):
            self._chart.show(None)
        else:
            self._chart.show(occupancy_option(first, self.frame.view.timezone))
        self._zones.show(
            [
                {
                    "zone": zone or "–",
                    "occupied_now": _percent(row[-1]),
                    "occupied_mean": _percent(_mean(row)),
                    "bays": str(bays),
                    "condition_silent": str(zones.get(zone, {}).get(Condition.SILENT, 0)),
                    "condition_case": str(zones.get(zone, {}).get(Condition.CASE, 0)),
                }
                for zone, row, bays in zip(first.zones, first.share_pct, first.bays, strict=True)
            ]
        )


def _mean(shares: tuple[float | None, ...]) -> float | None:
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0f} %"


class LightingPage(FamilyPage[list[LitNight]]):
    """The lit rate of each night, with both bounds."""

    title = "lighting_way"
    family = Family.LIGHTING

    def ask_first(self) -> list[LitNight]:
        """Ask for the lit rate."""
        return self.frame.view.city.lit_rate()

    def lay_out_first(self) -> None:
        """Lay out the chart and the table of roads."""
        note = self._word("lit_rate_note")
        self._chart = ChartPanel(
            self.frame, self._word("lit_rate"), note=note, style="ng-first", none="no_nights"
        )
        columns = ("road", "lit_of_all", "lit_of_observed", "lamps", "observed", "condition_case")
        self._zones = TablePanel(self.frame, "roads", columns, none="no_nights", numbers=columns[1:])

    def show_first(self, first: list[LitNight], zones: Zones) -> None:
        """Show nights, and the last night by road."""
        nights = [night for night in first if not night.zone]
        seen = [night for night in nights if night.observed]
        if not seen:
            self._chart.show(None)
            self._zones.show([])
            return
        labels = (self._word("lit_of_all"), self._word("lit_of_observed"), self._word("contract_marks"))
        figure = f"{_precise(seen[-1].of_all_pct)} – {_precise(seen[-1].of_observed_pct)}"
        first_seen = nights.index(seen[0])
        self._chart.show(lit_rate_option(nights[first_seen:], labels), figure)
        roads = [night for night in first if night.zone and night.day == seen[-1].day]
        roads.sort(key=lambda night: (night.of_all_pct is None, night.of_all_pct))
        self._zones.show(
            [
                {
                    "road": night.zone,
                    "lit_of_all": _precise(night.of_all_pct),
                    "lit_of_observed": _precise(night.of_observed_pct),
                    "lamps": str(night.lamps),
                    "observed": str(night.observed),
                    "condition_case": str(zones.get(night.zone, {}).get(Condition.CASE, 0)),
                }
                for night in roads
            ]
        )


def _precise(share: float | None) -> str:
    return "–" if share is None else f"{share:.1f} %"
