"""What the desk is told of findings: groups, members held back, what flaps, what is shelved."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from causes_city import Arrival, Heard, Places, Said, causes_of, tell
from narrowgate_rules import GROUP_RULES, RULES, Engine
from narrowgate_rules.causes import Shelf
from narrowgate_schema.words import Family
from rules_rows import HOUR_US, MINUTE_US, MONDAY_US, SECOND_US, Row, Tick, readings, ticks

LAMPS = tuple(f"lamp-{n}" for n in range(10))
ROAD = Places(LAMPS, {"feeder": ["F1"] * 5 + ["F2"] * 5, "cell": ["C1"] * 10}, [300.0] * 10)


def _ticks(first_frame: int, from_min: int, to_min: int) -> list[Arrival]:
    """Give a tick a minute."""
    minutes = range(from_min, to_min)
    return [Tick(first_frame + n, MONDAY_US + minute * MINUTE_US) for n, minute in enumerate(minutes)]


def _dark(frame: int, lamp: int, at_min: float, until_min: float | None = None) -> Said:
    raised_us = MONDAY_US + round(at_min * MINUTE_US)
    until_us = None if until_min is None else MONDAY_US + round(until_min * MINUTE_US)
    version = 1 if until_us is None else 2
    return Said(frame, "supply_loss", LAMPS[lamp], raised_us, version, raised_us, until_us)


def _heard(frame: int, lamps: range, at_min: float) -> list[Arrival]:
    return [
        Heard(frame + n, LAMPS[lamp], MONDAY_US + round(at_min * MINUTE_US)) for n, lamp in enumerate(lamps)
    ]


FEEDER_DARK: list[Arrival] = [
    *_heard(0, range(10), 0),
    *(_dark(10 + lamp, lamp, 1) for lamp in range(5)),
    *_heard(20, range(5, 10), 3),
    *_ticks(30, 2, 20),
]


def test_a_dark_feeder_is_one_cause() -> None:
    """Five lamps without supply on one feeder are one cause that names them."""
    assert tell(causes_of(), FEEDER_DARK, ROAD).standing() == {("feeder_out", "F1", LAMPS[:5])}


def test_members_do_not_come_first() -> None:
    """The desk never hears of a member before it hears of the group."""
    assert {row["rule"] for row in tell(causes_of(), FEEDER_DARK, ROAD).causes} == {"feeder_out"}


def test_members_are_told_if_they_still_fail() -> None:
    """When the feeder is back, a lamp that stays dark becomes a cause of its own."""
    back = [_dark(60 + lamp, lamp, 1, 25) for lamp in range(4)]

    told = tell(causes_of(), [*FEEDER_DARK, *back, *_ticks(70, 26, 50)], ROAD)

    assert told.standing() == {("supply_loss", LAMPS[4], ())}


def test_a_group_is_over_when_its_last_member_came_back() -> None:
    """A group's end is the recovery that decided, not the tick that noticed."""
    back = [_dark(60 + lamp, lamp, 1, 25 + lamp) for lamp in range(5)]

    told = tell(causes_of(), [*FEEDER_DARK, *back, *_ticks(70, 32, 40)], ROAD)

    assert told.causes[-1]["cleared_at"] == MONDAY_US + 29 * MINUTE_US


@pytest.mark.parametrize(("dark", "rule"), [(3, "feeder_out"), (2, "supply_loss")])
def test_three_at_least_and_sixty_per_cent(dark: int, rule: str) -> None:
    """Three lamps of five are a dark feeder, two are two dark lamps."""
    arrivals = [
        *_heard(0, range(10), 0),
        *(_dark(10 + lamp, lamp, 1) for lamp in range(dark)),
        *_heard(20, range(dark, 10), 3),
        *_ticks(40, 2, 20),
    ]

    assert {row["rule"] for row in tell(causes_of(), arrivals, ROAD).causes} == {rule}


@pytest.mark.parametrize("share_pct", [100.0, 60.0, 20.0])
def test_a_group_is_over_once(share_pct: float) -> None:
    """Whatever share makes a group, it stands while its lamps return, ends with the last and stays so."""
    back = [_dark(60 + lamp, lamp, 1, 25) for lamp in range(5)]
    causes = causes_of(feeder_out={"share_pct": share_pct})

    told = tell(causes, [*FEEDER_DARK, *back, *_ticks(70, 26, 50)], ROAD)

    assert [row["state"] for row in told.groups] == ["raised", "cleared"]


