"""What all ways to a gateway have in common, and which way an address means."""

import ssl
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.link import CoapLink
from narrowgate_simulators.mqtt_link import MqttLink
from narrowgate_simulators.report import SentReport
from narrowgate_simulators.target import Target
from narrowgate_simulators.timing import Timing, Weather
from narrowgate_simulators.udp_link import UdpLink


class Link(Protocol):
    """Sends emissions to one gateway and knows when each is settled; an async context manager."""

    @property
    def report(self) -> SentReport:
        """Give the counts of everything sent through this link."""
        ...

    async def __aenter__(self) -> Self:
        """Open what is needed to send; OSError if it cannot be opened."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        ...

    async def reach(self, within_s: float) -> None:
        """Wait for a sign of the gateway; GatewaySilentError if none came within the time [s]."""
        ...

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Send emissions and wait until each is settled."""
        ...


def open_link(
    target: Target,
    *,
    timing: Timing | None = None,
    weather: Weather | None = None,
    acks: Path | None = None,
    password: str | None = None,
    ca_file: Path | None = None,
) -> Link:
    """Give the link that a target's scheme means; nothing is opened before its context is entered.

    Args:
        target: the gateway.
        timing: the devices' patience.
        weather: doubled uplinks and lost answers.
        acks: append each acknowledgement to this JSON Lines file as it arrives.
        password: of the target's user; MQTT only.
        ca_file: certificates to trust instead of the host's, PEM; mqtts only.

    Raises:
        ValueError: a password or certificates for a target that takes none, or a file without certificates.
        OSError: the file of certificates cannot be read.
    """
    if ca_file is not None and target.scheme != "mqtts":
        raise ValueError(f"{target}: certificates are of use to mqtts:// only")
    if password is not None and target.user is None:
        raise ValueError(f"{target}: a password needs a user, mqtt://USER@HOST")
    if target.scheme == "coap":
        return CoapLink(target, timing=timing, weather=weather, acks=acks)
    if target.scheme == "udp":
        return UdpLink(target, timing=timing, weather=weather, acks=acks)
    tls = _verifying(ca_file) if target.scheme == "mqtts" else None
    return MqttLink(target, timing=timing, weather=weather, acks=acks, password=password, tls=tls)


def _verifying(ca_file: Path | None) -> ssl.SSLContext:
    """Give a context that checks chain and name; there is none that does not."""
    if ca_file is not None:
        # The context's own complaint about a missing file does not name it.
        ca_file.read_bytes()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise ValueError(f"{ca_file}: no certificates in PEM form") from error
