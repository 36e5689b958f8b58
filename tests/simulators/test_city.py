"""A city's frames are a pure function of its arguments."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate_codecs import PROFILES
from narrowgate_fleet import Fleet, Registry, import_csv
from narrowgate_simulators import City, Emission
from plain_district import HOUR_US, START_US


def emissions(city: City, step_s: int = 300) -> list[Emission]:
    """Give all emissions in order."""
    return [emission for step in city.steps(step_s) for emission in step.emissions]


def test_same_seed_same_bytes() -> None:
    """Two cities of one seed send the same bytes in the same order."""
    assert emissions(City(7, 60, START_US, 6)) == emissions(City(7, 60, START_US, 6))


def test_other_seed_other_bytes() -> None:
    """Another seed is another city."""
    assert emissions(City(1, 30, START_US, 3)) != emissions(City(2, 30, START_US, 3))


@settings(max_examples=12, deadline=None)
@given(step_s=st.integers(20, 600), seed=st.integers(0, 2**63))
def test_steps_only_cut(step_s: int, seed: int) -> None:
    """The size of the steps changes neither the emissions nor their order."""
    city = City(seed, 12, START_US, 2)

    assert emissions(city, step_s) == emissions(city, 300)


def test_step_holds_what_is_due() -> None:
    """A step holds what is due after the instant before it and not after its own."""
    city, before_us = City(3, 90, START_US, 4), START_US
    outside = []
    for step in city.steps(300):
        outside += [due for due in step.emissions if not before_us < due.due_us <= step.instant_us]
        before_us = step.instant_us

    assert (outside, before_us) == ([], START_US + 4 * HOUR_US)


def test_longest_step_dates_apart() -> None:
    """No device sends twice in the longest step, so each state gets its own date."""
    doubled = [
        step.instant_us
        for step in City(5, 150, START_US, 30).steps(600)
        if len({emission.device for emission in step.emissions}) < len(step.emissions)
    ]

    assert doubled == []


def test_sequence_counts_from_one() -> None:
    """Each device counts its own uplinks from 1 without a gap."""
    counts: dict[str, list[int]] = {}
    for emission in emissions(City(4, 45, START_US, 9)):
        counts.setdefault(emission.device, []).append(emission.sequence)

    assert all(count == list(range(1, len(count) + 1)) for count in counts.values())


def test_meter_shows_local_time() -> None:
    """A meter's frame carries the city's local clock, which time_us says in UTC."""
    meter = next(due for due in emissions(City(1, 3, START_US, 2)) if due.time_us is not None)
    assert meter.time_us is not None
    local = datetime.fromtimestamp(meter.time_us / 1e6, UTC) + timedelta(hours=8)

    assert meter.payload[24:31] == bytes.fromhex(local.strftime("%S%M%H%d%m%Y"))[:5] + bytes.fromhex(
        f"{local.year % 100:02d}{local.year // 100}"
    )


def test_empty_city_is_legal() -> None:
    """A city without devices lives through its steps in silence."""
    city = City(1, 0, START_US, 1)

    assert ([step.emissions for step in city.steps(600)], city.truth) == ([[]] * 6, ())


def test_fleet_file_is_a_registry(tmp_path: Path) -> None:
    """The registry takes the city's CSV without a fault."""
    city = City(1, 100, START_US, 1)
    city.write_fleet(tmp_path / "fleet.csv")
    families = {name: str(profile.family) for name, profile in PROFILES.items()}
    with Registry(tmp_path) as registry, (tmp_path / "fleet.csv").open("rb") as file:
        imported = import_csv(registry, file, families)
    slots = Fleet.load(tmp_path / "registry").slots(city.devices)

    assert (len(imported.faults), int(slots.min())) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"devices": -1}, "devices"),
        ({"devices": 1_000_000}, "devices"),
        ({"hours": 0}, "hours"),
        ({"hours": float("nan")}, "hours"),
        ({"start_us": 0}, "start_us"),
        ({"start_us": START_US + 1}, "start_us"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "../etc"}, "timezone"),
        ({"path": "up"}, "path"),
        ({"path": "nb//{device}"}, "path"),
    ],
)
def test_misuse_is_named(arguments: dict[str, object], word: str) -> None:
    """A wrong argument is refused by its name."""
    right = {"seed": 1, "devices": 3, "start_us": START_US, "hours": 1}
    with pytest.raises(ValueError, match=word):
        City(**(right | arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize("step_s", [0, 601])
def test_step_is_bounded(step_s: int) -> None:
    """A step of no time, or one that dates two states alike, is refused."""
    with pytest.raises(ValueError, match="step_s"):
        City(1, 3, START_US, 1).steps(step_s)
