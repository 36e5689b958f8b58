"""Messages under kills: an edge process, a broker that persists, and a wire between them that takes notes."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway_home import Running, kept_rows, make_home, role_arguments, running
from mosquitto import Mosquitto, Publisher
from mqtt_stand import until
from mqtt_wire import Notes, Wire, wired
from narrowgate_gateway.status import read_status
from narrowgate_ingest.counters import DoorCounters

Victim = Literal["edge", "broker", "wire"]
TOPIC = "nb/bay-1/up"
PERSISTENT = "max_queued_messages 0\nautosave_on_changes true\nautosave_interval 20\n"
_BURST = 20


@dataclass(frozen=True)
class Outcome:
    """What a campaign left behind."""

    published: set[bytes]
    """Acknowledged to the publisher by the broker."""
    kept: Counter[bytes]
    """How often each payload is in the journal."""
    notes: Notes
    door: dict[str, int]

    @property
    def lost_by_gateway(self) -> set[bytes]:
        """Give what the gateway acknowledged and does not have."""
        return self.notes.acknowledged - self.kept.keys()

    @property
    def lost_by_broker(self) -> set[bytes]:
        """Give what the broker acknowledged and the gateway never did."""
        return self.published - self.kept.keys() - self.notes.acknowledged

    @property
    def doubled(self) -> set[bytes]:
        """Give what is in the journal more often than the broker said that it was new."""
        return {payload for payload, n in self.kept.items() if n > self.notes.afresh[payload]}


class Scene:
    """Edge, broker, wire and publisher, each of which may fall."""

    def __init__(self, root: Path, broker: Mosquitto, wire: Wire) -> None:
        """Build it in a directory; nothing but broker and wire runs."""
        self.home = make_home(root / "home")
        self.broker = broker
        self.wire = wire
        self._config = root / "narrowgate.toml"
        self._config.write_text(
            f'[[mqtt]]\nport = {wire.port}\ntls = false\nclient_id = "edge-1"\ntopic = "nb/{{device}}/up"\n'
            "retry_max_s = 0.3\nmax_in_flight = 50\n"
        )
        self._stack = ExitStack()
        self.edge: Running | None = None

    def raise_edge(self) -> None:
        """Start the edge process."""
        self._stack = ExitStack()
        self.edge = self._stack.enter_context(
            running(self.home, *role_arguments("edge", self._config, self.home))
        )

    def kill(self, victims: Sequence[Victim]) -> None:
        """Let all of them fall at once, and raise them again."""
        if "edge" in victims:
            self._stack.close()
        if "broker" in victims:
            self.broker.stop(signal.SIGKILL)
        if "wire" in victims:
            self.wire.cut()
        if "broker" in victims:
            self.broker.start()
        if "edge" in victims:
            self.raise_edge()

    async def until_edge_is_connected(self) -> None:
        """Wait for the edge's subscription."""
        await until(self._is_connected)

    def _is_connected(self) -> bool:
        status = read_status(self.home.run, "edge")
        pid = None if self.edge is None else self.edge.process.pid
        return status is not None and status["pid"] == pid and status["brokers"][0]["state"] == "connected"

    async def until_kept(self, payload: bytes) -> None:
        """Wait until a payload is in the journal."""
        await until(lambda: any(row["payload"] == payload for row in kept_rows(self.home.journal)))

    def close(self) -> None:
        """End the edge in good order."""
        if self.edge is not None:
            self.edge.end()
        self._stack.close()


@asynccontextmanager
async def scene(root: Path, options: str = PERSISTENT) -> AsyncIterator[Scene]:
    """Raise the whole scene."""
    broker = Mosquitto(root / "broker", options=options).start()
    async with wired(broker.port) as wire:
        built = Scene(root, broker, wire)
        built.raise_edge()
        try:
            await built.until_edge_is_connected()
            yield built
        finally:
            await asyncio.to_thread(built.close)
            broker.stop()


async def campaign(root: Path, seed: int, falls: Sequence[Sequence[Victim]]) -> Outcome:
    """Publish all the while, let victims fall at seeded instants, and count when everything has settled."""
    rng = random.Random(seed)
    async with scene(root) as on:
        publisher = Publisher(on.broker)
        sent: dict[int, bytes] = {}
        publishing = asyncio.create_task(_publish(publisher, sent, rng))
        for victims in falls:
            await on.until_edge_is_connected()
            await asyncio.sleep(rng.uniform(0.0, 0.2))
            await asyncio.to_thread(on.kill, victims)
        await on.until_edge_is_connected()
        publishing.cancel()
        last = publisher.send(TOPIC, b"last")
        await asyncio.to_thread(publisher.until_acknowledged, last)
        await on.until_kept(b"last")
        published = {sent[mid] for mid in publisher.acknowledged - {last}}
        await asyncio.to_thread(publisher.close)
    kept = Counter(row["payload"] for row in kept_rows(on.home.journal))
    return Outcome(published, kept, on.wire.notes, DoorCounters(on.home.door_counters).read())


async def _publish(publisher: Publisher, sent: dict[int, bytes], rng: random.Random) -> None:
    """Publish bursts, each message one of its own, until cancelled."""
    while True:
        for _ in range(rng.randrange(2 * _BURST)):
            payload = b"%d" % len(sent)
            sent[publisher.send(TOPIC, payload)] = payload
        await asyncio.sleep(rng.uniform(0.0, 0.04))
