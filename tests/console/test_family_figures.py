from datetime import UTC, date
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from console_stand import HOUR_US, NOW_US
from narrowgate_console.lit_rate import lit_nights
from narrowgate_console.night_flow import Night, nights, zone_flows
from narrowgate_console.occupancy import occupancy
from narrowgate_console.places import NEVER_US, SILENT_AFTER_US, Condition, Places, conditions
from narrowgate_schema.tables import TIMESTAMP
from narrowgate_schema.words import Family

SHANGHAI = ZoneInfo("Asia/Shanghai")
START_US = 1_000_000 * HOUR_US
NIGHT = Night(date(2026, 3, 14), START_US, START_US + 2 * HOUR_US)


def readings(*rows: tuple[str, float, float | bool], dtype: pa.DataType | None = None) -> pa.Table:
    """Give rows of (device, hours from START_US, value) as a store answers them."""
    schema = pa.schema(
        [
            ("device", pa.string()),
            ("series", pa.string()),
            ("time", TIMESTAMP),
            ("value", dtype or pa.float64()),
        ]
    )
    columns = [
        [row[0] for row in rows],
        [""] * len(rows),
        [START_US + int(row[1] * HOUR_US) for row in rows],
        [row[2] for row in rows],
    ]
    return pa.Table.from_arrays(
        [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)], schema=schema
    )


def here(*devices: tuple[str, str], family: Family = Family.WATER, interval_s: float = np.nan) -> Places:
    """Give places of (device, zone), all of one family and active."""
    names = np.array([device for device, _ in devices], dtype=object)
    count = len(names)

    def same(text: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.array([text] * count, dtype=object)

    return Places(
        devices=names,
        families=same(family),
        profiles=same("p"),
        tenants=same("default"),
        assets=same(""),
        zones=np.array([zone for _, zone in devices], dtype=object),
        lats_deg=np.zeros(count),
        lons_deg=np.zeros(count),
        states=same("active"),
        intervals_s=np.full(count, interval_s),
    )


def test_nights_are_the_citys() -> None:
    """The window of a night is told by the city's clock, and a night that is not over is left out."""
    found = nights(NOW_US, 2, SHANGHAI, 2, 4)

    assert [night.day for night in found] == [date(2026, 3, 14), date(2026, 3, 15)]
    assert [night.start_us // HOUR_US % 24 for night in found] == [18, 18]
    assert nights(NOW_US, 1, UTC, 22, 23)[0].day == date(2026, 3, 13)


def test_a_zones_night_flow_is_its_meters_together() -> None:
    """Registers between readings are laid on a line; the zone's flow is the sum over its meters."""
    registers = readings(("a", -1, 10.0), ("a", 1, 12.0), ("a", 3, 14.0), ("b", 0, 5.0), ("b", 2, 5.5))
    found = zone_flows(NIGHT, registers, here(("a", "z1"), ("b", "z1"), ("c", "z1")))

    assert [(zone.zone, zone.meters) for zone in found] == [("z1", 2)]
    assert found[0].flow_m3_per_h == pytest.approx(1.25)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("a", 1.0, 3.0)],
        [("a", 0.0, 1.0), ("a", 1.0, 2.0)],
        [("a", -3.0, 1.0), ("a", 5.0, 2.0)],
        [("a", 0.0, 9.0), ("a", 2.0, 1.0)],
    ],
)
def test_a_night_that_a_meter_does_not_tell_of_is_left_out(rows: list[tuple[str, float, float]]) -> None:
    """Without readings near both ends, or with a register that falls, a meter says nothing of the night."""
    assert zone_flows(NIGHT, readings(*rows), here(("a", "z1"))) == []


def states(*rows: tuple[str, float, float | bool]) -> pa.Table:
    """Give states as a store answers them."""
    return readings(*rows, dtype=pa.bool_())


