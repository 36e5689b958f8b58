"""All brokers of a configuration: each has a listener that lives as long as the edge."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from narrowgate_fleet import Fleet
from narrowgate_gateway.door import Door
from narrowgate_gateway.downlinks import Downlinks
from narrowgate_gateway.mqtt import MqttListener
from narrowgate_gateway.mqtt_redelivery import Redeliveries
from narrowgate_gateway.mqtt_settings import MqttBroker
from narrowgate_ingest.counters import DoorCounters

_MEMORY = 8192


class Brokers:
    """The listeners of all brokers."""

    def __init__(
        self,
        brokers: Sequence[MqttBroker],
        door: Door,
        fleet: Callable[[], Fleet],
        counters: DoorCounters,
        memories: Mapping[str, Redeliveries],
        on_change: Callable[[], None],
        downlinks: Downlinks | None = None,
    ) -> None:
        """Prepare; nothing is opened before `run`.

        Args:
            brokers: the brokers, their names distinct.
            door: who judges and keeps.
            fleet: gives the newest registry.
            counters: what the door has said.
            memories: what was kept of each session, by the broker's name.
            on_change: called when `status` is another.
            downlinks: what waits for devices; None: nothing is ever sent to them.
        """
        self._listeners = [
            MqttListener(broker, door, fleet, counters, memories[broker.name], on_change, downlinks)
            for broker in brokers
        ]

    @property
    def status(self) -> list[dict[str, str]]:
        """Give name, broker, state and detail of each."""
        return [listener.status for listener in self._listeners]

    async def run(self) -> None:
        """Run every listener until `stop`; what one dies of is raised at once."""
        await asyncio.gather(*(listener.run() for listener in self._listeners))

    def stop(self) -> None:
        """Have `run` end once everything taken is kept and acknowledged."""
        for listener in self._listeners:
            listener.stop()


def places(brokers: Sequence[MqttBroker]) -> dict[str, int]:
    """Give how many kept messages are remembered for each broker, by its name.

    More than may be unacknowledged: not every broker keeps to our window, least of all in a resumed session.
    """
    return {broker.name: max(_MEMORY, 2 * broker.max_in_flight) for broker in brokers}
