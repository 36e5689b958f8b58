"""Group commit: one sync for all that came meanwhile, and nobody told before it."""

import asyncio
import errno
import logging
import resource
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway_door import Stand
from gateway_home import kept_rows
from narrowgate_gateway.committer import Committer
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.records import Kind
from uplinks import tick_batch, uplink_batch


def at(stand: Stand, act: Callable[[Stand], Awaitable[object]]) -> object:
    """Let something happen while a committer runs."""

    async def scenario() -> object:
        async with stand.committing():
            return await act(stand)

    return asyncio.run(scenario())


def keeping(stand: Stand, rows: int = 1) -> "asyncio.Task[bool]":
    """Begin to keep a batch."""
    batch = uplink_batch([b"\x01"] * rows)
    return asyncio.create_task(stand.committer.keep(Kind.UPLINKS, batch))


def test_what_comes_during_a_sync_goes_into_the_next(tmp_path: Path) -> None:
    """While one sync runs everything gathers, and one append takes all of it."""

    async def burst(stand: Stand) -> list[bool]:
        stand.journal.gate.clear()
        first = keeping(stand)
        await stand.held()
        others = [keeping(stand, rows=2) for _ in range(20)]
        await asyncio.wait(others, timeout=0.05)
        stand.journal.gate.set()
        return list(await asyncio.gather(first, *others))

    stand = Stand(tmp_path)

    assert at(stand, burst) == [True] * 21
    assert stand.journal.appended == [1, 40]


def test_order_of_arrival_is_order_in_the_journal(tmp_path: Path) -> None:
    """Ticks and uplinks of one group stand in the journal as they came."""

    async def mixed(stand: Stand) -> None:
        stand.journal.gate.clear()
        tasks = [keeping(stand)]
        await stand.held()
        for n in range(3):
            tasks.append(asyncio.create_task(stand.committer.keep(Kind.UPLINKS, uplink_batch([bytes([n])]))))
            tasks.append(asyncio.create_task(stand.committer.keep(Kind.TICKS, tick_batch(n))))
        await asyncio.wait(tasks, timeout=0.05)
        stand.journal.gate.set()
        await asyncio.gather(*tasks)

    stand = Stand(tmp_path)
    at(stand, mixed)

    assert [(row["frame"], row["payload"]) for row in kept_rows(stand.home.journal)][1:] == [
        (1, b"\x00"),
        (3, b"\x01"),
        (5, b"\x02"),
    ]


def test_too_much_waiting_is_refused_at_once(tmp_path: Path) -> None:
    """A batch beyond the bound of waiting rows is refused without waiting, and what waits is still kept."""

    async def overfull(stand: Stand) -> tuple[list[bool], bool]:
        stand.journal.gate.clear()
        first = keeping(stand)
        await stand.held()
        full = keeping(stand, rows=4)
        refused = await asyncio.wait_for(keeping(stand), 100)
        stand.journal.gate.set()
        return [await first, await full], refused

    assert at(Stand(tmp_path, pending_rows=4), overfull) == ([True, True], False)


def test_a_full_disk_is_told_and_got_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the disk is full nothing is kept; when there is space again it is. Both are said once."""

    async def filling(stand: Stand) -> list[bool]:
        stand.journal.fault = OSError(errno.ENOSPC, "No space left on device")
        refused = [await keeping(stand) for _ in range(3)]
        stand.journal.fault = None
        return [*refused, await keeping(stand)]

    stand = Stand(tmp_path)
    with caplog.at_level(logging.WARNING):
        kept = at(stand, filling)

    assert kept == [False, False, False, True]
    assert stand.counters.read()["commit_failures"] == 3
    assert [record.getMessage() for record in caplog.records] == [
        f"the journal in {stand.home.journal} cannot keep (No space left on device): "
        "devices are told to come again",
        f"the journal in {stand.home.journal} keeps again",
    ]


def test_the_space_to_be_left_free_is_left(tmp_path: Path) -> None:
    """Below the free space that the configuration asks for, nothing is written."""

    async def scenario() -> tuple[bool, str]:
        journal = Journal(tmp_path / "journal")
        counters = DoorCounters(tmp_path / "counters")
        committer = Committer(journal, counters, pending_rows=9, min_free_bytes=1 << 62)
        working = asyncio.create_task(committer.run())
        kept = await committer.keep(Kind.UPLINKS, uplink_batch([b"\x01"]))
        trouble = committer.trouble
        committer.close()
        await working
        journal.close()
        return kept, trouble

    kept, trouble = asyncio.run(scenario())

    assert not kept
    assert trouble.endswith(f"{1 << 62} are to be left free")
    assert kept_rows(tmp_path / "journal") == []


def test_closing_keeps_what_is_pending_and_takes_no_more(tmp_path: Path) -> None:
    """After `close` what waits is kept, and what comes is refused."""

    async def closing(stand: Stand) -> tuple[list[bool], bool]:
        stand.journal.gate.clear()
        first = keeping(stand)
        await stand.held()
        second = keeping(stand)
        await asyncio.wait([second], timeout=0.05)
        stand.committer.close()
        late = await keeping(stand)
        stand.journal.gate.set()
        return [await first, await second], late

    assert at(Stand(tmp_path), closing) == ([True, True], False)


def test_a_loop_that_closes_amid_a_commit_is_no_fault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was on its way to the disk is kept, and nothing is said of it."""
    stand = Stand(tmp_path)

    async def leaving() -> None:
        working = asyncio.create_task(stand.committer.run())
        stand.journal.gate.clear()
        keeping(stand)
        await stand.held()
        working.cancel()

    asyncio.run(leaving())
    stand.journal.gate.set()
    stand.committer._thread.shutdown()

    assert (len(kept_rows(stand.home.journal)), caplog.messages) == (1, [])


def test_a_committer_without_work_ends(tmp_path: Path) -> None:
    """Closed before anything came, it ends."""

    async def nothing(stand: Stand) -> int:
        return len(stand.journal.appended)

    assert at(Stand(tmp_path), nothing) == 0


def test_a_real_full_disk_is_got_over(tmp_path: Path) -> None:
    """A segment that hits the process's file size limit leaves the journal whole and writable."""

    async def filling(stand: Stand) -> list[bool]:
        first = await keeping(stand)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            refused = await keeping(stand, rows=60)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        return [first, refused, await keeping(stand)]

    stand = Stand(tmp_path)

    assert at(stand, filling) == [True, False, True]
    assert len(kept_rows(stand.home.journal)) == 2
