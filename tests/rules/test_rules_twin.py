"""The rules against their plain twins, and any batch split against one batch."""

import numpy as np
from hypothesis import given, settings

import rules_twin
from narrowgate_fleet.sun import solar_elevation_deg
from narrowgate_rules import CONTINUOUS_LEAK, LAMP_OUT, OVERSTAY, RULES, Engine
from narrowgate_schema.words import Family
from rules_arrivals import CUTS, busy_bay, fine_water, lighting, parking, water
from rules_rows import NOWHERE, Arrival, Columns, Heard, hear, hear_in_parts

LAMPS = Columns(
    ("a", "b"), {"rated_w": [100.0, 100.0]}, {"lat": [28.26, float("nan")], "lon": [117.07, float("nan")]}
)
LIMIT_S = 7200.0


def bays(limit_s: float | None = LIMIT_S, delay_s: float = 30.0) -> Engine:
    """Give an engine that judges bays."""
    return Engine([OVERSTAY], {"overstay": {"default_limit_s": limit_s, "delay_s": delay_s}})


def all_rules() -> Engine:
    """Give an engine with all rules."""
    return Engine(RULES, {"overstay": {"default_limit_s": LIMIT_S}})


def said(heard: Heard) -> list[rules_twin.Version]:
    """Give what the twins give."""
    names = ("device", "version", "state", "raised_at", "cleared_at", "frame")
    rows: list[rules_twin.Version] = [tuple(row[name] for name in names) for row in heard.findings]
    return rows


def stays(heard: Heard) -> list[tuple[int, str, int, int, int | None]]:
    """Give the stays as the twin gives them."""
    return [
        (row["frame"], row["device"], row["arrived_at"], row["version"], row["departed_at"])
        for row in heard.sessions
    ]


@given(water())
@settings(deadline=None)
def test_leak_twin(arrivals: list[Arrival]) -> None:
    """The leak rule finds what its definition, read row by row, finds."""
    assert rules_twin.continuous_leak(arrivals) == said(
        hear(Engine([CONTINUOUS_LEAK]), Family.WATER, arrivals)
    )


@given(water())
@settings(deadline=None)
def test_leak_twin_without_a_floor(arrivals: list[Arrival]) -> None:
    """A floor of 0 % still wants one register step an hour."""
    engine = Engine([CONTINUOUS_LEAK], {"continuous_leak": {"floor_share_pct": 0.0}})

    assert rules_twin.continuous_leak(arrivals, share_pct=0.0) == said(hear(engine, Family.WATER, arrivals))


@given(fine_water())
@settings(deadline=None)
def test_leak_twin_of_fine_readings(arrivals: list[Arrival]) -> None:
    """A dry hour counts wherever it lies among readings finer than an hour."""
    assert rules_twin.continuous_leak(arrivals) == said(
        hear(Engine([CONTINUOUS_LEAK]), Family.WATER, arrivals)
    )


def _level_by_sun_pct(time_us: int) -> float | None:
    elevation_deg = float(solar_elevation_deg(np.array([time_us]), np.array([28.26]), np.array([117.07]))[0])
    return 100.0 if elevation_deg < -6.0 else 0.0 if elevation_deg > 0.0 else None


@given(lighting())
@settings(deadline=None)
def test_lamp_twin(arrivals: list[Arrival]) -> None:
    """The lamp rule finds what its definition, read row by row, finds."""
    placed = [arrival for arrival in arrivals if getattr(arrival, "device", "") == "a"]
    placeless = [arrival for arrival in arrivals if getattr(arrival, "device", "") == "b"]
    expected = [
        *rules_twin.lamp_out(placed, least_w=10.0, level_by_sun_pct=_level_by_sun_pct),
        *rules_twin.lamp_out(placeless, least_w=10.0, level_by_sun_pct=lambda _: None),
    ]

    heard = hear(Engine([LAMP_OUT]), Family.LIGHTING, arrivals, LAMPS)

    assert sorted(expected, key=lambda row: (row[5], row[0])) == said(heard)


@given(parking())
@settings(deadline=None, max_examples=200)
def test_overstay_twin(arrivals: list[Arrival]) -> None:
    """The overstay rule finds what its definition, thought through anew at every row and tick, finds."""
    twin = rules_twin.Overstays(LIMIT_S).hear(arrivals)

    heard = hear(bays(), Family.PARKING, arrivals)

    assert (rules_twin.sorted_versions(twin.findings), sorted(twin.stays, key=_stay_order)) == (
        said(heard),
        stays(heard),
    )


