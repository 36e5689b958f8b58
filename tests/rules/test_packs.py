"""The simple rules that ship: readable cases, from given readings to expected episodes."""

from collections.abc import Mapping

import pytest

from narrowgate_rules import Engine
from narrowgate_rules.packs import shipped_rules
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, Columns, Row, hear

DAY = 24 * 60
PLACED = Columns(
    ("a",), {"q3_m3_per_h": [2.5]}, {"lat": [28.26], "lon": [117.07], "baseline_tilt_deg": [1.0]}
)
Course = list[tuple[float, Mapping[str, float | bool | None]]]
"""Minutes since midnight UTC, which is 08:00 in Yingtan, and what the device said."""


def episodes(rule: str, course: Course) -> list[tuple[float, float | None]]:
    """Give when episodes of a rule were raised and cleared [min], as they stand in the end."""
    [declared] = [one for one in shipped_rules() if one.name == rule]
    rows = [Row(n, "a", MONDAY_US + round(at * MINUTE_US), said) for n, (at, said) in enumerate(course)]
    found = hear(Engine([declared]), Family(declared.family), rows, PLACED).findings
    last = {row["finding"]: row for row in found}
    return [
        (
            (row["raised_at"] - MONDAY_US) / MINUTE_US,
            None if row["cleared_at"] is None else (row["cleared_at"] - MONDAY_US) / MINUTE_US,
        )
        for row in last.values()
    ]


def every(step: float, count: int, name: str, *values: float | bool | None) -> Course:
    """Give readings at equal steps; the last value is repeated."""
    return [(n * step, {name: values[min(n, len(values) - 1)]}) for n in range(count)]


def flowing(step: float, flows_m3_per_h: list[float]) -> Course:
    """Give registers of a meter through which so much flows in each step."""
    volume = 10.0
    course: Course = [(0.0, {"volume_m3": 10.0})]
    for n, flow in enumerate(flows_m3_per_h, 1):
        volume += flow * step / 60
        course.append((n * step, {"volume_m3": round(volume, 6)}))
    return course


