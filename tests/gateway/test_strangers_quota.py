"""What the door keeps of devices that nobody registered: so much, no more, and nothing of it is lost."""

import asyncio
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from gateway_door import Stand, arrival
from gateway_home import kept_rows
from narrowgate_gateway.door import Door
from narrowgate_gateway.exchanges import Exchanges
from narrowgate_gateway.source_places import source_places
from narrowgate_gateway.strangers_quota import SHARE, StrangersQuota, held_in
from narrowgate_ingest.quarantine import Quarantine, Refused
from narrowgate_schema.clock import SystemClock
from narrowgate_schema.words import Answer, Reason

MOST = 1600
DAY_S = 86_400.0


class Core:
    """Says what a core would."""

    def __init__(self) -> None:
        """Have done nothing."""
        self.done, self.end = 0, 0
        self.held: dict[str, int] = {}
        self.fault: sqlite3.Error | None = None

    def __call__(self) -> tuple[int, dict[str, int]]:
        """Tell."""
        if self.fault is not None:
            raise self.fault
        return self.done, self.held


def exceeded(
    quota: StrangersQuota, now_s: float, *frames: tuple[int, int], listener: str = "coap"
) -> list[bool]:
    """Tell which frames of (place, size) are too much."""
    places, sizes = np.array(frames, np.int64).reshape(-1, 2).T
    answers: list[bool] = quota.exceeded(listener, places, sizes, now_s).tolist()
    return answers


def test_a_listener_holds_so_much_and_no_more() -> None:
    """Of many sources the first are taken; another listener has a quota of its own; no frames are legal."""
    core = Core()
    quota = StrangersQuota(MOST, core, lambda: core.end)
    frames = [(place, 90) for place in range(20)]

    assert exceeded(quota, 0.0, *frames) == [False] * 17 + [True] * 3
    assert exceeded(quota, 0.1, (50, 90), listener="other") == [False]
    assert exceeded(quota, 0.2) == []
    assert quota.held_bytes("coap") == 17 * 90


def test_what_the_core_has_put_aside_is_counted_once() -> None:
    """On the way frames count as sent, in quarantine as quarantine says; what is taken out makes room."""
    core = Core()
    quota = StrangersQuota(MOST, core, lambda: core.end)
    exceeded(quota, 0.0, (1, 90))
    core.end = 1
    exceeded(quota, 2.0, (2, 0))
    on_the_way = quota.held_bytes("coap")
    core.done, core.held = 1, {"coap": 90}
    exceeded(quota, 4.0, (2, 0))
    put_aside = quota.held_bytes("coap")
    core.held = {"coap": 0}
    exceeded(quota, 6.0, (2, 0))

    assert (on_the_way, put_aside, quota.held_bytes("coap")) == (90, 90, 0)


