"""What the modelled NB-IoT link does, as functions of seed, device and count."""

from collections import Counter
from statistics import mean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate_simulators import RADIOS, Coverage, Radio
from narrowgate_simulators.radio import CALM, Flight

DEVICES = [f"meter-{row}" for row in range(2000)]


def test_levels_have_their_shares() -> None:
    """Devices stand at coverage levels 0, 1 and 2 in the declared shares."""
    levels = Counter(Radio(coverage_shares=(0.5, 0.3, 0.2)).level(device) for device in DEVICES)

    assert [round(levels[level] / len(DEVICES), 1) for level in range(3)] == [0.5, 0.3, 0.2]


def test_facts_are_those_of_the_level() -> None:
    """Power, quality and repetitions of an uplink lie in the ranges of its device's level."""
    radio, outside = Radio(seed=3), []
    for device in DEVICES:
        facts = radio.facts(device, 1)
        coverage = radio.levels[facts.ecl]
        ranges = (coverage.rsrp_dbm, coverage.sinr_db, coverage.repetitions)
        values = (facts.rsrp_dbm, facts.sinr_db, facts.repetitions)
        outside += [v for v, (low, high) in zip(values, ranges, strict=True) if not low <= v <= high]

    assert outside == []


def test_repetitions_are_powers_of_two() -> None:
    """A module repeats an uplink 1, 2, 4 ... 128 times."""
    repetitions = {Radio().facts(device, 7).repetitions for device in DEVICES}

    assert repetitions <= {2**power for power in range(8)}


def test_a_device_stays_in_its_cell() -> None:
    """A device reports the same cell with every uplink."""
    assert len({Radio().facts("meter-1", count).cell_id for count in range(1, 50)}) == 1


def test_worse_coverage_takes_longer() -> None:
    """The deeper the coverage level, the later the uplink."""
    means = []
    for level in range(3):
        shares = tuple(float(level == at) for at in range(3))
        radio = Radio(coverage_shares=shares, late_share=0.0)  # type: ignore[arg-type]
        means.append(mean(radio.flight(device, 1).delay_s or 0.0 for device in DEVICES))

    assert means == sorted(means)
    assert means[2] > 5 * means[0]


def test_lost_transmissions_are_repeated() -> None:
    """Each loss costs a wait that doubles; after the last repeat the uplink never arrives."""
    deaf = Coverage((-128.0, -115.0), (-12.0, -3.0), (0.0, 0.0), (1, 1), 0.5)
    radio = Radio(levels=(deaf,) * 3, retransmit_s=1.0, max_retransmit=2, late_share=0.0, twice_share=0.0)
    flights = Counter(radio.flight(device, 1) for device in DEVICES)

    assert set(flights) == {
        Flight(0.0, None, 1),
        Flight(1.0, None, 2),
        Flight(3.0, None, 3),
        Flight(None, None, 3),
    }


def test_calm_radio_does_nothing() -> None:
    """The calm radio brings everything at once, once, from one port, by a right clock."""
    done = {
        (CALM.flight(device, 5), CALM.binding(device, 5), CALM.is_overtaken(device, 5)) for device in DEVICES
    }

    assert (done, CALM.counter("meter-1", 9), CALM.clock_error_us("meter-1", 10**12)) == (
        {(Flight(0.0, None, 1), 0, False)},
        9,
        0,
    )


@given(count=st.integers(1, 10**6), every=st.integers(1, 5000), device=st.sampled_from(DEVICES))
def test_counter_begins_again_with_each_boot(count: int, every: int, device: str) -> None:
    """A device's counter grows by one, or begins again at 1 because it has booted."""
    radio = Radio(rebooted_every=every)
    now, then = radio.counter(device, count), radio.counter(device, count + 1)
    booted = radio.boots(device, count + 1) - radio.boots(device, count)

    assert (booted, then) in ((0, now + 1), (1, 1))


def test_ports_change_as_often_as_declared() -> None:
    """NAT gives a device another source port after about as many uplinks as declared."""
    changes = mean(Radio(rebound_every=4).binding(device, 401) for device in DEVICES[:500])

    assert 90 < changes < 130


def test_clocks_drift_apart() -> None:
    """The spread of clock errors is the declared rate times the time that clocks ran."""
    radio = Radio(drift_ppm=20.0)
    errors_s = [radio.clock_error_us(device, 10**6 * 86_400) / 1e6 for device in DEVICES]

    assert pstdev(errors_s) == pytest.approx(20e-6 * 86_400, rel=0.05)


@pytest.mark.parametrize(
    ("radio", "since_s", "wait_s"),
    [
        (Radio(active_s=16.0), 15.9, 0.0),
        (Radio(active_s=16.0), 16.0, None),
        (Radio(active_s=None), 1e6, 0.0),
        (Radio(active_s=10.0, edrx_cycle_s=20.48, edrx_window_s=2.56), 10.0, 17.92),
        (Radio(active_s=10.0, edrx_cycle_s=20.0, edrx_window_s=4.0), 26.0, 0.0),
        (Radio(active_s=10.0, edrx_cycle_s=20.0, edrx_window_s=4.0), 30.0, 16.0),
    ],
)
def test_sleeping_devices_are_reached_when_they_listen(
    radio: Radio, since_s: float, wait_s: float | None
) -> None:
    """A device hears within its active time, then in its eDRX windows, else after its next uplink."""
    assert radio.reachable_in_s(since_s) == (wait_s if wait_s is None else pytest.approx(wait_s))
    assert radio.is_reachable(since_s) == (wait_s == 0.0)


@pytest.mark.parametrize("name", sorted(RADIOS))
def test_radio_is_a_function_of_the_seed(name: str) -> None:
    """The same seed makes the same flights, another seed others."""
    flights = [[Radio(seed).flight(device, 3) for device in DEVICES] for seed in (1, 1, 2)]

    assert (flights[0] == flights[1], flights[0] == flights[2]) == (True, False)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"coverage_shares": (0.5, 0.5, 0.5)}, "coverage_shares"),
        ({"twice_share": 1.5}, "twice_share"),
        ({"late_s": -1.0}, "late_s"),
        ({"rebound_every": 0}, "rebound_every"),
        ({"cells": 0}, "cells"),
    ],
)
def test_wrong_radio_is_named(arguments: dict[str, object], word: str) -> None:
    """A wrong parameter is refused by its name."""
    with pytest.raises(ValueError, match=word):
        Radio(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (((-75.0, -105.0), (5.0, 20.0), (0.3, 2.0), (1, 2), 0.01), "rsrp_dbm"),
        (((-105.0, -75.0), (5.0, 20.0), (-0.3, 2.0), (1, 2), 0.01), "latency_s"),
        (((-105.0, -75.0), (5.0, 20.0), (0.3, 2.0), (0, 2), 0.01), "repetitions"),
        (((-105.0, -75.0), (5.0, 20.0), (0.3, 2.0), (1, 2), 2.0), "lost_share"),
    ],
)
def test_wrong_coverage_is_named(arguments: tuple[object, ...], word: str) -> None:
    """A wrong range of a coverage level is refused by its name."""
    with pytest.raises(ValueError, match=word):
        Coverage(*arguments)  # type: ignore[arg-type]
