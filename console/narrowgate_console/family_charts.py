"""The charts of the families' pages as ECharts options: plain data, testable without a page."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from narrowgate_console.charts import COLOURS
from narrowgate_console.device_file import Points
from narrowgate_console.instants import instant
from narrowgate_console.lit_rate import LitNight
from narrowgate_console.night_flow import ZoneNight
from narrowgate_console.occupancy import Occupancy
from narrowgate_console.zone_levels import ZoneLevels
from narrowgate_schema.words import Family

MOST_ZONES = 8
_GREY = "#8a94a6"
_FAINT = {"lineStyle": {"color": "#8a94a633"}}
_PALETTE = ("#2b7de9", "#0f9d8a", "#e09b1a", "#b0569b", "#5a6acf", "#d2694a", "#6b9e3a", "#7a7f8c")
CONTRACT_PCT = (98.0, 96.0, 95.0)
"""What contracts ask of arterial, secondary and branch roads [%]."""


def night_flow_option(nights: Sequence[ZoneNight]) -> dict[str, Any]:
    """Give a line a zone over the nights, the MOST_ZONES with the highest last flow."""
    days = sorted({night.day for night in nights})
    flows = {(night.zone, night.day): round(night.flow_m3_per_h, 3) for night in nights}
    zones = sorted({night.zone for night in nights}, key=lambda zone: -flows.get((zone, days[-1]), 0.0))
    shown = zones[:MOST_ZONES]
    lines = {zone: [flows.get((zone, day)) for day in days] for zone in shown}
    return _zones_plot((f"{day:%m-%d}" for day in days), lines)


def occupancy_option(found: Occupancy, timezone: tzinfo) -> dict[str, Any]:
    """Give a heat map of zones by hours; unknown hours are left empty."""
    hours = [f"{instant(hour).astimezone(timezone):%H}" for hour in found.hours_us]
    cells = [
        [hour, zone, share]
        for zone, row in enumerate(found.share_pct)
        for hour, share in enumerate(row)
        if share is not None
    ]
    return {
        "animation": False,
        "tooltip": {},
        "grid": {"left": 4, "right": 16, "top": 10, "bottom": 46, "containLabel": True},
        "xAxis": {"type": "category", "data": hours, "axisLabel": {"color": _GREY}, "axisLine": _FAINT},
        "yAxis": {
            "type": "category",
            "data": [zone or "–" for zone in found.zones],
            "inverse": True,
            "axisLabel": {"color": _GREY},
            "axisLine": _FAINT,
        },
        "visualMap": {
            "min": 0, "max": 100, "orient": "horizontal", "left": "center", "bottom": 0, "itemHeight": 90,
            "itemWidth": 12, "text": ["100 %", "0 %"], "textStyle": {"color": _GREY},
            "inRange": {"color": ["#e3f3ef", "#9fd5c9", "#f3d88f", "#e58f4e", "#b3261e"]},
        },
        "series": [{"type": "heatmap", "data": cells, "itemStyle": {"borderColor": "#8a94a622"}}],
    }  # fmt: skip


def zone_levels_option(found: ZoneLevels, timezone: tzinfo) -> dict[str, Any]:
    """Give a line a zone over the hours, the MOST_ZONES with the highest values."""
    told = [zone for zone in found.zones if zone.highest is not None]
    shown = sorted(told, key=lambda zone: -(zone.highest or 0.0))[:MOST_ZONES]
    hours = (f"{instant(hour).astimezone(timezone):%m-%d %H:%M}" for hour in found.hours_us)
    lines = {
        zone.zone: [None if value is None else round(value, 3) for value in zone.by_hour] for zone in shown
    }
    return _zones_plot(hours, lines)


def _zones_plot(labels: Iterable[str], lines: Mapping[str, Sequence[float | None]]) -> dict[str, Any]:
    """Give a line a zone."""
    return {
        **_plot(labels),
        "legend": {"textStyle": {"color": _GREY}, "bottom": 0, "type": "scroll"},
        "color": list(_PALETTE),
        "series": [
            {"type": "line", "name": zone or "–", "data": line, "symbolSize": 6, "lineStyle": {"width": 2}}
            for zone, line in lines.items()
        ],
        "grid": {"left": 4, "right": 16, "top": 14, "bottom": 34, "containLabel": True},
    }


def lit_rate_option(nights: Sequence[LitNight], labels: tuple[str, str, str]) -> dict[str, Any]:
    """Give both bounds of the lit rate over the nights, with the contracts' marks.

    Args:
        nights: of all lamps, the oldest first.
        labels: names of the lower bound, the upper bound, and the marks.
    """
    lows = [night.of_all_pct for night in nights]
    known = [low for low in lows if low is not None]
    colour = COLOURS[Family.LIGHTING]
    option = _plot(f"{night.day:%m-%d}" for night in nights)
    option["yAxis"] |= {"min": _floor(known), "max": 100}
    option["legend"] = {"textStyle": {"color": _GREY}, "bottom": 0}
    option["grid"]["bottom"] = 34
    mark_line = {
        "symbol": "none", "silent": True, "label": {"formatter": "{c} %", "color": _GREY}, "name": labels[2],
        "lineStyle": {"color": "#b3261e66", "type": "dashed"},
        "data": [{"yAxis": mark} for mark in CONTRACT_PCT],
    }  # fmt: skip
    highs = [night.of_observed_pct for night in nights]
    option["series"] = [
        {**_bound(labels[0], lows, colour, "solid"), "markLine": mark_line},
        _bound(labels[1], highs, colour, "dotted"),
    ]
    option["grid"]["right"] = 44
    return option


def _bound(name: str, values: list[float | None], colour: str, stroke: str) -> dict[str, Any]:
    return {
        "type": "line",
        "name": name,
        "data": values,
        "color": colour,
        "symbol": "circle" if stroke == "solid" else "emptyCircle",
        "symbolSize": 8,
        "lineStyle": {"type": stroke, "width": 2},
    }


def points_option(points: Points, timezone: tzinfo, family: str) -> dict[str, Any]:
    """Give one field of a device over time; flags as steps."""
    is_flag = points.unit == "" and set(points.values) <= {0.0, 1.0}
    times = [f"{instant(at_us).astimezone(timezone):%m-%d %H:%M}" for at_us in points.times_us]
    colour = {str(known): colour for known, colour in COLOURS.items()}.get(family, _GREY)
    option = _plot(times, short=False)
    option["yAxis"] |= {"scale": not is_flag, **({"max": 1, "interval": 1} if is_flag else {})}
    option["series"] = [
        {
            "type": "line",
            "name": points.field,
            "data": [round(value, 4) for value in points.values],
            "step": "end" if is_flag else False,
            "showSymbol": len(points.values) < 3,
            "color": colour,
            "lineStyle": {"width": 2},
            "areaStyle": {"opacity": 0.14 if is_flag else 0.0},
        }
    ]
    return option


def _plot(labels: Any, *, short: bool = True) -> dict[str, Any]:
    return {
        "animation": False,
        "grid": {"left": 4, "right": 16, "top": 14, "bottom": 2, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "category",
            "data": list(labels),
            "axisLabel": {"color": _GREY, "hideOverlap": True, "showMaxLabel": short},
            "axisLine": _FAINT,
            "axisTick": {"show": False},
        },
        "yAxis": {"type": "value", "axisLabel": {"color": _GREY}, "splitLine": _FAINT},
    }


def _floor(known: Sequence[float]) -> float:
    """Give where the axis begins: rates near 100 % are told apart, lower ones are not cut off."""
    return max(0.0, min([90.0, *(10.0 * (low // 10.0) for low in known)]))
