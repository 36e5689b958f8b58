"""Assignments over time: moves, swaps, corrections, and what would overwrite history."""

import pytest

from narrowgate_fleet.cells import ALWAYS_US, OPEN_US
from narrowgate_fleet.spells import Restated, Said, Spell, restate

AT_A = Spell("w1", "A", ALWAYS_US, OPEN_US)


def after(spells: set[Spell], restated: Restated) -> set[Spell]:
    """Give the spells that stand once the change is made."""
    return (spells - restated.removed) | restated.added


def test_a_device_that_moves_leaves_its_old_asset_when_it_comes_to_the_new_one() -> None:
    """The old assignment ends at the new one's valid_from."""
    found = restate([AT_A], [Said(2, "w1", "B", 100, OPEN_US)])

    assert {Spell("w1", "A", ALWAYS_US, 100), Spell("w1", "B", 100, OPEN_US)} == after({AT_A}, found)


def test_a_device_that_is_swapped_leaves_its_asset_to_its_successor() -> None:
    """The old meter's assignment ends when the new one is built in."""
    found = restate([AT_A], [Said(2, "w2", "A", 100, OPEN_US)])

    assert {Spell("w1", "A", ALWAYS_US, 100), Spell("w2", "A", 100, OPEN_US)} == after({AT_A}, found)


def test_a_row_without_valid_from_agrees_with_where_the_device_is() -> None:
    """A plain row says again that a device is at its asset, since whenever it came there."""
    moved = {Spell("w1", "A", ALWAYS_US, 100), Spell("w1", "B", 100, OPEN_US)}
    found = restate(moved, [Said(2, "w1", "B", ALWAYS_US, OPEN_US)])

    assert found == Restated(set(), set(), [])


def test_the_same_valid_from_with_another_asset_is_a_correction() -> None:
    """The wrong assignment gives way as if it had never been."""
    found = restate([AT_A], [Said(2, "w1", "B", ALWAYS_US, OPEN_US)])

    assert {Spell("w1", "B", ALWAYS_US, OPEN_US)} == after({AT_A}, found)


def test_a_row_without_asset_ends_an_assignment() -> None:
    """From its valid_from on the device serves nothing."""
    found = restate([AT_A], [Said(2, "w1", None, 100, OPEN_US)])

    assert {Spell("w1", "A", ALWAYS_US, 100)} == after({AT_A}, found)


def test_the_rows_of_one_device_may_tell_its_history_in_any_order() -> None:
    """An open row ends where the device's next row begins."""
    said = [Said(2, "w1", "B", 100, OPEN_US), Said(3, "w1", "A", ALWAYS_US, OPEN_US)]
    found = restate([], said)

    assert {Spell("w1", "A", ALWAYS_US, 100), Spell("w1", "B", 100, OPEN_US)} == found.added


@pytest.mark.parametrize(
    "said",
    [
        [Said(2, "w1", "B", 100, OPEN_US), Said(3, "w1", "A", ALWAYS_US, OPEN_US)],
        [Said(2, "w1", "A", ALWAYS_US, OPEN_US), Said(3, "w2", "A", 100, OPEN_US)],
        [Said(2, "w1", None, 100, OPEN_US)],
        [Said(2, "w1", "B", 50, 100), Said(3, "w1", "A", 100, 200)],
    ],
)
def test_saying_the_same_again_changes_nothing(said: list[Said]) -> None:
    """What was taken once is found unchanged the second time."""
    once = after({AT_A}, restate([AT_A], said))

    assert restate(once, said) == Restated(set(), set(), [])


@pytest.mark.parametrize(
    "said",
    [
        Said(2, "w1", "C", 50, OPEN_US),
        Said(2, "w1", "A", ALWAYS_US, OPEN_US),
        Said(2, "w2", "B", ALWAYS_US, OPEN_US),
        Said(2, "w2", "A", 50, 150),
    ],
)
def test_history_is_not_overwritten(said: Said) -> None:
    """A row that would cover what was true then is a fault, and changes nothing."""
    history = {Spell("w1", "A", ALWAYS_US, 100), Spell("w1", "B", 100, OPEN_US)}
    found = restate(history, [said])

    assert [(fault.line, fault.column) for fault in found.faults] == [(2, "valid_from")]
