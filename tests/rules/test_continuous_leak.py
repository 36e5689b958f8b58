"""Continuous leak: floors and registers, holes, impossible steps, repeats."""

from collections.abc import Sequence

import pytest

from narrowgate_rules import CONTINUOUS_LEAK, Engine
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, NOWHERE, Columns, Row, hear

Episodes = list[tuple[str, int, int | None]]


def leaks(volumes_m3: Sequence[float | None], fleet: Columns = NOWHERE, every_us: int = HOUR_US) -> Episodes:
    """Give the leaks in a register read at equal intervals from Monday on; None = no frame came."""
    rows = [
        Row(n, "m", MONDAY_US + n * every_us, {"volume_m3": volume})
        for n, volume in enumerate(volumes_m3)
        if volume is not None
    ]
    return hear(Engine([CONTINUOUS_LEAK]), Family.WATER, rows, fleet).episodes()


def steady(hours: int, flow_m3_per_h: float, step_m3: float = 0.001, per_hour: int = 1) -> list[float]:
    """Give the register of a steady flow, rounded down to whole steps."""
    steps = [
        int(100 / step_m3 + n * flow_m3_per_h / per_hour / step_m3 + 1e-6)
        for n in range(hours * per_hour + 1)
    ]
    return [round(count * step_m3, 3) for count in steps]


def raised(hour: float) -> Episodes:
    """Give one open leak, raised so many hours after the first reading."""
    return [("m", MONDAY_US + round(hour * HOUR_US), None)]


def test_leak_at_the_floor() -> None:
    """12.5 L/h at Q3 2.5, read as 12 or 13 L, is a leak after 24 h."""
    assert raised(24) == leaks(steady(24, 0.0125))


def test_flow_below_the_floor() -> None:
    """11 L/h at Q3 2.5 is no leak."""
    assert leaks(steady(72, 0.011)) == []


def test_coarse_register() -> None:
    """On a register of 10 L a leak of 12.5 L/h moves at least one step in every hour."""
    coarse = Columns(("m",), {"register_step_m3": [0.01]})

    assert raised(24) == leaks(steady(24, 0.0125, 0.01), coarse)


def test_floor_follows_the_meter() -> None:
    """A large meter has a large floor: 12.5 L/h is no leak at Q3 10."""
    assert leaks(steady(48, 0.0125), Columns(("m",), {"q3_m3_per_h": [10.0]})) == []


@pytest.mark.parametrize("q3", [float("nan"), 0.0, -1.0, float("inf")])
def test_meter_without_a_believable_q3(q3: float) -> None:
    """A meter whose Q3 is not set, or none, is judged at the default."""
    assert raised(24) == leaks(steady(24, 0.0125), Columns(("m",), {"q3_m3_per_h": [q3]}))


def test_leak_ends_with_an_hour_below_the_floor() -> None:
    """The first hour below the floor clears the leak at its end."""
    register = steady(26, 0.02)

    assert leaks([*register, register[-1]]) == [("m", MONDAY_US + 24 * HOUR_US, MONDAY_US + 27 * HOUR_US)]


def test_dry_hour_restarts_the_evidence() -> None:
    """A dry hour in the 24 h before makes it no leak."""
    register = steady(23, 0.02)

    assert leaks([*register, *(volume + register[-1] - 100 for volume in register)]) == []


def test_hole_of_six_hours() -> None:
    """A hole of 6 h is judged by the mean flow across it."""
    register: list[float | None] = [*steady(24, 0.0125)]
    register[7:12] = [None] * 5

    assert raised(24) == leaks(register)


def test_longer_hole() -> None:
    """Behind a hole of more than 6 h the evidence begins anew."""
    register: list[float | None] = [*steady(36, 0.0125)]
    register[7:13] = [None] * 6

    assert raised(13 + 24) == leaks([*register, 100 + 37 * 0.0125])


