"""kill -9 of edge and broker, and a wire that breaks: what was acknowledged is there, once."""

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from gateway_home import kept_rows
from mosquitto import Publisher
from mqtt_campaign import TOPIC, Victim, campaign, scene
from mqtt_stand import until

ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))


@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("victim", ["edge", "wire"])
def test_an_edge_or_a_wire_that_falls_loses_and_doubles_nothing(
    tmp_path: Path, seed: int, victim: Victim
) -> None:
    """Everything the broker took is in the journal exactly once, whenever the edge or the wire fell."""
    outcome = asyncio.run(campaign(tmp_path, seed, [[victim]] * 4))

    assert outcome.lost_by_gateway == set()
    assert outcome.lost_by_broker == set()
    assert outcome.doubled == set()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_broker_that_falls_costs_nothing_that_the_gateway_acknowledged(
    tmp_path: Path, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """What the gateway acknowledged is kept; what a killed broker lost or took back is the broker's."""
    rng = random.Random(seed)
    sorts: list[list[Victim]] = [["broker"], ["edge", "broker"], list(get_args(Victim))]
    falls = [rng.choice(sorts) for _ in range(4)]
    outcome = asyncio.run(campaign(tmp_path, seed, falls))
    record_property("lost_by_broker", len(outcome.lost_by_broker))

    assert outcome.lost_by_gateway == set()
    assert outcome.doubled == set()


def test_ten_thousand_messages_at_once_are_kept_once_each(tmp_path: Path) -> None:
    """A burst far beyond what may be in flight waits at the broker."""

    async def main() -> tuple[int, int, int]:
        async with scene(tmp_path, "max_queued_messages 0\n") as on:
            publisher = Publisher(on.broker)
            sent = [publisher.send(TOPIC, b"%d" % n) for n in range(10_000)]
            await asyncio.to_thread(publisher.until_acknowledged, *sent)
            await until(lambda: len(on.wire.notes.acknowledged) == 10_000)
            await asyncio.to_thread(publisher.close)
            payloads = [row["payload"] for row in kept_rows(on.home.journal)]
            return len(payloads), len(set(payloads)), len(on.wire.notes.acknowledged)

    assert asyncio.run(main()) == (10_000, 10_000, 10_000)


def test_a_broker_that_stands_still_is_left_and_found_again(tmp_path: Path) -> None:
    """A peer that is silent beyond the keepalive is gone; once it speaks again nothing is missing."""

    async def main() -> list[bytes]:
        async with scene(tmp_path) as on:
            status = on.home.run / "edge.json"
            publisher = Publisher(on.broker)
            await asyncio.to_thread(publisher.until_acknowledged, publisher.send(TOPIC, b"before"))
            await on.until_kept(b"before")
            on.broker.hold()
            on.wire.cut()
            await until(lambda: "no answer within" in status.read_text())
            on.broker.resume()
            await on.until_edge_is_connected()
            publisher.send(TOPIC, b"after")
            await on.until_kept(b"after")
            await asyncio.to_thread(publisher.close)
            return [row["payload"] for row in kept_rows(on.home.journal)]

    assert asyncio.run(main()) == [b"before", b"after"]
