"""The demo's way to the gateway: meters by MQTT, everything else by CoAP, as one link."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from narrowgate_gateway.demo_city import HOST, Stage
from narrowgate_simulators import (
    CoapLink,
    Emission,
    MqttLink,
    SentReport,
    Target,
    Timing,
    Weather,
)
from narrowgate_simulators.together import together

_ACK_TIMEOUT_S = 0.1
"""Devices on loopback repeat soon: each lost answer holds the whole district's step up so long [s]."""
_PUBACK_WITHIN_S = 5.0


class DemoLink:
    """Two links that send side by side; a device has one of them for good."""

    def __init__(self, stage: Stage) -> None:
        weather = Weather(stage.seed)
        self._by_mqtt = stage.metered
        self._coap = CoapLink(
            Target(HOST, stage.coap_port), timing=Timing(ack_timeout_s=_ACK_TIMEOUT_S), weather=weather
        )
        self._mqtt = MqttLink(
            Target(HOST, stage.mqtt_port, "mqtt"),
            timing=Timing(ack_timeout_s=_ACK_TIMEOUT_S, answer_s=_PUBACK_WITHIN_S),
            # A PUBLISH that comes twice is two messages to any broker: only CoAP's weather is bad.
            weather=Weather(stage.seed, twice_share=0.0, lost_share=0.0),
            acks=stage.mqtt_acks,
        )
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
        await self._coap.reach(within_s)
        await self._mqtt.reach(within_s)

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Send emissions and wait until each is settled."""
        metered: list[Emission] = []
        others: list[Emission] = []
        for emission in emissions:
            (metered if emission.device in self._by_mqtt else others).append(emission)
        await together((self._coap.send(others), self._mqtt.send(metered)))
