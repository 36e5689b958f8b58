"""Lamp out: hold, recovery, what is not evaluable, level and sun."""

from collections.abc import Mapping, Sequence

from narrowgate_rules import LAMP_OUT, Engine
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, NOWHERE, Columns, Heard, Row, hear

NIGHT_US = MONDAY_US + 12 * HOUR_US
DAY_US = MONDAY_US + 4 * HOUR_US
PLACED = Columns(("l",), {"rated_w": [100.0]}, {"lat": [28.26], "lon": [117.07]})
DARK = {"power_w": 1.0, "voltage_v": 225.0}
LIT = {"power_w": 98.0, "voltage_v": 225.0}

Samples = Sequence[Mapping[str, float | bool | None]]


def lamps(
    samples: Samples, start_us: int = NIGHT_US, fleet: Columns = PLACED, every_us: int = 10 * MINUTE_US
) -> Heard:
    """Judge one lamp's samples, every ten minutes."""
    rows = [Row(n, "l", start_us + n * every_us, values) for n, values in enumerate(samples)]
    return hear(Engine([LAMP_OUT]), Family.LIGHTING, rows, fleet)


def test_two_dark_samples_over_ten_minutes() -> None:
    """A lamp is out with the second dark sample, ten minutes after the first."""
    assert lamps([DARK, DARK, DARK]).episodes() == [("l", NIGHT_US + 10 * MINUTE_US, None)]


def test_two_dark_samples_in_five_minutes() -> None:
    """Two samples are not enough if they span less than the hold."""
    assert lamps([DARK, DARK], every_us=5 * MINUTE_US).episodes() == []


def test_one_sample() -> None:
    """One dark sample decides nothing."""
    assert lamps([DARK]).episodes() == []


def test_same_sample_twice() -> None:
    """Two samples of one time are one sample."""
    engine = Engine([LAMP_OUT], {"lamp_out": {"hold_min": 0.0}})

    heard = hear(engine, Family.LIGHTING, [Row(n, "l", NIGHT_US, DARK) for n in (1, 2)], PLACED)

    assert heard.findings == []


def test_lit_sample_clears() -> None:
    """The first lit sample clears."""
    heard = lamps([DARK, DARK, LIT])

    assert heard.episodes() == [("l", NIGHT_US + 10 * MINUTE_US, NIGHT_US + 20 * MINUTE_US)]


def test_day_leaves_it_out() -> None:
    """By day even a lamp that draws power proves nothing: one that was out stays out."""
    rows = [Row(n, "l", NIGHT_US + n * 8 * HOUR_US, values) for n, values in enumerate([DARK, DARK, LIT])]

    heard = hear(Engine([LAMP_OUT]), Family.LIGHTING, rows, PLACED)

    assert heard.episodes() == [("l", NIGHT_US + 8 * HOUR_US, None)]


def test_dark_by_day() -> None:
    """A dark lamp by day is as it should be."""
    assert lamps([DARK] * 6, DAY_US).episodes() == []


def test_dusk_is_not_evaluable() -> None:
    """Between night and day neither dark nor lit says anything."""
    assert (
        lamps([DARK] * 3, MONDAY_US + 9 * HOUR_US + 27 * MINUTE_US, every_us=5 * MINUTE_US).episodes() == []
    )


def test_lamp_without_a_place() -> None:
    """A lamp that no registry places, and that acknowledged no level, is not evaluable."""
    assert lamps([DARK] * 6, fleet=NOWHERE).episodes() == []


def test_acknowledged_level_needs_no_place() -> None:
    """An acknowledged level holds until the next one, whatever the sun does."""
    heard = lamps([{**DARK, "commanded_level_pct": 50.0}, DARK], DAY_US, NOWHERE)

    assert heard.episodes() == [("l", DAY_US + 10 * MINUTE_US, None)]


def test_level_of_zero_is_off() -> None:
    """A lamp commanded off is dark by right, at night too."""
    assert lamps([{**DARK, "commanded_level_pct": 0.0}, DARK, DARK]).episodes() == []


def test_off_restarts_the_hold() -> None:
    """Dark samples before and after a time commanded off do not add up."""
    off = {**DARK, "commanded_level_pct": 0.0}
    on = {**DARK, "commanded_level_pct": 100.0}

    assert lamps([on, off, on]).episodes() == []


def test_supply_that_is_not_normal() -> None:
    """Without normal supply a dark lamp is not to blame."""
    assert (
        lamps([{"power_w": 0.0, "voltage_v": volts} for volts in (0.0, 175.0, 265.0, None)]).episodes() == []
    )


def test_least_power_of_an_unknown_lamp() -> None:
    """A lamp whose rated power nobody set is lit from 2 W on."""
    unrated = Columns(("l",), {}, {"lat": [28.26], "lon": [117.07]})

    assert lamps([{"power_w": 2.0, "voltage_v": 225.0}] * 4, fleet=unrated).episodes() == []


def test_threshold_of_zero() -> None:
    """With a least power of 0 no lamp is ever dark."""
    engine = Engine([LAMP_OUT], {"lamp_out": {"least_power_w": 0.0, "least_power_pct": 0.0}})
    rows = [Row(n, "l", NIGHT_US + n * HOUR_US, {"power_w": 0.0, "voltage_v": 225.0}) for n in range(4)]

    assert hear(engine, Family.LIGHTING, rows, PLACED).findings == []
