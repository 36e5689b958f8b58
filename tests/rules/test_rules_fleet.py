"""The rules on the registry itself, instead of columns made for a test."""

from io import BytesIO
from pathlib import Path

import pytest

from narrowgate_fleet import Fleet, Registry, import_csv
from narrowgate_rules import RULES, Engine
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, Row, Tick, hear

CSV = b"""device,profile,asset,role,lat,lon,stay_limit,rated_w,q3_m3_per_h,register_step_m3
bay-1,parking,B1,bay,28.26,117.07,mon 00:00-12:00 1h,,,
lamp-1,lighting,L1,lamp,28.26,117.07,,100,,
meter-1,water,M1,customer,28.26,117.07,,,10,0.001
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Give a registry of one device a family."""
    with Registry(tmp_path) as registry:
        imported = import_csv(registry, BytesIO(CSV), {family.value: family.value for family in Family})
        assert not imported.faults
    return Fleet.load(tmp_path / "registry")


def test_limit_and_asset_of_the_registry(fleet: Fleet) -> None:
    """An overstay is held against the registry's limit and names the asset."""
    course: list[Row | Tick] = [
        Row(1, "bay-1", MONDAY_US, {"occupied": True}),
        Tick(2, MONDAY_US + 2 * HOUR_US),
    ]

    (finding,) = hear(Engine(RULES), Family.PARKING, course, fleet).findings

    assert (finding["raised_at"], finding["asset"]) == (MONDAY_US + HOUR_US, "B1")


def test_place_and_power_of_the_registry(fleet: Fleet) -> None:
    """A lamp of 100 W that draws 9 W at night is out; where it stands tells when it is night."""
    night_us = MONDAY_US + 12 * HOUR_US
    dark = [
        Row(n, "lamp-1", night_us + n * 10 * MINUTE_US, {"power_w": 9.0, "voltage_v": 220.0}) for n in (0, 1)
    ]

    assert [("lamp-1", night_us + 10 * MINUTE_US, None)] == hear(
        Engine(RULES), Family.LIGHTING, dark, fleet
    ).episodes()


def test_meter_of_the_registry(fleet: Fleet) -> None:
    """13 L/h is no leak at the registry's Q3 of 10."""
    rows = [Row(n, "meter-1", MONDAY_US + n * HOUR_US, {"volume_m3": 1 + n * 0.013}) for n in range(30)]

    assert hear(Engine(RULES), Family.WATER, rows, fleet).findings == []


def test_device_that_the_registry_does_not_know(fleet: Fleet) -> None:
    """An unknown meter is judged with the defaults and names no asset."""
    rows = [Row(n, "stranger", MONDAY_US + n * HOUR_US, {"volume_m3": 1 + n * 0.013}) for n in range(25)]

    assert [row["asset"] for row in hear(Engine(RULES), Family.WATER, rows, fleet).findings] == [None]
