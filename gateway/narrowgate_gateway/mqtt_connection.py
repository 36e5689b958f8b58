"""One connection to a broker, from CONNECT to its end.

Rule 1: a connection is used once: a PUBACK belongs to the connection its message came on and dies with it.
Rule 2: paho has no thread here. It connects in a worker thread, since its connect blocks (name, TCP, TLS);
        from then on the event loop drives its socket.
Rule 3: nothing is acknowledged but by `settle`.
Rule 4: whoever opens it takes deliveries at once: a resumed session's come before the subscription's answer,
        and more of them than may be in flight (Mosquitto 2.0.11 sends hundreds at a window of 50).
"""

import asyncio
import ssl
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt import MQTTException
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from narrowgate_gateway.mqtt_client import CONNECT_TIMEOUT_S, Refused, connect, made
from narrowgate_gateway.mqtt_settings import MqttBroker
from narrowgate_gateway.path_template import PathTemplate

_BURST = 256
_HOUSEKEEPING_S = 1.0
_HOPELESS = ("Not authorized", "Bad user name or password", "Client identifier not valid", "Banned")
_OLD_VERSION = "Unsupported protocol version"
_TAKEN_OVER = "Session taken over"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One PUBLISH as the broker sent it."""

    topic: str | None
    """None if it is not UTF-8."""
    payload: bytes
    qos: int
    mid: int
    dup: bool
    retain: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a connection ended."""

    why: str
    is_hopeless: bool = False
    """Whether another attempt soon would end the same way."""