def test_a_small_share_makes_one_group() -> None:
    """Of a share under a half a group does not end, to begin anew, while that share fails."""
    back = [_dark(60, 0, 1, 25), _dark(61, 1, 1, 25), *_heard(62, range(2), 25)]
    causes = causes_of(feeder_out={"share_pct": 20.0})

    told = tell(causes, [*FEEDER_DARK, *back, *_ticks(70, 26, 50)], ROAD)

    assert [row["state"] for row in told.groups] == ["raised"]


@pytest.mark.parametrize("dark", [1, 2])
def test_a_group_of_two(dark: int) -> None:
    """Two may be a group if the city says so: both dark are one cause, one of them is a lone fault."""
    places = Places(LAMPS[:2], {"feeder": ["F1"] * 2}, [300.0] * 2)
    arrivals = [
        *_heard(0, range(2), 0),
        *(_dark(10 + lamp, lamp, 1) for lamp in range(dark)),
        *_heard(20, range(dark, 2), 3),
        *_ticks(30, 2, 20),
    ]

    told = tell(causes_of(feeder_out={"least": 2.0}), arrivals, places)

    assert [row["rule"] for row in told.causes] == ["supply_loss" if dark == 1 else "feeder_out"]


def test_a_group_after_an_hour_without_ticks() -> None:
    """However late time is told, the group comes to the desk and its members do not."""
    told = tell(causes_of(), [*FEEDER_DARK[:15], *_ticks(30, 61, 80)], ROAD)

    assert {row["rule"] for row in told.causes} == {"feeder_out"}