def test_a_source_has_a_share_and_as_much_again_in_a_day() -> None:
    """One address cannot take the room of all others."""
    core = Core()
    quota = StrangersQuota(MOST, core, lambda: core.end)
    share = MOST // SHARE

    assert exceeded(quota, 0.0, (1, share)) == [False]
    assert exceeded(quota, 1.0, (1, share), (2, share)) == [True, False]
    assert exceeded(quota, DAY_S / 2, (1, share // 2), (1, 1)) == [True, True]
    assert exceeded(quota, DAY_S / 2, (1, share // 2)) == [False]


def test_without_a_quota_nothing_is_taken() -> None:
    """A quota of 0 refuses every unknown device."""
    core = Core()

    assert exceeded(StrangersQuota(0, core, lambda: 0), 0.0, (1, 0), (2, 5)) == [True, True]


def test_a_core_that_cannot_be_asked_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """What was known stands, what comes is counted, and somebody is told."""
    core = Core()
    quota = StrangersQuota(MOST, core, lambda: core.end)
    core.held = {"coap": 1500}
    exceeded(quota, 0.0, (1, 50))
    core.fault = sqlite3.OperationalError("database is locked")

    assert exceeded(quota, 2.0, (2, 51)) == [True]
    assert "database is locked" in caplog.text


def test_sources_are_the_same_place_by_address_or_prefix() -> None:
    """A host, or all of an IPv6 /64, has one place."""
    rows = np.zeros((4, 16), np.uint8)
    rows[:2, 10:12], rows[0, 15], rows[1, 15] = 0xFF, 1, 2
    rows[2:, :8], rows[3, 15] = 0x20, 9
    places = source_places(rows).tolist()

    assert (places[2] == places[3], len(set(places))) == (True, 3)


def refused(frame: int, payload: bytes, reason: str = Reason.UNKNOWN) -> Refused:
    """Give a frame set aside."""
    return Refused(frame, 0, "coap", "coap", "p", "d", None, reason, "", payload)


def test_quarantine_says_what_it_holds_of_strangers(tmp_path: Path) -> None:
    """Put aside, put aside again, run again with another outcome, settled: the sum follows."""
    held = held_in(tmp_path, tmp_path / "state.db")
    assert held() == (0, {})
    quarantine = Quarantine(tmp_path)
    quarantine.put([refused(1, b"12345"), refused(2, b"123"), refused(3, b"1", Reason.LENGTH)], 0, 10)
    sums = [held()[1]]
    quarantine.put([refused(1, b"12345"), refused(2, b"12")], 0, 10)
    sums.append(held()[1])
    quarantine.settle([(2, "quarantined", Reason.SANITY, "", None)])
    sums.append(held()[1])
    quarantine.settle([(1, "stored", "", "", None)])
    sums.append(held()[1])
    quarantine.settle([(2, "quarantined", Reason.UNKNOWN, "", None)])
    quarantine.close()
    Quarantine(tmp_path).close()

    assert [each["coap"] for each in sums] == [8, 7, 5, 0]
    assert held() == (0, {"coap": 2})


def test_a_quarantine_of_before_is_counted_when_it_is_opened(tmp_path: Path) -> None:
    """A file that has no sums yet gets them, and is read as empty until then."""
    quarantine = Quarantine(tmp_path)
    quarantine.put([refused(1, b"12345")], 0, 10)
    quarantine.close()
    with sqlite3.connect(tmp_path / "quarantine.db") as connection:
        connection.executescript(
            "DROP TABLE strangers; DROP TRIGGER stranger_came; DROP TRIGGER stranger_went;"
            "DROP TRIGGER stranger_known; DROP TRIGGER known_no_more"
        )
    held = held_in(tmp_path, tmp_path / "state.db")
    before = held()[1]
    Quarantine(tmp_path).close()

    assert (before, held()[1]) == ({}, {"coap": 5})


def test_the_door_refuses_strangers_beyond_the_quota(tmp_path: Path) -> None:
    """They are told so before anything is kept, and counted; registered devices and repeats are not."""
    stand = Stand(tmp_path)
    core = Core()
    quota = StrangersQuota(160, core, lambda: stand.journal.end)
    door = Door(stand.committer, Exchanges(1 << 10), stand.counters, SystemClock(), quota)
    stranger = {"device": "never-heard-of", "payload": bytes(6)}

    async def scenario() -> list[Answer]:
        async with stand.committing():
            arrivals = [
                arrival(1, **stranger),
                arrival(2, **stranger),
                arrival(3),
                arrival(4, **stranger, address="10.8.0.1"),
            ]
            answers = await door.admit(arrivals, stand.fleet)
            return answers + await door.admit([arrival(4, **stranger, address="10.8.0.1")], stand.fleet)

    answers = asyncio.run(scenario())

    assert answers == [Answer.TOO_FAST, Answer.TOO_FAST, Answer.KEPT, Answer.KEPT, Answer.DUPLICATE]
    assert len(kept_rows(stand.home.journal)) == 2
    counted = stand.counters.read()
    assert (counted["over_quota"], counted["too_fast"]) == (2, 2)
