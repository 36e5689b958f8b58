"""Pretend devices of one city, some sending by MQTT and the others by CoAP, as one link."""

from collections.abc import Iterable, Set
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.link import CoapLink
from narrowgate_simulators.mqtt_link import MqttLink
from narrowgate_simulators.report import SentReport
from narrowgate_simulators.together import together


class Ways:
    """Two links that send side by side; a device has one of them for good."""

    def __init__(self, by_mqtt: Set[str], coap: CoapLink, mqtt: MqttLink) -> None:
        """Send some devices' uplinks by MQTT, all others' by CoAP."""
        self._by_mqtt, self._coap, self._mqtt = by_mqtt, coap, mqtt
        self._open = AsyncExitStack()

    @property
    def report(self) -> SentReport:
        """Give the counts of both."""
        return SentReport.joined((self._coap.report, self._mqtt.report))

    async def __aenter__(self) -> Self:
        """Open both."""
        await self._open.enter_async_context(self._coap)
        await self._open.enter_async_context(self._mqtt)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close both."""
        await self._open.aclose()

    async def reach(self, within_s: float) -> None:
        """Wait for a sign of both."""
        await together((self._coap.reach(within_s), self._mqtt.reach(within_s)))

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Send emissions and wait until each is settled."""
        metered: list[Emission] = []
        others: list[Emission] = []
        for emission in emissions:
            (metered if emission.device in self._by_mqtt else others).append(emission)
        await together((self._coap.send(others), self._mqtt.send(metered)))
