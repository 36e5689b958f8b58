"""A city's uplinks as its radio brings them."""

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_simulators import RADIOS, City, Emission, Radio
from narrowgate_simulators.radio import CALM
from plain_district import START_US


def emissions(radio: Radio | None, step_s: int = 300, devices: int = 60, hours: float = 12) -> list[Emission]:
    """Give all emissions of a small city in order."""
    city = City(4, devices, START_US, hours, radio=radio)
    return [emission for step in city.steps(step_s) for emission in step.emissions]


def test_calm_radio_is_no_radio() -> None:
    """A radio that does nothing changes neither bytes nor order."""
    aired = [emission._replace(radio=None) for emission in emissions(CALM)]

    assert aired == emissions(None)


@settings(max_examples=10, deadline=None)
@given(step_s=st.integers(20, 600), name=st.sampled_from(sorted(RADIOS)))
def test_steps_only_cut_what_is_on_the_air(step_s: int, name: str) -> None:
    """The size of the steps changes neither what arrives nor its order."""
    assert emissions(RADIOS[name], step_s, 12, 3) == emissions(RADIOS[name], 300, 12, 3)


def test_nothing_arrives_before_it_is_sent() -> None:
    """Every arrival is an uplink of the city, later than it was meant."""
    meant = {(each.device, each.sequence): each for each in emissions(None)}
    early = []
    for arrived in emissions(replace(RADIOS["basement"], drift_ppm=0.0)):
        original = meant[arrived.device, arrived.sequence]
        early += [arrived] if arrived.due_us <= original.due_us or arrived.payload != original.payload else []

    assert early == []


def test_doubled_uplinks_arrive_twice() -> None:
    """Where the radio doubles every uplink, each arrives twice or on its way at the end."""
    counts = Counter(
        (each.device, each.sequence) for each in emissions(replace(CALM, twice_share=1.0), devices=9)
    )

    assert set(counts.values()) == {2}


def test_lost_uplinks_never_arrive() -> None:
    """Devices that do not repeat lose what their coverage says; those that do lose hardly any."""
    meant = len(emissions(None))
    radios = (replace(RADIOS["basement"], max_retransmit=0), RADIOS["basement"])
    shares = [len({each[:4] for each in emissions(radio)}) / meant for radio in radios]

    assert 0.85 < shares[0] < 0.95 < 0.98 < shares[1]


def test_overtaken_uplinks_come_after_their_next() -> None:
    """Where every uplink may be overtaken, devices arrive two by two in the wrong order."""
    order = defaultdict(list)
    for each in emissions(replace(CALM, reordered_share=1.0), devices=9):
        order[each.device].append(each.sequence)

    assert all(numbers[:4] == [2, 1, 4, 3] for numbers in order.values() if len(numbers) >= 4)
    assert any(len(numbers) >= 4 for numbers in order.values())


def test_late_uplinks_carry_their_own_time() -> None:
    """A meter's uplink that was kept back still says when it was read."""
    late = [
        each.due_us - each.time_us
        for each in emissions(replace(CALM, late_share=1.0, late_s=7200.0))
        if each.time_us is not None
    ]

    assert max(late) > 3600 * 10**6


def test_ports_change_on_the_way() -> None:
    """A device's uplinks come from one source port after another."""
    bindings = [
        each.binding for each in emissions(replace(CALM, rebound_every=2)) if "lamp-000001" in each.device
    ]

    assert bindings == sorted(bindings)
    assert bindings[-1] - bindings[0] > len(bindings) / 4


def test_meters_show_their_drift() -> None:
    """A meter whose clock runs fast or slow says so in its frames and in its truth of time."""
    drifting = replace(CALM, drift_ppm=2000.0)
    errors_us = {each.device: each.time_us - each.due_us for each in emissions(drifting) if each.time_us}
    whole = [error_us for error_us in errors_us.values() if error_us % 10**6]

    assert (whole, max(errors_us.values()) > 10**7, min(errors_us.values()) < -(10**7)) == ([], True, True)


@pytest.mark.parametrize("name", sorted(RADIOS))
def test_each_uplink_knows_its_radio(name: str) -> None:
    """Every uplink over a radio carries power, quality, level, cell and counter."""
    assert all(each.radio is not None for each in emissions(RADIOS[name], devices=9))