@given(parking())
@settings(deadline=None, max_examples=60)
def test_overstay_twin_of_severity(arrivals: list[Arrival]) -> None:
    """Major are the versions that the definition tells of stays of twice the limit, and no others."""
    twin = rules_twin.Overstays(LIMIT_S).hear(arrivals)

    heard = hear(bays(), Family.PARKING, arrivals)

    major = {
        (row["device"], row["raised_at"], row["version"])
        for row in heard.findings
        if row["severity"] == "major"
    }
    assert twin.worse == major


def _stay_order(stay: tuple[int, str, int, int, int | None]) -> tuple[int, str, int, int]:
    return stay[:4]


@given(busy_bay())
@settings(deadline=None, max_examples=60)
def test_overstay_twin_of_a_full_history(arrivals: list[Arrival]) -> None:
    """A history that is full forgets its oldest run and judges the others as before."""
    twin = rules_twin.Overstays(600.0).hear(arrivals)

    heard = hear(bays(600.0), Family.PARKING, arrivals)

    assert rules_twin.sorted_versions(twin.findings) == said(heard)


@given(parking(30))
@settings(deadline=None)
def test_overstay_twin_without_limit_or_delay(arrivals: list[Arrival]) -> None:
    """A limit and a delay of 0 are thresholds like any other: every stay is an overstay."""
    twin = rules_twin.Overstays(0.0, 0.0).hear(arrivals)

    assert rules_twin.sorted_versions(twin.findings) == said(hear(bays(0.0, 0.0), Family.PARKING, arrivals))


@given(parking(), CUTS)
@settings(deadline=None, max_examples=60)
def test_overstay_splits(arrivals: list[Arrival], cuts: list[int]) -> None:
    """Overstays and stays do not depend on where batches end or the engine is restored."""
    whole = hear(all_rules(), Family.PARKING, arrivals)

    parts = hear_in_parts(all_rules, Family.PARKING, arrivals, NOWHERE, cuts)

    assert (whole.findings, whole.sessions, whole.late) == (parts.findings, parts.sessions, parts.late)


@given(busy_bay(), CUTS)
@settings(deadline=None, max_examples=30)
def test_overstay_splits_of_a_full_history(arrivals: list[Arrival], cuts: list[int]) -> None:
    """A full history does not depend on where batches end or the engine is restored."""
    whole = hear(all_rules(), Family.PARKING, arrivals)

    parts = hear_in_parts(all_rules, Family.PARKING, arrivals, NOWHERE, cuts)

    assert (whole.findings, whole.sessions) == (parts.findings, parts.sessions)


@given(water(), CUTS)
@settings(deadline=None, max_examples=60)
def test_leak_splits(arrivals: list[Arrival], cuts: list[int]) -> None:
    """Leaks do not depend on where batches end or the engine is restored."""
    whole = hear(all_rules(), Family.WATER, arrivals)

    parts = hear_in_parts(all_rules, Family.WATER, arrivals, NOWHERE, cuts)

    assert (whole.findings, whole.late) == (parts.findings, parts.late)


@given(fine_water(), CUTS)
@settings(deadline=None, max_examples=60)
def test_leak_splits_of_fine_readings(arrivals: list[Arrival], cuts: list[int]) -> None:
    """An hour that lies across the end of a batch or a restart is the same hour."""
    whole = hear(all_rules(), Family.WATER, arrivals)

    parts = hear_in_parts(all_rules, Family.WATER, arrivals, NOWHERE, cuts)

    assert (whole.findings, whole.late) == (parts.findings, parts.late)


@given(lighting(), CUTS)
@settings(deadline=None, max_examples=60)
def test_lamp_splits(arrivals: list[Arrival], cuts: list[int]) -> None:
    """Lamps out do not depend on where batches end or the engine is restored."""
    whole = hear(all_rules(), Family.LIGHTING, arrivals, LAMPS)

    parts = hear_in_parts(all_rules, Family.LIGHTING, arrivals, LAMPS, cuts)

    assert (whole.findings, whole.late) == (parts.findings, parts.late)