@pytest.mark.parametrize("wrong_m3", [-248.52, 500.0])
def test_impossible_step_does_not_hide_a_leak(wrong_m3: float) -> None:
    """A register that jumps is bridged: the leak is raised an hour later, for that hour does not count."""
    register = steady(25, 0.0125)

    assert raised(25) == leaks([*register[:10], *(volume + wrong_m3 for volume in register[10:])])


def test_impossible_step_does_not_make_a_leak() -> None:
    """Jumps are no flow: a register that only jumps up has no leak."""
    assert leaks([n * 100.0 for n in range(72)]) == []


def test_quarter_hours() -> None:
    """Quarter-hours are collected to hours."""
    assert raised(24) == leaks(steady(24, 0.0125, per_hour=4), every_us=15 * MINUTE_US)


def test_dry_hours_that_no_clock_hour_shows() -> None:
    """14 L in the first quarter of one hour and the last of the next leave 90 dry minutes: no leak."""
    quarters = [14, 0, 0, 0, 0, 0, 0, 14] * 24

    assert (
        leaks([100 + sum(quarters[:n]) / 1000 for n in range(len(quarters))], every_us=15 * MINUTE_US) == []
    )


@pytest.mark.parametrize("dry_from", range(290, 302))
def test_dry_hour_ends_a_leak_wherever_it_lies(dry_from: int) -> None:
    """A leak of 24 L/h read every 5 minutes ends when the last 60 minutes hold less than 12 L."""
    litres = [0 if dry_from <= n < dry_from + 12 else 2 for n in range(320)]
    register = [100 + sum(litres[:n]) / 1000 for n in range(len(litres) + 1)]

    cleared_us = MONDAY_US + (dry_from + 7) * 5 * MINUTE_US
    assert leaks(register, every_us=5 * MINUTE_US) == [("m", MONDAY_US + 24 * HOUR_US, cleared_us)]


def test_short_rest_does_not_end_a_leak() -> None:
    """Half an hour without flow leaves every hour above the floor, so the leak stays."""
    litres = [0 if 290 <= n < 296 else 2 for n in range(320)]
    register = [100 + sum(litres[:n]) / 1000 for n in range(len(litres) + 1)]

    assert leaks(register, every_us=5 * MINUTE_US) == raised(24)


def test_evidence_goes_on_from_within_the_dry_hour() -> None:
    """A dry hour from 0:15 to 1:15 lies in no 24 h that begin at 0:30: a leak since then is raised there."""
    litres = [4, 0, 0, 0, 0, *[4] * 110]
    register = [100 + sum(litres[:n]) / 1000 for n in range(len(litres) + 1)]

    # 1:15 to 1:30 brings 4 L: the hours from 0:30 and 0:45 hold 4 and 8 of 12 L, the one from 1:00 all.
    assert leaks(register, every_us=15 * MINUTE_US) == raised(1 + 24)


def test_minutes() -> None:
    """Readings closer than 4 minutes are taken together: 68 dry minutes are found wherever they lie."""
    litres = [0 if n % 97 < 68 else 1 for n in range(60 * 48)]

    assert leaks([100 + sum(litres[:n]) / 1000 for n in range(len(litres))], every_us=MINUTE_US) == []


def test_leak_read_every_minute() -> None:
    """A steady leak read every minute is a leak after 24 h."""
    assert raised(24) == leaks(steady(24, 0.0125, per_hour=60), every_us=MINUTE_US)


def test_repeats_change_nothing() -> None:
    """The same reading twice is one reading."""
    twice = [
        Row(2 * n + again, "m", MONDAY_US + n * HOUR_US, {"volume_m3": volume})
        for n, volume in enumerate(steady(24, 0.0125))
        for again in (0, 1)
    ]

    assert raised(24) == hear(Engine([CONTINUOUS_LEAK]), Family.WATER, twice).episodes()


def test_one_reading() -> None:
    """One reading decides nothing."""
    assert leaks([100.0]) == []
