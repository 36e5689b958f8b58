"""The door: what may come in, what it is told, and that it is kept first."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from pathlib import Path

import pyarrow as pa
import pytest

from gateway_door import TRUST, Stand, arrival
from gateway_home import kept_rows
from narrowgate_gateway.door import Trust
from narrowgate_schema.clock import SteppedClock
from narrowgate_schema.words import Answer

START_US = 1_767_225_600_000_000


def at(stand: Stand, act: Callable[[Stand], Awaitable[object]]) -> object:
    """Let something happen at a door whose committer runs."""

    async def scenario() -> object:
        async with stand.committing():
            return await act(stand)

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("10.8.200.1", True),
        ("10.9.0.1", False),
        ("192.0.2.7", False),
        ("::1", True),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("::ffff:10.8.0.1", True),
        ("::ffff:192.0.2.7", False),
    ],
)
def test_only_listed_networks_may_send(address: str, admitted: bool) -> None:
    """A source outside the listed networks is not admitted; an IPv4 address in IPv6 is the IPv4 address."""
    assert TRUST.admits(address) is admitted


def test_without_networks_nobody_may_send() -> None:
    """A listener that lists no network is closed."""
    assert not Trust("coap", "", (), 64).admits("127.0.0.1")


def test_everything_may_be_listed() -> None:
    """The networks of everything admit everybody, each in its own family."""
    everybody = Trust("coap", "", tuple(map(ipaddress.ip_network, ("0.0.0.0/0", "::/0"))), 64)

    assert everybody.admits("198.51.100.1")
    assert everybody.admits("2001:db9::1")


def test_each_arrival_has_its_own_answer(tmp_path: Path) -> None:
    """In one batch the good are kept and the others told why not; an unknown device is kept too."""
    answers = at(
        Stand(tmp_path),
        lambda stand: stand.admit(
            arrival(1),
            arrival(2, address="192.0.2.7"),
            arrival(3, device="suspended-1"),
            arrival(4, device="retired-1"),
            arrival(5, payload=bytes(65)),
            arrival(6, device="nobody-knows-it"),
            arrival(7, payload=bytes(64)),
            arrival(8, payload=b""),
        ),
    )

    assert answers == [
        Answer.KEPT,
        Answer.FORBIDDEN,
        Answer.FORBIDDEN,
        Answer.FORBIDDEN,
        Answer.TOO_LARGE,
        Answer.KEPT,
        Answer.KEPT,
        Answer.KEPT,
    ]


def test_an_empty_batch_has_no_answers(tmp_path: Path) -> None:
    """Nothing in, nothing out."""
    assert at(Stand(tmp_path), lambda stand: stand.admit()) == []


def test_what_is_kept_is_in_the_journal_as_it_came(tmp_path: Path) -> None:
    """The journal has the frame with all that the transport said of it."""
    stand = Stand(tmp_path)
    at(stand, lambda stand: stand.admit(arrival(9, port=85, address="2001:db8::7", confirmable=False)))

    (row,) = kept_rows(stand.home.journal)
    said = {name: row[name] for name in ("claimed_device", "port", "endpoint", "message_id", "confirmable")}
    assert said == {
        "claimed_device": "bay-1",
        "port": 85,
        "endpoint": "[2001:db8::7]:40000",
        "message_id": 9,
        "confirmable": False,
    }


def test_a_message_twice_in_a_batch_is_kept_once(tmp_path: Path) -> None:
    """The second of two equal messages is a duplicate."""
    stand = Stand(tmp_path)

    assert at(stand, lambda stand: stand.admit(arrival(1), arrival(1))) == [Answer.KEPT, Answer.DUPLICATE]
    assert len(kept_rows(stand.home.journal)) == 1


def test_a_message_that_comes_again_is_a_duplicate(tmp_path: Path) -> None:
    """A kept message within its lifetime is told the same and not kept again."""

    async def twice(stand: Stand) -> list[Answer]:
        return [*await stand.admit(arrival(1)), *await stand.admit(arrival(1))]

    assert at(Stand(tmp_path), twice) == [Answer.KEPT, Answer.DUPLICATE]


def test_a_repeat_of_what_is_under_way_waits_for_the_sync(tmp_path: Path) -> None:
    """A message that comes again while its first copy is being written is answered after the sync."""

    async def during(stand: Stand) -> tuple[bool, list[Answer]]:
        stand.journal.gate.clear()
        first = asyncio.create_task(stand.admit(arrival(1)))
        await stand.held()
        second = asyncio.create_task(stand.admit(arrival(1)))
        await asyncio.wait([first, second], timeout=0.1)
        waited = not first.done() and not second.done()
        stand.journal.gate.set()
        return waited, [*await first, *await second]

    assert at(Stand(tmp_path), during) == (True, [Answer.KEPT, Answer.DUPLICATE])


def test_a_repeat_of_what_could_not_be_kept_is_not_told_kept(tmp_path: Path) -> None:
    """Where the sync fails, everybody who waits for it is told to come again."""

    async def failing(stand: Stand) -> list[Answer]:
        stand.journal.gate.clear()
        stand.journal.fault = OSError(5, "Input/output error")
        first = asyncio.create_task(stand.admit(arrival(1), arrival(1), arrival(2, address="192.0.2.7")))
        await stand.held()
        second = asyncio.create_task(stand.admit(arrival(1)))
        await asyncio.wait([second], timeout=0.05)
        stand.journal.gate.set()
        return [*await first, *await second]

    assert at(Stand(tmp_path), failing) == [
        Answer.CANNOT_KEEP,
        Answer.CANNOT_KEEP,
        Answer.FORBIDDEN,
        Answer.CANNOT_KEEP,
    ]


def test_what_could_not_be_kept_may_come_again(tmp_path: Path) -> None:
    """A message that was turned away for want of a disk is new when it comes again."""

    async def again(stand: Stand) -> list[Answer]:
        stand.journal.fault = OSError(5, "Input/output error")
        refused = await stand.admit(arrival(1))
        stand.journal.fault = None
        return [*refused, *await stand.admit(arrival(1))]

    assert at(Stand(tmp_path), again) == [Answer.CANNOT_KEEP, Answer.KEPT]


def test_a_dropped_request_is_remembered_all_the_same(tmp_path: Path) -> None:
    """Where a listener drops a request during the sync, the frame is kept and its repeat is a duplicate."""

    async def dropped(stand: Stand) -> list[Answer]:
        stand.journal.gate.clear()
        first = asyncio.create_task(stand.admit(arrival(1)))
        await stand.held()
        first.cancel()
        stand.journal.gate.set()
        return await stand.admit(arrival(1))

    stand = Stand(tmp_path)

    assert at(stand, dropped) == [Answer.DUPLICATE]
    assert len(kept_rows(stand.home.journal)) == 1


def instants_us(stand: Stand) -> list[int]:
    """Give the arrival instants in the journal [us]."""
    times = pa.array(
        [row["received_at"] for row in kept_rows(stand.home.journal)], pa.timestamp("us", tz="UTC")
    )
    instants: list[int] = times.cast(pa.int64()).to_pylist()
    return instants


def test_no_two_frames_share_an_instant(tmp_path: Path) -> None:
    """While a clock stands still, each frame's arrival is a microsecond after the one before."""
    clock = SteppedClock.create(tmp_path / "clock", START_US)
    stand = Stand(tmp_path / "home", clock=clock)

    async def two_batches(stand: Stand) -> None:
        await stand.admit(arrival(1), arrival(2))
        await stand.admit(arrival(3))

    at(stand, two_batches)

    assert instants_us(stand) == [START_US, START_US + 1, START_US + 2]


