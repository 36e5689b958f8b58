"""One order for many devices: who is meant, how far it has come, and who has not done it and why."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from commands_waiting import S, Stand
from fleet_rows import csv_text, fleet_of, take
from narrowgate_fleet.command_groups import (
    GroupOrder,
    confirmed,
    forget_device,
    groups,
    note_group,
    note_misfits,
    stragglers,
    under_way,
)
from narrowgate_fleet.selection import Selection
from narrowgate_schema.commands import Command, CommandKind, LampCalendar, LampLevel

_LAMPS = csv_text(
    "device,profile,asset,feeder,cell,road_class,tenant,state",
    "lamp-1,huati_nb_v1,pole-1,12,cell-1,arterial,north,active",
    "lamp-2,huati_nb_v1,pole-2,12,cell-2,branch,north,active",
    "lamp-3,huati_nb_v1,pole-3,13,cell-1,branch,south,active",
    "lamp-4,huati_nb_v1,pole-4,12,cell-1,arterial,north,suspended",
    "lamp-5,huati_nb_v1,,,,,north,active",
)
_HALF = LampLevel(40)
_FEEDER = Selection.of({"feeder": ["12"]})


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Give an empty queue."""
    made = Stand.at(tmp_path)
    yield made
    made.close()


def _order(command: Command = _HALF) -> GroupOrder:
    return GroupOrder("G", _FEEDER, command, 5 * S, "user:ann", S, 3)


def _put(stand: Stand, members: Sequence[str], misfits: Sequence[tuple[str, str]] = ()) -> None:
    with stand.queue.file.writing() as connection:
        note_group(connection, _order())
        note_misfits(connection, "G", [device for device, _ in misfits], misfits)
    for device in members:
        stand.put(LampLevel(40), S, device=device, group="G")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["feeder=12"], ["lamp-1", "lamp-2"]),
        (["feeder=12,13", "cell=cell-1"], ["lamp-1", "lamp-3"]),
        (["tenant=north"], ["lamp-1", "lamp-2", "lamp-5"]),
        (["road_class=branch", "tenant=south"], ["lamp-3"]),
        (["device=lamp-4"], []),
        (["feeder=None"], []),
    ],
)
def test_a_selection_is_columns_of_the_registry(
    tmp_path: Path, asked: list[str], expected: list[str]
) -> None:
    """Devices in use are meant that have one of the values in each column, of theirs and of their place."""
    take(tmp_path, _LAMPS)
    fleet = fleet_of(tmp_path)

    slots = Selection.parse(asked).slots(fleet, S)

    assert sorted(fleet.device(int(slot)) for slot in slots) == expected


@pytest.mark.parametrize("asked", [[], ["feeder"], ["feeder="], ["lat=3"], ["feeder=1", "feeder=2"]])
def test_what_is_no_selection_is_refused(asked: list[str]) -> None:
    """Everything at once, an unknown column or one without a value is no selection."""
    with pytest.raises(ValueError, match=r"column|COLUMN|at least one|possible"):
        Selection.parse(asked)


def test_progress_is_counted_from_the_members(stand: Stand) -> None:
    """A group says how many were meant, cannot be told, have done it and are still open."""
    _put(stand, ["a", "b", "c"], [("d", "knows no level")])
    stand.sent("a", 2 * S)
    stand.hear(True, 3 * S, "a")
    stand.sent("b", 2 * S)
    with stand.queue.file.looking() as connection:
        (group,) = groups(connection)

    assert (group.meant, group.misfits, group.done, group.still_open) == (3, 1, 1, 2)
    assert {state: n for state, n in group.states.items() if n} == {"SUCCESSFUL": 1, "SENT": 1, "PENDING": 1}


def test_who_has_not_done_it_is_listed_with_the_reason(stand: Stand) -> None:
    """Who waits, who failed and who cannot be told are listed by name with the reason."""
    _put(stand, ["a", "b", "c"], [("aa", "knows no level")])
    stand.sent("a", 2 * S)
    stand.hear(True, 3 * S, "a")
    stand.sent("b", 2 * S)
    stand.hear(False, 3 * S, "b")
    with stand.queue.file.looking() as connection:
        found = stragglers(connection, "G")
        rest = stragglers(connection, "G", after="b")

    assert [(one.device, one.state, one.reason) for one in found] == [
        ("aa", None, None),
        ("b", "FAILED", "not_carried_out"),
        ("c", "PENDING", "put"),
    ]
    assert (found[0].detail, [one.device for one in rest]) == ("knows no level", ["c"])


def test_an_order_is_written_once(stand: Stand) -> None:
    """The same order under the same name is the one of then; another one is refused."""
    with stand.queue.file.writing() as connection:
        assert [note_group(connection, _order()), note_group(connection, _order())] == [True, False]
        with pytest.raises(ValueError, match="group 'G' is another order, by user:ann"):
            note_group(connection, _order(command=LampLevel(60)))


def test_what_a_device_took_is_remembered(stand: Stand) -> None:
    """The last calendar that a device confirmed is known, and what is on its way."""
    first, second = LampCalendar(1.0, 2.0), LampCalendar(3.0, 4.0)
    stand.put(first, S)
    stand.sent(now_us=2 * S)
    stand.hear(True, 3 * S)
    stand.put(second, 4 * S)
    kinds, key = [CommandKind.LAMP_CALENDAR], ("lamp-1", "lamp_calendar", "")
    with stand.queue.file.writing() as connection:
        took, comes = confirmed(connection, kinds), under_way(connection, kinds)
        forget_device(connection, "lamp-1")
        left = confirmed(connection, kinds)

    assert ('"latitude_deg": 1.0' in took[key], '"latitude_deg": 3.0' in comes[key], left) == (True, True, {})


def test_a_later_level_leaves_an_earlier_one_its_hours(stand: Stand) -> None:
    """Of two levels for different hours the earlier one holds until the later one begins."""
    evening = stand.put(LampLevel(40), S, not_before_us=100 * S)
    morning = stand.put(LampLevel(100), S, not_before_us=200 * S)
    again = stand.put(LampLevel(80), S, not_before_us=200 * S)
    now = stand.put(LampLevel(0), S)

    assert [stand.stands(each)[0] for each in (evening, morning, again, now)] == [
        "PENDING", "CANCELED", "PENDING", "PENDING",
    ]  # fmt: skip
    assert stand.row(evening).expires_at_us == 200 * S


def test_an_old_group_is_forgotten_with_its_commands(stand: Stand) -> None:
    """A group goes when it is old and none of its commands is kept any more."""
    _put(stand, ["a"], [("d", "x")])
    stand.queue.trim(10 * S, 100)
    with stand.queue.file.looking() as connection:
        kept = [group.name for group in groups(connection)]
    stand.sent("a", 2 * S)
    stand.hear(True, 3 * S, "a")
    for _ in range(2):
        stand.queue.trim(10 * S, 100)
    with stand.queue.file.looking() as connection:
        left = [*groups(connection), *connection.execute("SELECT * FROM misfits")]

    assert (kept, left) == (["G"], [])


def test_what_was_replaced_on_its_way_does_not_leave_again(stand: Stand) -> None:
    """A command that left, was not answered and says what a newer one says gives way to it."""
    older = stand.put(LampLevel(40), S)
    stand.sent(now_us=2 * S)
    newer = stand.put(LampLevel(60), 3 * S)
    stand.hear(None, 400 * S)

    assert stand.stands(older) == ("CANCELED", "superseded")
    claim = stand.claim(now_us=500 * S)
    assert claim is not None
    assert claim.id == newer
