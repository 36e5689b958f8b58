"""The door's memory after a restart: what the journal's tail says, as far as it may still come again."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gateway_door import Stand, arrival
from narrowgate_gateway.arrivals import Arrival, ArrivalBatch
from narrowgate_gateway.exchange_recall import remembered
from narrowgate_ingest.records import Kind
from narrowgate_schema.clock import SteppedClock, SystemClock
from narrowgate_schema.words import Transport
from uplinks import uplink_batch

ARRIVALS = [
    arrival(1),
    arrival(1, token=b""),
    arrival(1, address="2001:db8::7", payload=b""),
    arrival(2, payload=bytes(range(64))),
    replace(arrival(), transport=Transport.UDP, message_id=None, token=b""),
]


def kept(root: Path, *arrivals: Arrival) -> Stand:
    """Give a stand whose journal has frames, each in a commit of its own but the last two."""
    stand = Stand(root)

    async def act() -> None:
        async with stand.committing():
            for each in arrivals[:-2]:
                await stand.admit(each)
            await stand.admit(*arrivals[-2:])

    asyncio.run(act())
    return stand


def test_what_was_kept_is_known_again(tmp_path: Path) -> None:
    """Every exchange of the journal has the name after a restart that it had before, and others have not."""
    stand = kept(tmp_path, *ARRIVALS)
    memory = remembered(stand.home.journal, stand.journal.end, SystemClock(), 64)
    names = ArrivalBatch([*ARRIVALS, arrival(9)]).names()

    assert memory.claim(names, time.monotonic()).tolist() == [False] * 5 + [True]


def test_only_as_many_rows_are_read_as_there_are_places(tmp_path: Path) -> None:
    """A memory of eight places reads the last eight rows, also from the middle of a record."""
    arrivals = [arrival(n) for n in range(20)]
    stand = Stand(tmp_path)

    async def act() -> None:
        async with stand.committing():
            await stand.admit(*arrivals)

    asyncio.run(act())
    memory = remembered(stand.home.journal, stand.journal.end, SystemClock(), 8)

    known = memory.knows(ArrivalBatch(arrivals).names(), time.monotonic())
    assert known.tolist() == [False] * 12 + [True] * 8


def test_what_came_too_long_ago_is_not_known(tmp_path: Path) -> None:
    """A frame of 1970 is no exchange of today; under a simulated clock time does not count."""
    stand = Stand(tmp_path)
    stand.journal.append([(Kind.UPLINKS, uplink_batch([b"\x01"]))])
    clock = SteppedClock.create(tmp_path / "clock", 1_750_000_000_000_000)
    old = remembered(stand.home.journal, stand.journal.end, SystemClock(), 8)
    stepped = remembered(stand.home.journal, stand.journal.end, clock, 8)

    assert [int((memory._seen > 0).sum()) for memory in (old, stepped)] == [0, 1]


@pytest.mark.parametrize("places", [8, 1 << 10])
def test_an_empty_journal_is_no_memory(tmp_path: Path, places: int) -> None:
    """Before the first frame nothing is known."""
    stand = Stand(tmp_path)

    assert int(remembered(stand.home.journal, 0, SystemClock(), places)._seen.sum()) == 0
