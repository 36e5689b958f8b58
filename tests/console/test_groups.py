"""Orders for many devices: who is reached, by whom, and what is told of them."""

from pathlib import Path

import pytest

import commands_district
from commands_waiting import wish
from console_api import Api
from console_people import As, settle
from console_stand import NOW_US, Stand
from narrowgate_console import LOCAL, Access, Services
from narrowgate_console.command_making import PLAIN_TERMS, Terms
from narrowgate_console.group_ordering import GroupAsk, order_group
from narrowgate_console.principals import Unfit
from narrowgate_fleet import Registry
from narrowgate_fleet.command_queue import MOST_OPEN
from narrowgate_fleet.selection import Selection
from narrowgate_schema.commands import LampLevel, Reboot, Valve

_HOUR_US = 3_600_000_000


@pytest.fixture
def district(stand: Stand) -> Stand:
    """Lamps of three makers and meters, nobody told anything."""
    with Registry(stand.home) as registry:
        commands_district.enrol(registry, commands_district.lines())
    return stand


def test_an_order_reaches_who_can_and_names_who_cannot(district: Stand, services: Services) -> None:
    """Relays cannot be dimmed: they are listed with that reason, the others each get a command."""
    group = services.of(LOCAL).groups.order(
        {"feeder": ["12"]}, "lamp_level", {"level_pct": 40}, PLAIN_TERMS, "evening"
    )
    lagging = services.of(LOCAL).groups.stragglers("evening", 100)

    assert (group.meant, group.still_open, group.misfits, group.done) == (12, 8, 4, 0)
    assert [one.device for one in lagging if one.state is None] == [f"lamp-{n:04d}" for n in (2, 5, 8, 11)]
    assert "level_pct: 40 is none that it understands" in lagging[2].detail


def test_an_order_that_was_cut_off_is_given_again(district: Stand) -> None:
    """The same order under the same name puts only what is missing."""
    asked = GroupAsk(Selection.of({"feeder": ["12"]}), LampLevel(40), PLAIN_TERMS, "evening")
    first = order_group(district.fleet(), district.commands, asked, by="user:ann", now_us=NOW_US)
    again = order_group(district.fleet(), district.commands, asked, by="user:ann", now_us=NOW_US + 1)

    assert (first.still_open, again.still_open, len(district.commands.listed())) == (8, 8, 8)


def test_an_order_for_another_evening_is_another_order(district: Stand) -> None:
    """The name of yesterday's order with the hour of today is refused: it would be told to nobody."""

    def order(hour: int) -> None:
        terms = Terms(not_before_us=NOW_US + hour * _HOUR_US)
        asked = GroupAsk(Selection.of({"feeder": ["12"]}), LampLevel(40), terms, "evening")
        order_group(district.fleet(), district.commands, asked, by="user:ann", now_us=NOW_US)

    order(5)
    order(5)
    with pytest.raises(ValueError, match="group 'evening' is another order, by user:ann"):
        order(29)


def test_a_device_with_too_much_waiting_is_a_misfit_until_there_is_room(district: Stand) -> None:
    """One device that takes no more keeps nobody else from the order, and is told when it is given again."""
    fleet, queue = district.fleet(), district.commands
    waiting = [
        queue.put(wish(LampLevel(9, f"{n}"), "lamp-0001"), by="a", now_us=NOW_US).id for n in range(MOST_OPEN)
    ]
    asked = GroupAsk(Selection.of({"feeder": ["12"]}), Reboot(), PLAIN_TERMS, "restart")
    first = order_group(fleet, queue, asked, by="user:ann", now_us=NOW_US)
    queue.cancel(waiting[0], by="a", now_us=NOW_US)
    again = order_group(fleet, queue, asked, by="user:ann", now_us=NOW_US + 1)

    assert (first.misfits - again.misfits, again.still_open - first.still_open) == (1, 1)
    assert again.misfits + again.still_open == again.meant


