"""Commands by way of a broker: published when their device has just spoken, told by the broker's word.

Rule 1: never retained: what is left at a broker must not reach a device a second time.
Rule 2: the broker's access rules say who may read a device's topic; what is published is nobody's proof.
"""

import asyncio
from collections.abc import Sequence

from narrowgate_fleet import Claim, CommandReason
from narrowgate_gateway.downlinks import Downlinks
from narrowgate_gateway.mqtt_connection import Connection


class MqttDownlinks:
    """Sends what waits for the devices of one broker."""

    def __init__(self, downlinks: Downlinks, topic: str) -> None:
        """Take what waits, and where it goes.

        Args:
            downlinks: the commands that wait.
            topic: with {device}, and {port} where layouts have ports.
        """
        self._downlinks = downlinks
        self._topic = topic
        self._under_way: set[asyncio.Task[None]] = set()

    def offer(self, connection: Connection, devices: Sequence[str]) -> None:
        """Send devices that have just spoken what waits for them."""
        awake = {} if self._downlinks.is_idle else self._downlinks.awaiting(devices)
        if awake:
            task = asyncio.create_task(self._send(connection, awake))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Let the rest be noted, once the connection has ended: what is claimed by then has not left."""
        await asyncio.gather(*self._under_way)

    async def _send(self, connection: Connection, awake: dict[str, int]) -> None:
        claims = await self._downlinks.claims(awake, CommandReason.TO_BROKER)
        published = [(claim, connection.publish(self._topic_of(claim), claim.payload)) for claim in claims]
        unsent = [claim for claim, outcome in published if outcome is None]
        self._downlinks.did_not_leave(unsent, "the broker was away")
        for claim, outcome in published:
            if outcome is not None:
                await self._settle(claim, outcome)

    async def _settle(self, claim: Claim, outcome: "asyncio.Future[str]") -> None:
        """Note what the broker said; where the connection ends before, nobody knows whether it has it."""
        try:
            refusal = await outcome
        except OSError:
            return
        if refusal:
            self._downlinks.refused(claim, f"the broker refused it: {refusal}")
        else:
            self._downlinks.left([claim])

    def _topic_of(self, claim: Claim) -> str:
        port = "0" if claim.port is None else str(claim.port)
        return self._topic.replace("{device}", claim.device).replace("{port}", port)
