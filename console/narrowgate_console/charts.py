"""A family's series as an ECharts option: plain data, so that it can be tested without a page."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from narrowgate_console.instants import instant
from narrowgate_console.series import HOUR_US, Point, Series
from narrowgate_schema.families import DECLARED
from narrowgate_schema.words import Family

COMPLETE_SHARE = 0.9
"""A last hour with fewer devices than this share of the fullest hour's is still being reported."""

COLOURS: dict[Family, str] = {family: DECLARED[family].colour for family in Family}
_GREY = "#8a94a6"
_LINE = "#8a94a633"
_DOTTED = {"width": 2, "type": "dotted", "opacity": 0.6}


def complete_hours(points: Sequence[Point]) -> int:
    """Give how many of the points, from the first, are of hours that (nearly) all devices have reported."""
    fullest = max((point.devices for point in points), default=0)
    count = len(points)
    while count > 0 and points[count - 1].devices < COMPLETE_SHARE * fullest:
        count -= 1
    return count


def chart_option(series: Series, timezone: tzinfo, labels: tuple[str, str]) -> dict[str, Any]:
    """Give the option of a family's chart; hours without readings are gaps.

    Args:
        series: what to show, at least one point.
        timezone: of the hours on the axis.
        labels: names of the line and of its tail, the hours that are still being reported.
    """
    known = {point.hour_us: point.value for point in series.points}
    complete = series.points[: complete_hours(series.points)]
    last_us = complete[-1].hour_us if complete else series.points[0].hour_us
    hours = range(series.points[0].hour_us, series.points[-1].hour_us + 1, HOUR_US)
    solid = [_rounded(known.get(hour)) if hour <= last_us else None for hour in hours]
    tail = [_rounded(known.get(hour)) if hour >= last_us else None for hour in hours]
    has_tail = len(complete) < len(series.points)
    colour = COLOURS[series.family]
    axis: dict[str, Any] = {"type": "value", "axisLabel": {"color": _GREY}, "splitLine": _stroke(_LINE)}
    if series.unit == "%":
        axis |= {"min": 0, "max": 100, "interval": 25}
    return {
        "animation": False,
        "grid": {"left": 4, "right": 12, "top": 14, "bottom": 2, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "category",
            "boundaryGap": False,
            "data": [f"{instant(hour).astimezone(timezone):%m-%d %H:%M}" for hour in hours],
            "axisLabel": {"color": _GREY, "hideOverlap": True, "showMinLabel": False},
            "axisLine": _stroke(_LINE),
            "axisTick": {"show": False},
        },
        "yAxis": axis,
        "series": [
            _line(labels[0], solid, colour, {"width": 2, "type": "solid"}, area=0.14),
            *([_line(labels[1], tail, colour, _DOTTED, area=0.0)] if has_tail else []),
        ],
    }


def _line(
    name: str, values: list[float | None], colour: str, stroke: dict[str, Any], *, area: float
) -> dict[str, Any]:
    return {
        "type": "line",
        "name": name,
        "data": values,
        "showSymbol": values.count(None) == len(values) - 1,
        "color": colour,
        "lineStyle": stroke,
        "areaStyle": {"opacity": area},
    }


def _stroke(colour: str) -> dict[str, Any]:
    return {"lineStyle": {"color": colour}}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
