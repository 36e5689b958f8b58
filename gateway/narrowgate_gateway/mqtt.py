"""The MQTT listener: subscribes to a broker at QoS 1 and acknowledges after the journal's sync.

What arrives while one sync runs is taken by the next. A message that cannot be kept is not acknowledged: the
connection ends, and after a pause the broker offers it again. A message refused for good (another topic, too
long, a suspended device) is acknowledged and counted, since it would be offered for ever.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from narrowgate_fleet import Fleet
from narrowgate_gateway.door import Arrival, Door, Trust
from narrowgate_gateway.downlinks import Downlinks
from narrowgate_gateway.mqtt_client import Refused
from narrowgate_gateway.mqtt_connection import Connection, Delivery, Ending
from narrowgate_gateway.mqtt_downlinks import MqttDownlinks
from narrowgate_gateway.mqtt_redelivery import Redeliveries
from narrowgate_gateway.mqtt_settings import MqttBroker
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_gateway.pauses import Pauses
from narrowgate_ingest.counters import DoorCounters
from narrowgate_schema.words import Answer, Transport

_CANNOT_KEEP = Ending("the journal cannot keep; the broker holds the messages")
_STOPPED = Ending("stopped")
_LOG = logging.getLogger(__name__)


class MqttListener:
    """Takes messages from one broker for as long as it runs."""

    def __init__(
        self,
        settings: MqttBroker,
        door: Door,
        fleet: Callable[[], Fleet],
        counters: DoorCounters,
        memory: Redeliveries,
        on_change: Callable[[], None],
        downlinks: Downlinks | None = None,
    ) -> None:
        """Prepare; nothing is opened before `run`.

        Args:
            settings: the broker.
            door: who judges and keeps.
            fleet: gives the newest registry.
            counters: what the door has said.
            memory: what was kept of the session.
            on_change: called when `status` is another.
            downlinks: what waits for devices; None: nothing is ever sent to them.
        """
        may_send = downlinks is not None and settings.down_topic
        self._down = MqttDownlinks(downlinks, settings.down_topic) if downlinks and may_send else None
        self._settings = settings
        self._template = PathTemplate.parse(settings.topic)
        self._trust = Trust(settings.name, settings.tenant, None, settings.max_payload_bytes)
        self._door = door
        self._fleet = fleet
        self._counters = counters
        self._memory = memory
        self._on_change = on_change
        self._pauses = Pauses(settings.retry_max_s)
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._had_session = False
        self._connection: Connection | None = None
        self.status = self._status("connecting", "")

    @property
    def unsettled(self) -> int:
        """Give the number of messages taken from the broker and not yet kept or refused."""
        return 0 if self._connection is None else self._connection.unsettled

    async def run(self) -> None:
        """Stay subscribed until `stop`; everything taken by then is kept and acknowledged."""
        while not self._stopping.is_set():
            pause_s = await self._one_connection()
            if not self._stopping.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._stopping.wait()

    def stop(self) -> None:
        """Have `run` end."""
        self._stopping.set()
        self._news.set()

    async def _one_connection(self) -> float:
        """Live one connection's life; give the pause before the next one [s]."""
        connection = self._connection = Connection(self._settings, self._news.set)
        try:
            await connection.open()
        except Refused as refusal:
            return self._failed("refused", str(refusal), hopeless=True)
        except OSError as error:
            return self._failed("unreachable", error.strerror or str(error))
        self._resume(connection)
        began_s = time.monotonic()
        ending = await self._receive(connection)
        connection.close()
        if self._down is not None:
            await self._down.close()
        self._memory.connection_ended(connection.last_heard_s)
        if ending is _STOPPED:
            self._say("closed", "")
            return 0.0
        if ending is not _CANNOT_KEEP and time.monotonic() - began_s >= self._settings.retry_max_s:
            self._pauses.went_well()  # not sooner: two gateways under one name would throw each other out
        state = "refused" if ending.is_hopeless else "lost"
        return self._failed(state, ending.why, hopeless=ending.is_hopeless)

    def _resume(self, connection: Connection) -> None:
        """Compare the broker's memory of the session with ours."""
        if not connection.session_present:
            self._memory.session_lost()
            if self._had_session:
                self._warn("the broker has forgotten the session: what it held for us meanwhile is lost")
        self._had_session = True

    async def _receive(self, connection: Connection) -> Ending:
        """Take in batches until the connection ends, nothing can be kept, or it is to stop."""
        while True:
            await self._news.wait()
            self._news.clear()
            if connection.is_subscribed:
                self._say("connected", "")
            deliveries = connection.take()
            if deliveries and not await self._take_in(connection, deliveries):
                return _CANNOT_KEEP
            if connection.ending is not None:
                return connection.ending
            if self._stopping.is_set():
                return _STOPPED

    async def _take_in(self, connection: Connection, deliveries: Sequence[Delivery]) -> bool:
        """Have a batch kept and acknowledge it; tell whether everything could be."""
        arrivals: list[Arrival] = []
        offered: list[Delivery] = []
        for delivery in deliveries:
            arrival = self._arrival(delivery)
            if arrival is None:
                connection.settle(delivery, acknowledge=True)
            else:
                arrivals.append(arrival)
                offered.append(delivery)
        answers = await self._door.admit(arrivals, self._fleet()) if arrivals else []
        if self._down is not None:
            kept = [
                each.device for each, answer in zip(arrivals, answers, strict=True) if answer is Answer.KEPT
            ]
            self._down.offer(connection, kept)
        now_s = time.monotonic()
        for delivery, answer in zip(offered, answers, strict=True):
            if answer is Answer.KEPT and delivery.qos:
                self._memory.keep(delivery.mid, delivery.topic or "", delivery.payload)
                self._memory.acknowledged(delivery.mid, now_s)
            connection.settle(delivery, acknowledge=answer is not Answer.CANNOT_KEEP)
        return Answer.CANNOT_KEEP not in answers

    def _arrival(self, delivery: Delivery) -> Arrival | None:
        """Give what goes to the door; None if it is done with, and counted, here."""
        if delivery.retain:
            self._counters.add("retained")
            return None
        self._count(delivery)
        topic = delivery.topic
        fields = None if topic is None else self._template.match(topic.split("/"))
        if topic is None or fields is None:
            self._door.count(Answer.UNKNOWN_SENDER)
            return None
        if delivery.dup and self._memory.knows(delivery.mid, topic, delivery.payload):
            self._door.count(Answer.DUPLICATE)
            return None
        device, port = fields
        return Arrival(
            trust=self._trust,
            transport=Transport.MQTT,
            path=topic,
            port=port,
            device=device,
            address=self._settings.host,
            source_port=self._settings.port,
            message_id=delivery.mid if delivery.qos else None,
            token=b"",
            confirmable=delivery.qos > 0,
            payload=delivery.payload,
            dup=delivery.dup,
            comparable=False,
        )

    def _count(self, delivery: Delivery) -> None:
        """Tell publishes apart that promise less than others, or come again."""
        if delivery.qos == 0:
            self._counters.add("qos0")
        if delivery.dup:
            self._counters.add("redelivered")

    def _failed(self, state: str, why: str, *, hopeless: bool = False) -> float:
        """Say why there is no connection, once as long as it stays the reason; give the pause [s]."""
        pause_s = self._pauses.next_s(hopeless=hopeless)
        if (self.status["state"], self.status["detail"]) != (state, why):
            self._warn(f"{state}: {why}; trying again, at most every {self._settings.retry_max_s:g} s")
        self._say(state, why)
        return pause_s

    def _warn(self, what: str) -> None:
        _LOG.warning("mqtt listener %r at %s: %s", self._settings.name, self._settings.address, what)

    def _say(self, state: str, detail: str) -> None:
        status = self._status(state, detail)
        if status != self.status:
            self.status = status
            self._on_change()

    def _status(self, state: str, detail: str) -> dict[str, str]:
        settings = self._settings
        return {"name": settings.name, "broker": settings.address, "state": state, "detail": detail}
