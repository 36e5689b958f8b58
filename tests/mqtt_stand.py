"""The MQTT listener in a test's own event loop, between a real broker and a real journal."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway_door import Stand
from gateway_home import kept_rows
from mosquitto import SOON_S, Mosquitto
from mqtt_scripted import Scripted
from narrowgate_gateway.mqtt import MqttListener
from narrowgate_gateway.mqtt_brokers import places
from narrowgate_gateway.mqtt_redelivery import remembered
from narrowgate_gateway.mqtt_settings import MqttBroker


def settings_of(broker: Mosquitto | Scripted, **changes: Any) -> MqttBroker:
    """Give a listener's options for a broker without TLS, changed as asked."""
    options: dict[str, Any] = {
        "port": broker.port,
        "tls": False,
        "client_id": "edge-1",
        "topic": "nb/{device}/up",
        "retry_max_s": 0.2,
        "max_payload_bytes": 64,
    }
    return MqttBroker(**{**options, **changes})


class Listening:
    """A listener at work, and the states it has been in."""

    def __init__(self, stand: Stand, settings: MqttBroker) -> None:
        """Prepare it with the memory that the journal gives."""
        self.stand = stand
        memories = remembered(stand.home.journal, stand.journal.end, places([settings]))
        self.states: list[tuple[str, str]] = []
        self.listener = MqttListener(
            settings, stand.door, lambda: stand.fleet, stand.counters, memories[settings.name], self._note
        )

    def _note(self) -> None:
        status = self.listener.status
        self.states.append((status["state"], status["detail"]))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Give what is in the journal."""
        return kept_rows(self.stand.home.journal)

    @property
    def payloads(self) -> list[bytes]:
        """Give the payloads in the journal."""
        return [row["payload"] for row in self.rows]

    def count(self, name: str) -> int:
        """Give a counter of the door."""
        return self.stand.counters.read()[name]

    async def until_connected(self) -> None:
        """Wait until it is subscribed."""
        await until(lambda: self.listener.status["state"] == "connected")

    async def until_kept(self, n: int) -> None:
        """Wait until the journal has n frames."""
        await until(lambda: self.stand.journal.frames >= n)


async def until(reached: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SOON_S):
        while not reached():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(stand: Stand, settings: MqttBroker) -> AsyncIterator[Listening]:
    """Run a listener until the block ends; it ends in good order."""
    one = Listening(stand, settings)
    running = asyncio.create_task(one.listener.run())
    try:
        yield one
    finally:
        stand.journal.gate.set()
        one.listener.stop()
        async with asyncio.timeout(SOON_S):
            await running


@asynccontextmanager
async def attached(home: Path, settings: MqttBroker, *, pending_rows: int = 4096) -> AsyncIterator[Listening]:
    """Run a listener with a door and a journal of its own."""
    stand = Stand(home, pending_rows=pending_rows)
    async with stand.committing(), listening(stand, settings) as one:
        yield one
