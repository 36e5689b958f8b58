"""Pretend devices at an MQTT broker that are told things: each hears its own topic, does it and answers."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

import aiomqtt

from narrowgate_simulators.answering import Said, answer_to
from narrowgate_simulators.listening import listen
from narrowgate_simulators.sleeper import Carried, Sleeper
from narrowgate_simulators.sleeping import SleepReport
from narrowgate_simulators.target import Target

DOWN_TOPIC = "nb/{device}/down"


class MqttListening:
    """Devices that share one connection, each with a topic of its own; an async context manager."""

    def __init__(
        self,
        sleepers: Sequence[Sleeper],
        target: Target,
        now_us: Callable[[], int],
        *,
        down_topic: str = DOWN_TOPIC,
        password: str | None = None,
    ) -> None:
        """Check the arguments; nothing connects before the context is entered.

        Args:
            sleepers: the devices; `path` is the topic of their uplinks.
            target: the broker.
            now_us: the devices' clock [us].
            down_topic: where each is told, with {device} and perhaps {port}.
            password: of the target's user.

        Raises:
            ValueError: another scheme, or a topic that is the same for all devices.
        """
        if target.scheme != "mqtt" or "{device}" not in down_topic.split("/"):
            raise ValueError(f"{target} {down_topic}: mqtt:// and a topic with {{device}} are wanted")
        self._sleepers = {sleeper.name: sleeper for sleeper in sleepers}
        self._segments = down_topic.split("/")
        self._now_us = now_us
        self._client = aiomqtt.Client(
            target.host,
            target.port,
            username=target.user,
            password=password,
            identifier=f"narrowgate-told-{secrets.token_hex(4)}",
        )
        self._hearing: asyncio.Task[None] | None = None
        self.report = SleepReport()

    async def __aenter__(self) -> Self:
        """Connect and subscribe; aiomqtt.MqttError if the broker does not let them in."""
        await self._client.__aenter__()
        for name in self._sleepers:
            own = (name if segment == "{device}" else segment for segment in self._segments)
            topic = "/".join("+" if segment == "{port}" else segment for segment in own)
            await self._client.subscribe(topic, qos=1)
        self._hearing = asyncio.create_task(self._hear())
        for sleeper in self._sleepers.values():
            await self._deliver(sleeper)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave; who hears ends with the connection.

        A cancellation alone would not end it: asyncio's `wait_for`, which aiomqtt waits in, loses one that
        comes in the step in which the broker answers (Python 3.11).
        """
        await self._client.__aexit__(kind, error, trace)
        if self._hearing is not None:
            with contextlib.suppress(aiomqtt.MqttError):
                await self._hearing

    async def speak(self, names: Iterable[str]) -> None:
        """Let devices report once, and wait until the broker has it."""
        for name in names:
            sleeper = self._sleepers[name]
            sleeper.meant_us = self._now_us()
            self.report.reports += 1
            await self._say(sleeper, sleeper.report())

    async def _say(self, sleeper: Sleeper, said: Said) -> None:
        sleeper.count += 1
        sleeper.outbox.append(said)
        if len(sleeper.outbox) == 1:
            await self._deliver(sleeper)

    async def _deliver(self, sleeper: Sleeper) -> None:
        """Bring the broker what a device has said, in order; what it has not taken is kept for the next."""
        while sleeper.outbox:
            said = sleeper.outbox[0]
            topic = sleeper.path.replace("{port}", str(said.port or 0))
            await self._client.publish(topic, said.payload, qos=1)
            sleeper.outbox.popleft()
            self.report.acked += 1

    async def _hear(self) -> None:
        async for message in self._client.messages:
            found = dict(zip(self._segments, str(message.topic).split("/"), strict=True))
            payload = message.payload if isinstance(message.payload, bytes) else b""
            port = found.get("{port}", "")
            await self._told(
                self._sleepers[found["{device}"]], payload, int(port) if port.isdecimal() else None
            )

    async def _told(self, sleeper: Sleeper, payload: bytes, port: int | None) -> None:
        """Carry out what a message says, and answer it."""
        heard = listen(sleeper.profile, payload, port)
        if heard is None:
            self.report.misheard += 1
            return
        self.report.carried.append(
            Carried(sleeper.name, self._now_us(), heard.command, heard.number, sleeper.meant_us)
        )
        if not sleeper.fails:
            sleeper.carry_out(heard.command)
        said = answer_to(sleeper.profile, heard, is_done=not sleeper.fails)
        if said is not None and not sleeper.is_mute:
            self.report.answers += 1
            await self._say(sleeper, said)
