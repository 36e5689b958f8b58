"""MQTT from pretend devices: QoS 1 over a few shared connections; acknowledged is what the broker PUBACKed.

A device always uses the same connection, and one connection publishes in order: what a broker did not
acknowledge is published again, before anything newer, over a connection opened anew.
"""

import asyncio
import logging
import secrets
import socket
import ssl
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from zlib import crc32

import aiomqtt

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.link import GatewaySilentError
from narrowgate_simulators.mqtt_line import Line
from narrowgate_simulators.report import Book, SentReport
from narrowgate_simulators.target import Target
from narrowgate_simulators.timing import Timing, Weather
from narrowgate_simulators.together import together

CONNECTIONS = 8
WINDOW = 64
"""A broker that leaves Nagle's algorithm on answers a small window only every 40 ms."""
_RETRY_S = 0.2
_LOGGER = logging.getLogger(__name__)
_LOGGER.addHandler(logging.NullHandler())  # a lost connection is in the report, not on the terminal


class GatewayRefusesError(ConnectionError):
    """A broker answered, and does not let the devices in."""


class MqttLink:
    """Publishes emissions to one broker and knows when each is settled; an async context manager."""

    def __init__(
        self,
        target: Target,
        *,
        timing: Timing | None = None,
        weather: Weather | None = None,
        connections: int = CONNECTIONS,
        window: int = WINDOW,
        acks: Path | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Check the arguments; nothing connects before emissions are sent or `reach` is called.

        Args:
            target: the broker.
            timing: `answer_s` is the wait for a PUBACK, `give_up_s` how long a device keeps a reading.
            weather: doubled publications and lost PUBACKs.
            connections: most connections at once.
            window: most unacknowledged publications of one connection.
            acks: append each acknowledgement to this JSON Lines file as it arrives.
            password: of the target's user.
            tls: speaks TLS with this context.
        """
        if connections < 1 or window < 1:
            raise ValueError(f"connections and window must be at least 1, not {connections} and {window}")
        self._target, self._password, self._tls = target, password, tls
        self._window = window
        self._book = Book(acks)
        self._name = f"narrowgate-{secrets.token_hex(4)}"
        self._lines = [
            Line(
                lambda number=number: self._client(number),  # type: ignore[misc]
                self._book,
                timing or Timing(),
                weather or Weather(),
                window,
            )
            for number in range(connections)
        ]

    @property
    def report(self) -> SentReport:
        """Give the counts of everything sent through this link."""
        return self._book.report

    async def __aenter__(self) -> "MqttLink":
        """Open the file; OSError if it cannot be written."""
        self._book.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections and the file."""
        await together(line.close() for line in self._lines)
        self._book.close()

    async def reach(self, within_s: float) -> None:
        """Connect once.

        Raises:
            GatewaySilentError: no broker answered within the time [s].
            GatewayRefusesError: one answered and refuses the user, or its certificate is not trusted.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + within_s
        while True:
            try:
                await self._lines[0].connect(max(0.05, deadline_s - loop.time()))
                return
            except aiomqtt.MqttError as error:
                self._judge(error)
                if loop.time() + _RETRY_S >= deadline_s:
                    raise GatewaySilentError(
                        f"no answer from {self._target} within {within_s:g} s: {error}"
                    ) from error
            await asyncio.sleep(_RETRY_S)

    def _judge(self, error: aiomqtt.MqttError) -> None:
        """Raise what no waiting mends."""
        if isinstance(error, aiomqtt.MqttCodeError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise GatewayRefusesError(f"{self._target} cannot be used: {error}") from error

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Publish emissions and wait until each is acknowledged or given up.

        Raises:
            OSError: the file of acknowledgements can no longer be written.
            ValueError: a path is no topic that can be published to.
        """
        for emission in emissions:
            if {"+", "#"} & set(emission.path):
                raise ValueError(f"path: {emission.path!r} is no topic to publish to, as it holds + or #")
            line = self._lines[crc32(emission.device.encode()) % len(self._lines)]
            line.offer(emission, asyncio.get_running_loop().time())
            self.report.sent += 1
        await together(line.flush() for line in self._lines)

    def _client(self, number: int) -> aiomqtt.Client:
        client = aiomqtt.Client(
            self._target.host,
            self._target.port,
            username=self._target.user,
            password=self._password,
            identifier=f"{self._name}-{number}",
            tls_context=self._tls,
            logger=_LOGGER,
            max_inflight_messages=2 * self._window,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        client.pending_calls_threshold = 2 * self._window
        return client