class SetBack:
    """A clock that is set back between two looks."""

    def __init__(self, *instants_us: int) -> None:
        """Take the instants that it will say."""
        self._instants_us = list(instants_us)

    def now_us(self) -> int:
        """Give the next instant [us]."""
        return self._instants_us.pop(0)


@pytest.mark.parametrize(("back_us", "expected_us"), [(400_000, 1), (3_600_000_000, -3_600_000_000)])
def test_a_small_step_back_is_held_and_a_large_one_followed(
    tmp_path: Path, back_us: int, expected_us: int
) -> None:
    """Arrivals go on rising where the clock steps back by less than a second; an hour back is followed."""
    stand = Stand(tmp_path, clock=SetBack(START_US, START_US - back_us))

    async def two_batches(stand: Stand) -> None:
        await stand.admit(arrival(1))
        await stand.admit(arrival(2))

    at(stand, two_batches)

    assert instants_us(stand) == [START_US, START_US + expected_us]


def test_every_answer_is_counted(tmp_path: Path) -> None:
    """The counters say what the door said, and what was kept without a device being told."""
    stand = Stand(tmp_path)
    at(
        stand,
        lambda stand: stand.admit(
            arrival(1), arrival(1), arrival(2, confirmable=False), arrival(3, address="192.0.2.7")
        ),
    )

    counted = {name: n for name, n in stand.counters.read().items() if n}
    assert counted == {"kept": 2, "duplicate": 1, "forbidden": 1, "unacknowledged": 1}


def test_the_door_says_how_far_back_it_remembers(tmp_path: Path) -> None:
    """While its memory has room, that is as long as a message may come again."""
    stand = Stand(tmp_path)
    at(stand, lambda stand: stand.admit(arrival(1)))

    assert stand.counters.gauges() == {"exchange_horizon_ms": 247_000}


def test_a_thousand_arrivals_are_one_commit(tmp_path: Path) -> None:
    """A batch of any size is synced once."""
    stand = Stand(tmp_path, pending_rows=1000)
    at(stand, lambda stand: stand.admit(*(arrival(n) for n in range(1000))))

    assert stand.journal.appended == [1000]
