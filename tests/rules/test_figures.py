"""Figures of districts and of places with bays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_rules.columns import NEVER_US
from narrowgate_rules.figures import Listened, Stays, balances, parking_figures, volumes

MINUTE_US, HOUR_US = 60_000_000, 3_600_000_000
CUSTOMER, INLET, OUTLET, TANK = range(4)


def whole(bays: int, until_us: int = 4 * HOUR_US) -> Listened:
    """Give bays that are listened to all the time."""
    return Listened(np.arange(bays), np.zeros(bays, np.int64), np.full(bays, until_us))


def stays(*rows: tuple[int, int, int]) -> Stays:
    """Give stays of (bay, arrival, departure) in minutes; a departure of -1 is none yet."""
    bay, arrived, departed = np.array(rows, np.int64).reshape(-1, 3).T
    left_us = np.where(departed < 0, NEVER_US, departed * MINUTE_US)
    return Stays(bay.astype(np.intp), arrived * MINUTE_US, left_us)


def test_a_zone_of_two_bays() -> None:
    """Three cars in four hours: one leaves in the period, one came before it, one stays."""
    given_stays = stays((0, -60, 60), (0, 90, 150), (1, 180, -1))
    figures = parking_figures(given_stays, whole(2), [0, 0], 1, 0, 4 * HOUR_US)

    assert figures.sessions.tolist() == [2.0]
    assert figures.turnover_per_h.tolist() == [0.25]
    assert figures.turnover_per_bay.tolist() == [1.0]
    assert figures.average_dwell_s.tolist() == [(120 + 60) / 2 * 60]
    assert figures.occupancy_pct.tolist() == [100.0 * 180 / 480]


def test_unknown_is_not_empty() -> None:
    """A bay that was unheard for most of the period has -1 everywhere."""
    listened = Listened(np.array([0]), np.array([0]), np.array([2 * HOUR_US]))
    figures = parking_figures(stays(), listened, [0], 1, 0, 4 * HOUR_US)

    assert [each.tolist() for each in vars(figures).values()] == [[-1.0]] * 5 + [[1]]


def test_a_short_stay_is_none() -> None:
    """Of less than a minute."""
    brief = Stays(np.array([0]), np.array([HOUR_US]), np.array([HOUR_US + MINUTE_US - 1]))

    assert parking_figures(brief, whole(1), [0], 1, 0, 4 * HOUR_US).sessions.tolist() == [0.0]


def test_a_closed_bay_leaves_the_denominator() -> None:
    """One hour of four is closed: a car of an hour and a half takes half of what is left."""
    closed = Listened(np.array([0]), np.array([HOUR_US]), np.array([2 * HOUR_US]))
    figures = parking_figures(stays((0, 120, 210)), whole(1).without(closed), [0], 1, 0, 4 * HOUR_US)

    assert figures.occupancy_pct.tolist() == [50.0]


def test_two_missed_heartbeats_end_what_is_known() -> None:
    """A bay that speaks every half hour is listened to for an hour after its last word."""
    readings = Listened.to_readings(np.array([0, 0]), np.array([HOUR_US, 0]), np.array([HOUR_US]))

    assert (readings.from_us.tolist(), readings.to_us.tolist()) == ([0, HOUR_US], [HOUR_US, 2 * HOUR_US])


def test_without_a_rhythm_the_last_reading_is_the_last_that_is_known() -> None:
    """A bay that tells its changes only is listened to from the first to the last."""
    readings = Listened.to_readings(np.array([0, 0]), np.array([0, HOUR_US]), np.array([NEVER_US]))

    assert int((readings.to_us - readings.from_us).sum()) == HOUR_US


@pytest.mark.parametrize("places", [0, 1])
def test_no_bays(places: int) -> None:
    """Nothing is known of a place without bays."""
    nothing = Listened(np.array([], np.intp), np.array([], np.int64), np.array([], np.int64))
    figures = parking_figures(stays(), nothing, [], places, 0, HOUR_US)

    assert figures.occupancy_pct.tolist() == [-1.0] * places


Spans = list[tuple[int, int, int]]
_SPANS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(1, 6)), max_size=12)


def minutes(spans: Spans) -> list[tuple[int, int]]:
    """Give every bay and minute in some spans, once."""
    return sorted({(bay, minute) for bay, begin, size in spans for minute in range(begin, begin + size)})


@given(_SPANS, _SPANS, st.integers(0, 10), st.integers(1, 15))
def test_figures_twin(cars: Spans, heard: Spans, begin: int, length: int) -> None:
    """Occupancy is what counting every bay minute by minute gives."""
    end, lit, taken = begin + length, minutes(heard), minutes(cars)
    bay, minute = (np.array([one[at] for one in lit], np.int64) for at in (0, 1))
    listened = Listened(bay, minute * MINUTE_US, (minute + 1) * MINUTE_US)
    parked = stays(*((bay, minute, minute + 1) for bay, minute in taken))
    figures = parking_figures(parked, listened, [0, 0, 1], 2, begin * MINUTE_US, end * MINUTE_US)

    for place, bays in ((0, (0, 1)), (1, (2,))):
        known = [one for one in lit if one[0] in bays and begin <= one[1] < end]
        both = [one for one in known if one in taken]
        expected = 100.0 * len(both) / len(known) if len(known) > 0.5 * length * len(bays) else -1.0
        assert figures.occupancy_pct[place] == pytest.approx(expected)


def test_a_district_that_loses_a_tenth() -> None:
    """What flows in, less what flows on and what the tank took, less what customers used."""
    volume = np.array([100.0, 10.0, -10.0, 50.0, 40.0])
    role = np.array([INLET, OUTLET, TANK, CUSTOMER, CUSTOMER], np.int8)
    found = balances(volume, role, [0] * 5, 1)

    assert (found.input_m3.tolist(), found.loss_m3.tolist(), found.nrw_pct.tolist()) == (
        [100.0],
        [10.0],
        [10.0],
    )


@pytest.mark.parametrize("dark", [0, 1])
def test_a_district_with_a_silent_meter_is_not_evaluable(dark: int) -> None:
    """Be it the inlet or every second customer."""
    volume, role = np.array([100.0, 45.0, 45.0]), np.array([INLET, CUSTOMER, CUSTOMER], np.int8)
    volume[dark] = np.nan

    assert np.isnan(balances(volume, role, [0, 0, 0], 1).nrw_pct).all()


def test_a_district_without_an_inlet_is_not_evaluable() -> None:
    """Nor is one without any meter."""
    found = balances(np.array([1.0]), np.array([CUSTOMER], np.int8), [0], 2)

    assert np.isnan(found.loss_m3).all()


def test_a_register_is_read_between_its_readings() -> None:
    """By the line between them; a hole of more than six hours, a fall and a missing end say nothing."""
    hours = {
        0: [(0, 10.0), (2, 12.0), (4, 14.0)],
        1: [(0, 10.0), (8, 18.0)],
        2: [(0, 10.0), (1, 9.0), (4, 9.5)],
        3: [(0, 5.0)],
    }
    rows = [(meter, at, value) for meter, readings in hours.items() for at, value in readings]
    meter, at, value = (np.array(each) for each in zip(*rows, strict=True))
    used = volumes(
        meter, at * HOUR_US, value.astype(np.float64), np.zeros(5, np.int8), HOUR_US // 2, 3 * HOUR_US
    )

    assert used[0] == pytest.approx(2.5)
    assert np.isnan(used[[1, 2, 3, 4]]).all()


def test_a_tank_may_fall() -> None:
    """Its content is what its register shows."""
    used = volumes(
        np.array([0, 0]),
        np.array([0, HOUR_US]),
        np.array([50.0, 20.0]),
        np.array([TANK], np.int8),
        0,
        HOUR_US,
    )

    assert used.tolist() == [-30.0]