class _Moving(Places):
    """The first lamp stands at a further place, behind the others, from an hour on."""

    def asset_rows_at(self, slots: NDArray[np.int32], times_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the asset rows."""
        moved = (slots == 0) & (times_us >= MONDAY_US + HOUR_US)
        return np.where(moved, len(self.devices), slots).astype(np.int32)


@pytest.mark.parametrize("feeder", ["F2", None])
def test_a_member_that_moves_is_let_go(feeder: str | None) -> None:
    """A lamp that is put to another feeder, or to none, while its own is dark becomes its own cause."""
    places = _Moving(LAMPS, {"feeder": [*ROAD.groups["feeder"], feeder]}, ROAD.every_s)
    stirs = Said(90, "day_burner", LAMPS[9], MONDAY_US, 1, MONDAY_US, None)

    told = tell(causes_of(), [*FEEDER_DARK, stirs, *_ticks(91, 60, 80)], places)

    expected = {("feeder_out", "F1", LAMPS[:5]), ("supply_loss", LAMPS[0], ()), ("day_burner", LAMPS[9], ())}
    assert told.standing() == expected


def test_a_rule_of_another_version_leaves_no_member_behind() -> None:
    """What a rule found that began anew since holds no group: nobody would ever say that it is over."""
    supply_loss = next(rule for rule in RULES if rule.name == "supply_loss")
    engine = Engine([supply_loss], groups=GROUP_RULES)
    dark = [
        Row(10 * at_min + lamp, LAMPS[lamp], MONDAY_US + at_min * MINUTE_US, {"supply_loss": at_min > 0})
        for at_min in range(3)
        for lamp in range(5)
    ]
    judged = engine.judge(
        {Family.LIGHTING: readings(Family.LIGHTING, dark)}, ticks([Tick(30, MONDAY_US + 3 * MINUTE_US)]), ROAD
    )
    newer = Engine([dataclasses.replace(supply_loss, version=supply_loss.version + 1)], groups=GROUP_RULES)
    newer.restore(engine.snapshot())
    later = newer.judge({}, ticks([Tick(31, MONDAY_US + 4 * MINUTE_US)]), ROAD)

    assert judged.findings["rule"].to_pylist()[-1] == "feeder_out"
    assert later.findings["rule"].to_pylist() == ["feeder_out"]
    assert later.findings["state"].to_pylist() == ["cleared"]


def test_a_lone_fault_waits_for_the_window() -> None:
    """A finding that a group might explain is told five minutes after it was raised, if it is none."""
    arrivals = [*_heard(0, range(10), 0), _dark(10, 0, 1), *_heard(20, range(1, 10), 3), *_ticks(40, 2, 20)]

    (told,) = tell(causes_of(), arrivals, ROAD).causes

    assert told["frame"] == 40 + 6 - 2


def test_a_lone_fault_waits_until_the_others_were_due() -> None:
    """While nobody else was heard since, a finding waits one report of its own."""
    places = Places(LAMPS, ROAD.groups, [900.0] * 10)
    arrivals = [*_heard(0, range(10), 0), _dark(10, 0, 1), *_ticks(40, 2, 30)]

    (told,) = tell(causes_of(), arrivals, places).causes

    assert told["frame"] == 40 + 16 - 2


def test_who_was_not_due_counts_for_nobody() -> None:
    """Lamps of a daily rhythm that were not heard since do not keep their feeder from being out."""
    places = Places(LAMPS, {"feeder": ["F1"] * 10}, [300.0] * 3 + [86400.0] * 7)
    arrivals = [
        *_heard(0, range(10), 0),
        *(_dark(10 + lamp, lamp, 1) for lamp in range(3)),
        *_ticks(40, 2, 20),
    ]

    assert tell(causes_of(), arrivals, places).standing() == {("feeder_out", "F1", LAMPS[:3])}


def test_a_silent_cell_goes_before_its_feeders() -> None:
    """When all lamps of a cell fall silent, its feeders are no causes."""
    silent_us = 15 * MINUTE_US
    fallen = [
        Said(20 + n, "lamp_silent", lamp, at_us, 1, at_us, None, silent_us=silent_us)
        for n, lamp in enumerate(LAMPS)
        for at_us in [MONDAY_US + silent_us + n * 20 * SECOND_US]
    ]
    arrivals = [*_heard(0, range(10), 0), *fallen, *_ticks(40, 16, 40)]

    assert tell(causes_of(), arrivals, ROAD).standing() == {("cell_silent", "C1", LAMPS)}


def test_a_case_that_was_open_joins_the_group() -> None:
    """A member that the desk knows already is told as inhibited, with the group's finding."""
    arrivals = [
        *_heard(0, range(10), 0),
        _dark(10, 0, 1),
        *_heard(11, range(1, 10), 3),
        *_ticks(30, 2, 8),
        *(_dark(40 + lamp, lamp, 6) for lamp in range(1, 5)),
        *_heard(50, range(5, 10), 9),
        *_ticks(60, 9, 30),
    ]

    told = tell(causes_of(), arrivals, ROAD)

    group = next(row for row in told.causes if row["rule"] == "feeder_out")
    (joined,) = (row for row in told.causes if row["state"] == "inhibited")
    assert (joined["device"], group["finding"] in joined["evidence"]) == (LAMPS[0], True)


def test_safety_is_never_held_back() -> None:
    """A leak of current comes to the desk with its own frame."""
    leak = Said(10, "leakage", LAMPS[0], MONDAY_US, 1, MONDAY_US, None, "safety")

    assert [row["frame"] for row in tell(causes_of(), [leak], ROAD).causes] == [10]


def _flaps(times: int, every_min: int) -> list[Arrival]:
    arrivals: list[Arrival] = []
    for n in range(times):
        arrivals += [_dark(20 * n, 9, n * every_min), *_ticks(20 * n + 1, n * every_min, n * every_min + 1)]
        arrivals.append(_dark(20 * n + 10, 9, n * every_min, n * every_min + 2))
    return arrivals


def test_flapping_is_told_when_it_stands() -> None:
    """What was raised three times within an hour is told only once it has stood for an hour."""
    arrivals = [*_flaps(4, 4), *_heard(900, range(9), 17), _dark(1000, 9, 16), *_ticks(1001, 17, 90)]

    (told,) = tell(causes_of(), arrivals, ROAD).causes

    assert told["frame"] == 1001 + 76 - 17


def test_what_returns_soon_waits_for_the_gap() -> None:
    """An episode of the same kind within ten minutes of the last one waits until they have passed."""
    alone = Places(LAMPS)
    arrivals: list[Arrival] = [_dark(0, 0, 0), _dark(1, 0, 0, 3), _dark(2, 0, 5), *_ticks(3, 6, 20)]

    told = tell(causes_of(), arrivals, alone).causes

    assert [row["frame"] for row in told] == [0, 1, 3 + 13 - 6]


@pytest.mark.parametrize("shelf", [Shelf("supply_loss", "", 1), Shelf("", LAMPS[0], 1)])
def test_what_is_shelved_is_told_afterwards(shelf: Shelf) -> None:
    """A shelved finding comes to the desk when its shelf ends, if it still stands."""
    until = Shelf(shelf.rule, shelf.device, MONDAY_US + 30 * MINUTE_US)
    arrivals: list[Arrival] = [*_ticks(0, 0, 1), _dark(1, 0, 1), *_ticks(2, 2, 60)]

    (told,) = tell(causes_of((until,)), arrivals, Places(LAMPS)).causes

    assert told["frame"] == 2 + 30 - 2


def test_a_shelf_for_everything_is_refused() -> None:
    """A shelf names a rule, a device or both."""
    with pytest.raises(ValueError, match="names a rule"):
        Shelf("", "", HOUR_US)