class Connection:
    """One life of a connection; it is opened once and ends once."""

    def __init__(self, settings: MqttBroker, on_news: Callable[[], None]) -> None:
        """Prepare; `on_news` is called in the event loop after deliveries came in, and at the end."""
        self._settings = settings
        self._on_news = on_news
        self._loop = asyncio.get_running_loop()
        self._client = made(settings)
        self._welcomed: asyncio.Future[None] = self._loop.create_future()
        self._patience_ends_s = 0.0
        self._misc: asyncio.TimerHandle | None = None
        self._deliveries: list[Delivery] = []
        self.unsettled = 0
        """Deliveries taken from the broker and not settled."""
        self._published: dict[int, asyncio.Future[str]] = {}
        self._socket: Any = None
        self._is_reading = False
        self.ending: Ending | None = None
        """Why the connection ended, once it has."""
        self.is_subscribed = False
        self.session_present = False
        """Whether the broker had kept the session."""
        self.last_heard_s = 0.0
        """When the broker last sent a message or an answer; monotonic [s]."""

    async def open(self) -> None:
        """Connect, and begin to subscribe.

        Raises:
            OSError: the broker cannot be reached or does not answer.
            Refused: the broker refuses the client or its user, or is not who it should be.
        """
        await asyncio.to_thread(connect, self._client, self._settings)
        self._adopt()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.shield(self._welcomed)
        except TimeoutError:
            raise OSError(None, _silence()) from None
        finally:
            if not self._welcomed.done() or self._welcomed.exception() is not None:
                self.cut(Ending("no connection came of it"))

    def take(self) -> list[Delivery]:
        """Give what came in since the last call; each is to be settled."""
        taken, self._deliveries = self._deliveries, []
        return taken

    def settle(self, delivery: Delivery, *, acknowledge: bool) -> None:
        """Be done with a delivery; it is acknowledged unless the connection has ended."""
        self.unsettled -= 1
        if acknowledge and delivery.qos == 1 and self.ending is None:
            self._client.ack(delivery.mid, 1)
        if self.unsettled <= self._settings.max_in_flight // 2:
            self._read_on()

    def publish(self, topic: str, payload: bytes) -> "asyncio.Future[str] | None":
        """Send a message at QoS 1, not retained.

        Returns:
            What the broker says of it: '' for yes, else why not; OSError if the connection ends before.
            None if surely no byte left.
        """
        if self.ending is not None:
            return None
        sent = self._client.publish(topic, payload, qos=1)
        if sent.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            return None
        outcome: asyncio.Future[str] = self._loop.create_future()
        self._published[sent.mid] = outcome
        return outcome

    def close(self) -> None:
        """Send what is to be sent, say goodbye, and close."""
        for step in (self._client.loop_write, self._client.disconnect, self._client.loop_write):
            self._guarded(step)
        self.cut(Ending("closed"))

    def cut(self, ending: Ending) -> None:
        """End the connection as it stands."""
        self._note_end(ending)
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _adopt(self) -> None:
        """Drive the socket from the event loop from now on."""
        client = self._client
        self._socket = client.socket()
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_socket_close = lambda *_: self._release()
        client.on_socket_register_write = self._wants_to_write
        client.on_socket_unregister_write = self._has_written
        self._patience_ends_s = time.monotonic() + 2 * CONNECT_TIMEOUT_S
        self._housekeeping()
        self._guarded(client.loop_write)
        self._read_on()

    def _housekeeping(self) -> None:
        """Keep the connection alive, and notice when it no longer is."""
        self._misc = self._loop.call_later(_HOUSEKEEPING_S, self._housekeeping)
        self._guarded(self._client.loop_misc)
        if not self.is_subscribed and not self.unsettled and time.monotonic() > self._patience_ends_s:
            self.cut(Ending(_silence()))

    def _readable(self) -> None:
        """Read what there is, at most a burst: other sockets wait too."""
        for _ in range(_BURST):
            before = self.unsettled
            self._guarded(self._client.loop_read)
            if self._socket is None or (self.unsettled == before and not self._has_more()):
                break
            if self.unsettled > self._settings.max_in_flight:
                self._read_no_more()
                break
        else:
            if self._has_more():  # TLS has read ahead of the kernel, which would not tell again
                self._loop.call_soon(self._read_ahead)
        self.last_heard_s = time.monotonic()
        if self._deliveries:
            self._on_news()

    def _read_ahead(self) -> None:
        if self._is_reading:
            self._readable()

    def _has_more(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _read_on(self) -> None:
        if not self._is_reading and self._socket is not None:
            self._is_reading = True
            self._loop.add_reader(self._socket, self._readable)
            if self._has_more():
                self._loop.call_soon(self._read_ahead)

    def _read_no_more(self) -> None:
        if self._is_reading and self._socket is not None:
            self._is_reading = False
            self._loop.remove_reader(self._socket)

    def _wants_to_write(self, _client: Client, _userdata: object, sock: Any) -> None:
        self._loop.add_writer(sock, self._guarded, self._client.loop_write)

    def _has_written(self, _client: Client, _userdata: object, sock: Any) -> None:
        if self._socket is not None:
            self._loop.remove_writer(sock)

    def _release(self) -> None:
        """Take the socket out of the event loop; it is about to close."""
        if self._socket is not None:
            self._read_no_more()
            self._loop.remove_writer(self._socket)
            self._socket = None

    def _guarded(self, step: Callable[[], MQTTErrorCode]) -> None:
        """Take one step of paho's; a broker that breaks the protocol loses its connection."""
        if self.ending is not None:
            return
        try:
            step()
        except (OSError, ValueError, IndexError, struct.error, MQTTException) as error:
            self.cut(Ending(f"the broker broke the protocol ({type(error).__name__})"))

    def _note_end(self, ending: Ending) -> None:
        """Tell everybody who waits; paho closes the socket itself where it is paho that ended it."""
        if self._misc is not None:
            self._misc.cancel()
        self._release()
        self._turn_away(OSError(None, ending.why))
        for outcome in self._published.values():
            if not outcome.done():
                outcome.set_exception(OSError(None, ending.why))
                outcome.exception()  # nobody may be waiting
        self._published.clear()
        if self.ending is None:
            self.ending = ending
            self._on_news()

    def _on_connect(
        self, client: Client, _userdata: object, flags: ConnectFlags, reason: ReasonCode, _p: object
    ) -> None:
        if reason.is_failure:
            self._turn_away(_refusal(str(reason)))
            return
        self.session_present = flags.session_present
        if not self._welcomed.done():
            self._welcomed.set_result(None)
        topic = PathTemplate.parse(self._settings.topic).subscription
        if self._settings.version == "5":
            # Retained copies are sent when a subscription is new, not again at every connection.
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            client.subscribe(topic, options=options)
        else:
            client.subscribe(topic, qos=1)

    def _on_subscribe(
        self, _client: Client, _userdata: object, _mid: int, reasons: list[ReasonCode], _p: object
    ) -> None:
        topic = self._settings.topic
        if not reasons or reasons[0].is_failure:
            words = str(reasons[0]) if reasons else "no reason is given"
            self.cut(Ending(f"it refuses the subscription to {topic}: {words}", is_hopeless=True))
        elif reasons[0].value != 1:
            self.cut(Ending(f"it grants QoS 0 only for {topic}, which loses messages", is_hopeless=True))
        else:
            self.is_subscribed = True
            self._on_news()

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = None
        self.unsettled += 1
        self._deliveries.append(
            Delivery(topic, bytes(message.payload), message.qos, message.mid, message.dup, message.retain)
        )

    def _on_publish(
        self, _client: Client, _userdata: object, mid: int, reason: ReasonCode, _p: object
    ) -> None:
        outcome = self._published.pop(mid, None)
        if outcome is not None and not outcome.done():
            outcome.set_result(str(reason) if reason.is_failure else "")

    def _on_disconnect(
        self, _client: Client, _userdata: object, flags: DisconnectFlags, reason: ReasonCode, _p: object
    ) -> None:
        words = str(reason) if flags.is_disconnect_packet_from_server else "the connection was lost"
        if words == _TAKEN_OVER:
            self._note_end(Ending(f"{words}: another client uses this client_id", is_hopeless=True))
        else:
            self._note_end(Ending(words))

    def _turn_away(self, fault: Exception) -> None:
        if not self._welcomed.done():
            self._welcomed.set_exception(fault)
            self._welcomed.exception()  # nobody may be waiting: that is no fault of its own


def _refusal(words: str) -> Exception:
    """Give what a CONNACK's words mean for the next attempt."""
    if words == _OLD_VERSION:
        return Refused(f'{words}: set version = "3.1.1"')
    return Refused(words) if words in _HOPELESS else OSError(None, words)


def _silence() -> str:
    return f"no answer within {CONNECT_TIMEOUT_S:.0f} s"