def test_an_order_begins_when_it_says(district: Stand) -> None:
    """From 23:00 means that no member leaves before."""
    terms = Terms(not_before_us=NOW_US + 3_600_000_000)
    asked = GroupAsk(Selection.of({"road_class": ["arterial"]}), LampLevel(0), terms)
    group = order_group(district.fleet(), district.commands, asked, by="user:ann", now_us=NOW_US)

    assert {row.not_before_us for row in district.commands.listed(most=99)} == {group.not_before_us}
    assert {row.cell for row in district.commands.listed(most=99)} == {"cell-0", "cell-1"}


@pytest.mark.parametrize(
    ("selection", "kind", "why"),
    [
        ({"feeder": ["99"]}, "lamp_level", "no device in use is meant"),
        ({"lat": ["1"]}, "lamp_level", "'lat': one of"),
        ({"feeder": ["12"]}, "sing", "command 'sing'"),
    ],
)
def test_what_cannot_be_ordered_is_refused(
    district: Stand, services: Services, selection: dict[str, list[str]], kind: str, why: str
) -> None:
    """Nobody, an unknown column and an unknown kind are refused in a line."""
    with pytest.raises(Unfit, match=why):
        services.of(LOCAL).groups.order(selection, kind, {"level_pct": 40}, PLAIN_TERMS)


@pytest.mark.parametrize(
    ("name", "terms", "why"),
    [
        ("programme", PLAIN_TERMS, "group 'programme' is what lamps are told by night"),
        (None, Terms(NOW_US + 400 * 24 * _HOUR_US), "at most 366 days from now are possible"),
    ],
)
def test_an_order_that_would_be_lost_is_refused(
    district: Stand, services: Services, name: str | None, terms: Terms, why: str
) -> None:
    """The programme's own name, whose levels it takes back, and a day that nobody can mean are refused."""
    with pytest.raises(Unfit, match=why):
        services.of(LOCAL).groups.order({"feeder": ["12"]}, "lamp_level", {"level_pct": 40}, terms, name)


def test_an_order_stays_within_a_tenant(district: Stand, api: Api, access: Access) -> None:
    """Who sees the north only orders the north only, whatever the selection; valves need more."""
    settle(access)
    north, south = As(api, access, "duty_north"), As(api, access, "duty_all")
    body = {
        "selection": {"family": ["lighting", "water"]},
        "kind": "lamp_level",
        "arguments": {"level_pct": 0},
    }
    valve = {"selection": {"family": ["water"]}, "kind": "valve", "arguments": {"is_open": False}}

    assert [north.status("POST", "/api/v1/command-groups", body), len(district.commands.listed())] == [
        201,
        12,
    ]
    assert south.status("POST", "/api/v1/command-groups", valve) == 403
    assert As(api, access, "admin_all").status("POST", "/api/v1/command-groups", valve) == 201


def test_a_group_is_told_as_json(district: Stand, api: Api) -> None:
    """The API gives progress by state, and who lags with the reason, a page at a time."""
    commands_district.furnish(district, NOW_US)
    group = api.get(f"/api/v1/command-groups/{commands_district.GROUP}").json()
    lagging = api.get(
        f"/api/v1/command-groups/{commands_district.GROUP}/stragglers", {"limit": 2, "after": "lamp-0003"}
    ).json()["stragglers"]

    assert {state: n for state, n in group["states"].items() if n} == {
        "SUCCESSFUL": 2, "FAILED": 1, "SENT": 1, "PENDING": 4,
    }  # fmt: skip
    assert [(one["device"], one["state"]) for one in lagging] == [("lamp-0004", "SENT"), ("lamp-0005", None)]


def test_ten_devices_valves_are_each_told_once(district: Stand) -> None:
    """What must never be repeated is no different in a group: each member leaves once at most."""
    asked = GroupAsk(Selection.of({"family": ["water"]}), Valve(is_open=False))
    order_group(district.fleet(), district.commands, asked, by="user:ann", now_us=NOW_US)

    assert {row.most_attempts for row in district.commands.listed()} == {1}
    assert Path(district.commands.file.path).exists()