def test_occupancy_carries_a_state_on_until_the_next() -> None:
    """A bay that said something stays so in hours that say nothing; the zone's share is of its known bays."""
    told = states(("a", 0, True), ("b", 1, False), ("a", 3, False))
    bays = here(("a", "lot"), ("b", "lot"), family=Family.PARKING)
    found = occupancy(told, bays, START_US + 3 * HOUR_US, 4)

    assert (found.zones, found.bays) == (("lot",), (2,))
    assert found.share_pct == ((100.0, 50.0, 50.0, 0.0),)


def test_occupancy_is_unknown_where_most_bays_are() -> None:
    """A zone most of whose bays say nothing has no figure, which is not 0."""
    bays = here(*((name, "lot") for name in "abc"), family=Family.PARKING)
    found = occupancy(states(("a", 0, True)), bays, START_US, 1)

    assert found.share_pct == ((None,),)


def test_occupancy_forgets_after_a_day_and_a_bit() -> None:
    """A bay that has said nothing for longer than a day and two hours is unknown."""
    bays = here(("a", "lot"), family=Family.PARKING)
    found = occupancy(states(("a", 0, True)), bays, START_US + 27 * HOUR_US, 3)

    assert found.share_pct == ((100.0, 100.0, None),)


def test_no_bays_have_no_occupancy() -> None:
    """A city without bays has no zones to show."""
    assert occupancy(states(), here(family=Family.PARKING), START_US, 2).zones == ()


def test_the_lit_rate_has_both_bounds() -> None:
    """A lamp that said nothing counts in the lower bound and not in the upper."""
    powers = readings(("a", 0, 9.9), ("b", 0, 10.0), ("b", 1, 3.0))
    lamps = {"a": "road", "b": "road", "c": "road"}
    night = lit_nights(NIGHT, powers, lamps, dict.fromkeys(lamps, 100.0))[0]

    assert (night.zone, night.lamps, night.observed, night.lit) == ("", 3, 2, 1)
    assert (night.of_all_pct, night.of_observed_pct) == (33.33, 50.0)


def test_a_lamp_of_unknown_power_is_lit_from_five_watts() -> None:
    """Where the rated power is not known, 5 W count as lit."""
    powers = readings(("a", 0, 5.0), ("b", 0, 4.9))
    night = lit_nights(NIGHT, powers, {"a": "", "b": ""}, {"b": float("nan")})[0]

    assert night.lit == 1


@pytest.mark.parametrize("lamps", [{}, {"a": "road"}])
def test_a_night_without_readings_has_no_lit_rate(lamps: dict[str, str]) -> None:
    """A night of which nothing is known is no dark night."""
    night = lit_nights(NIGHT, readings(), lamps, {})[0]

    assert (night.of_all_pct, night.of_observed_pct) == (None, None)


@pytest.mark.parametrize(
    ("interval_s", "ago_us", "expected"),
    [
        (np.nan, SILENT_AFTER_US, Condition.WELL),
        (np.nan, SILENT_AFTER_US + 1, Condition.SILENT),
        (np.nan, -NEVER_US, Condition.SILENT),
        (600.0, 1_800_000_000, Condition.WELL),
        (600.0, 1_800_000_001, Condition.SILENT),
        (172_800.0, SILENT_AFTER_US + 1, Condition.WELL),
    ],
)
def test_a_device_is_silent_after_three_intervals(
    interval_s: float, ago_us: int, expected: Condition
) -> None:
    """A device is silent after three of its intervals, or after a day and a bit if it has not said them."""
    last_us = np.array([NOW_US - ago_us], dtype=np.int64)

    found = conditions(here(("a", "z"), interval_s=interval_s), last_us, frozenset(), NOW_US)

    assert list(found) == [expected]


def test_a_case_weighs_more_than_silence() -> None:
    """A silent device with an open case is shown as one with a case."""
    last_us = np.array([NEVER_US], dtype=np.int64)

    assert list(conditions(here(("a", "z")), last_us, frozenset({"a"}), NOW_US)) == [Condition.CASE]


def test_no_devices_have_no_conditions() -> None:
    """A city without devices is legal."""
    assert len(conditions(here(), np.array([], dtype=np.int64), frozenset(), NOW_US)) == 0
