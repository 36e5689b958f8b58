from collections.abc import Callable

import pytest
from fastapi import Request

from narrowgate_console import Access
from narrowgate_console.open311 import Offer
from narrowgate_console.open311.askers import Askers
from narrowgate_console.open311.fields import Fields
from narrowgate_console.open311.refused import Refused
from narrowgate_console.pace import MOST_ASKERS, Allowance, Pace
from open311_stand import keys_of

_OPEN = Offer(anybody_reads=True, anybody_reports=True)


class _Clock:
    """A clock that stands where it is put [s]."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def _request(address: str = "10.0.0.1") -> Request:
    return Request({"type": "http", "headers": [], "state": {"principal": None, "address": address}})


def _taken(ask: Callable[[], object], most: int = 1000) -> tuple[int, int | None]:
    """Ask until refused; give how many were taken, and how long to wait [s]."""
    for n in range(most):
        try:
            ask()
        except Refused as refused:
            return n, refused.again_in_s
    return most, None


def test_so_much_at_once_and_one_more_after_a_while() -> None:
    """An asker spends what is allowed at once, is told how long to wait, and may then go on."""
    clock = _Clock()
    pace = Pace(Allowance(at_once=3, every_s=10.0), clock)
    waits = [pace.spend("a") for _ in range(4)]
    clock.now_s += 10.0

    assert waits == [None, None, None, 10]
    assert [pace.spend("a"), pace.spend("a"), pace.spend("b")] == [None, 10, None]


def test_what_is_refused_costs_nothing() -> None:
    """Who goes on asking while it waits is not kept waiting for longer."""
    clock = _Clock()
    pace = Pace(Allowance(at_once=1, every_s=10.0), clock)

    assert [pace.spend("a"), *(pace.spend("a") for _ in range(3))] == [None, 10, 10, 10]


def test_so_many_askers_are_known_and_no_more() -> None:
    """Strangers do not make it grow: the asker that was quiet longest is forgotten."""
    pace = Pace(Allowance(at_once=1, every_s=10.0), _Clock())
    for n in range(MOST_ASKERS + 1):
        pace.spend(n)

    assert (pace.spend(0), pace.spend(2)) == (None, 10)


def test_each_address_reads_and_each_stranger_reports_at_its_pace(access: Access) -> None:
    """An address has its own pace to read; without a key fewer reports are taken than with one."""
    askers = Askers(access, _OPEN, _Clock())
    nothing, keyed = Fields([]), Fields([("api_key", keys_of(access).app)])

    assert _taken(lambda: askers.reader(_request(), nothing)) == (120, 1)
    assert _taken(lambda: askers.reader(_request("10.0.0.2"), nothing), 5) == (5, None)
    assert _taken(lambda: askers.reporter(_request(), nothing)) == (10, 60)
    assert _taken(lambda: askers.reporter(_request(), keyed)) == (60, 1)


def test_wrong_keys_are_dear(access: Access) -> None:
    """Who tries keys is soon refused for its pace, before the next key is looked at."""
    askers, wrong = Askers(access, _OPEN, _Clock()), Fields([("api_key", "ngt_00000000_x")])
    keys_of(access)
    statuses = []
    for _ in range(12):
        with pytest.raises(Refused) as refused:
            askers.reader(_request(), wrong)
        statuses.append(refused.value.status)

    assert statuses == [403] * 10 + [429] * 2