CASES: list[tuple[str, str, Course, list[tuple[float, float | None]]]] = [
    ("burst", "half an hour over 20 % of Q3", flowing(5, [0.6] * 8 + [0.1]), [(35, 45)]),
    ("burst", "a pause begins anew", flowing(5, [0.6] * 5 + [0.1] + [0.6] * 5), []),
    ("burst", "hourly readings decide nothing", flowing(60, [2.0] * 24), []),
    ("burst", "a flow that is told", every(10, 5, "flow_m3_per_h", 0.6), [(30, None)]),
    ("high_flow", "an hour over 2.28 Q3", flowing(15, [6.0] * 6 + [1.0]), [(75, 105)]),
    ("suspected_leak", "use in 60 of 96 quarters", flowing(15, ([0.1] * 5 + [0.0] * 3) * 24), [(1365, None)]),
    ("suspected_leak", "use in 24 of 96 quarters", flowing(15, ([0.1] + [0.0] * 3) * 48), []),
    ("suspected_leak", "hourly readings decide nothing", flowing(60, [0.1] * 72), []),
    ("reverse_flow", "a flag for a quarter of an hour", every(5, 6, "reverse_flow", True), [(15, None)]),
    ("register_falls", "fifty litres back", every(60, 3, "volume_m3", 10.0, 9.95, 9.96), [(60, 120)]),
    ("register_falls", "a restart is none", every(60, 3, "volume_m3", 900.0, 0.01, 0.02), []),
    ("impossible_step", "a restart", every(60, 3, "volume_m3", 900.0, 0.01, 0.02), [(60, 120)]),
    ("impossible_step", "more than Q4", every(60, 3, "volume_m3", 10.0, 14.0, 14.1), [(60, 120)]),
    ("empty_pipe", "for a minute", every(1, 3, "empty_pipe", True, True, False), [(1, 2)]),
    ("freeze", "2 °C until over 4 °C", every(60, 4, "temperature_c", 3.0, 2.0, 4.0, 4.1), [(60, 180)]),
    ("freeze", "what surrounds it", every(60, 2, "ambient_temperature_c", -1.0), [(0, None)]),
    ("battery", "below 10 % until replaced", every(60, 4, "battery_pct", 9.0, 12.0, 29.0, 100.0), [(0, 180)]),
    ("battery", "a flag comes and goes", every(60, 3, "battery_low", True, True, False), [(0, 120)]),
    ("stuck", "30 days without use", flowing(DAY, [0.01] + [0.0] * 31 + [0.01]), [(DAY * 32, DAY * 33)]),
    ("stuck", "no use ever", every(DAY, 40, "volume_m3", 0.0), []),
    ("bay_battery", "below 10 %", every(60, 2, "battery_pct", 50.0, 9.0), [(60, None)]),
    ("bay_sensor_fault", "for ten minutes", every(10, 3, "sensor_fault", True, True, False), [(10, 20)]),
    ("tilt", "7° for ten minutes", every(5, 4, "tilt_deg", 7.0, 7.0, 7.0, 1.0), [(10, 15)]),
    ("tilt", "as it was built", every(5, 4, "tilt_deg", 2.9), []),
    ("leakage", "at once", every(5, 2, "leakage", True, False), [(0, 5)]),
    ("supply_loss", "no voltage for a minute", every(1, 3, "voltage_v", 0.0, 0.0, 230.0), [(1, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "course", "expected"), [
    pytest.param(rule, course, expected, id=f"{rule}: {what}") for rule, what, course, expected in CASES
])  # fmt: skip
def test_case(rule: str, course: Course, expected: list[tuple[float, float | None]]) -> None:
    """Given readings give the expected episodes, and no others."""
    assert episodes(rule, course) == expected


def lamp(
    power_w: float, level_pct: float | None, lux: float | None = None, **more: float | bool
) -> Mapping[str, float | bool | None]:
    """Give what a lamp says."""
    return {"power_w": power_w, "commanded_level_pct": level_pct, "lux": lux, **more}


def test_a_lamp_that_burns_by_day_is_found() -> None:
    """The sun is up at 08:00 in the city; the finding ends with the burning."""
    course: Course = [(n * 10.0, lamp(60.0, 0.0 if n == 0 else None)) for n in range(5)]
    course.append((50.0, lamp(0.0, None)))

    assert episodes("day_burner", course) == [(30, 50)]


def test_a_lamp_that_burns_in_the_dark_of_a_storm_is_none() -> None:
    """Where light is measured it goes before the sun."""
    assert episodes("day_burner", [(n * 10.0, lamp(60.0, 0.0, lux=20.0)) for n in range(6)]) == []


def test_a_lamp_that_falls_three_times_cycles() -> None:
    """Three falls from on to off within the hour that nobody commanded."""
    powers = [60.0, 0.0, 60.0, 0.0, 60.0, 0.0, 60.0]
    course: Course = [(n * 5.0, lamp(power, 100.0)) for n, power in enumerate(powers)]

    assert episodes("cycling", course) == [(25, None)]


def test_a_lamp_that_is_switched_three_times_does_not_cycle() -> None:
    """What was commanded is no fault."""
    course: Course = [(n * 5.0, lamp(60.0 * (n % 2), 100.0 * (n % 2))) for n in range(8)]

    assert episodes("cycling", course) == []


@pytest.mark.parametrize(("level_pct", "expected"), [(100.0, [(10, None)]), (50.0, [])])
def test_a_power_factor_counts_at_full_level(level_pct: float, expected: list[tuple[float, None]]) -> None:
    """A dimmed lamp may have a poor one."""
    course: Course = [(n * 5.0, lamp(60.0, level_pct, power_factor=0.7)) for n in range(4)]

    assert episodes("control_gear", course) == expected


def test_the_hour_is_the_citys() -> None:
    """The course begins at eight in the morning of the city's clock."""
    assert (MONDAY_US // HOUR_US + 8) % 24 == 8
