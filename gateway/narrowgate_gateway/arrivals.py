"""Frames as a listener took them off the network, one by one, and such a list as a batch for the door."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from narrowgate_fleet import Fleet
from narrowgate_gateway.exchange_names import NO_MESSAGE_ID, Endpoints, Ragged, exchange_names
from narrowgate_gateway.source_places import source_places
from narrowgate_ingest.records import Kind, on_disk_schema
from narrowgate_schema.words import Answer, Transport

ANSWERS = tuple(Answer)
"""Answers by the number that stands for each in a batch."""

NUMBER = {answer: np.uint8(number) for number, answer in enumerate(ANSWERS)}


@dataclass(frozen=True)
class Trust:
    """What a listener takes."""

    listener: str
    tenant: str
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] | None
    """Source networks that may send; None where another judges senders, as a broker does."""
    max_payload_bytes: int
    wants_identity: bool = False
    """Whether only who has proved to be a device may send."""
    is_trusted: bool = False
    """Whether its networks alone prove that a sender is the device that it says: commands may go there."""

    def admits(self, address: str) -> bool:
        """Tell whether a source address is in an allowed network."""
        if self.networks is None:
            return True
        source = ipaddress.ip_address(address)
        mapped = source.ipv4_mapped if isinstance(source, ipaddress.IPv6Address) else None
        source = source if mapped is None else mapped
        return any(source in network for network in self.networks)


@dataclass(frozen=True)
class Arrival:
    """One frame as a listener took it off the network."""

    trust: Trust
    transport: Transport
    path: str
    port: int | None
    device: str
    address: str
    source_port: int
    message_id: int | None
    token: bytes
    confirmable: bool
    payload: bytes
    dup: bool = False
    """Whether the transport itself marks it as sent before."""
    comparable: bool = True
    """Whether the same message again would look like a repeat; else the listener tells repeats itself."""
    identity: str = ""
    """Who the transport has proved the sender to be; '' where nobody."""

    @property
    def endpoint(self) -> str:
        """Give the sender's address and port."""
        return (
            f"[{self.address}]:{self.source_port}"
            if ":" in self.address
            else f"{self.address}:{self.source_port}"
        )


class ArrivalBatch:
    """Arrivals as one batch."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        """Take them in order."""
        self._arrivals = arrivals

    def __len__(self) -> int:
        """Give their number."""
        return len(self._arrivals)

    @property
    def confirmable(self) -> NDArray[np.bool_]:
        """Tell which senders wait for an answer."""
        return np.array([arrival.confirmable for arrival in self._arrivals], np.bool_)

    def slots(self, fleet: Fleet) -> NDArray[np.int32]:
        """Give the slots of the devices that they claim to be of."""
        return fleet.slots([arrival.device for arrival in self._arrivals])

    def identities(self) -> Sequence[str] | None:
        """Give who the senders have proved to be; None where that is asked of nobody and nobody says."""
        if not any(each.identity or each.trust.wants_identity for each in self._arrivals):
            return None
        return [each.identity for each in self._arrivals]

    @property
    def wants_identity(self) -> bool:
        """Tell whether all of them have to prove who they are."""
        return any(each.trust.wants_identity for each in self._arrivals)

    def judged(self) -> NDArray[np.uint8]:
        """Give the answers that transport facts alone give."""
        return np.array([NUMBER[_judged(arrival)] for arrival in self._arrivals], np.uint8)

    def names(self) -> NDArray[np.uint64]:
        """Give the exchanges' names; 0 where none can be known again."""
        rows = self._arrivals
        ids = [NO_MESSAGE_ID if each.message_id is None else each.message_id for each in rows]
        names = exchange_names(
            Endpoints.of([each.address for each in rows], [each.source_port for each in rows]),
            np.array(ids, np.int64),
            Ragged.of([each.token for each in rows]),
            Ragged.of([each.payload for each in rows]),
        )
        names[[not each.comparable for each in rows]] = 0
        return names

    def too_fast(
        self, rows: NDArray[np.intp], slots: NDArray[np.int32], now_s: float
    ) -> NDArray[np.bool_] | None:
        """Give None: no rate is set here."""
        return None

    def from_sources(self, rows: NDArray[np.intp]) -> tuple[str, NDArray[np.int64], NDArray[np.int64]] | None:
        """Give listener, places of sources and sizes of some rows; None where a broker stands for all."""
        some = [self._arrivals[row] for row in rows.tolist()]
        if not some or some[0].trust.networks is None:
            return None
        endpoints = Endpoints.of([each.address for each in some], [each.source_port for each in some])
        sizes = np.array([len(each.payload) for each in some], np.int64)
        return some[0].trust.listener, source_places(endpoints.addresses), sizes

    def uplinks(self, rows: NDArray[np.intp], received_at_us: NDArray[np.int64]) -> pa.RecordBatch:
        """Give some of them as they are journalled."""
        some = [self._arrivals[row] for row in rows.tolist()]
        columns: dict[str, object] = {
            "received_at": received_at_us,
            "transport": [each.transport for each in some],
            "listener": [each.trust.listener for each in some],
            "path": [each.path for each in some],
            "port": [each.port for each in some],
            "claimed_device": [each.device for each in some],
            "authenticated_as": [each.identity or None for each in some],
            "tenant": [each.trust.tenant for each in some],
            "endpoint": [each.endpoint for each in some],
            "message_id": [each.message_id for each in some],
            "token": [each.token for each in some],
            "confirmable": [each.confirmable for each in some],
            "dup": [each.dup for each in some],
            "payload": [each.payload for each in some],
        }
        schema = on_disk_schema(Kind.UPLINKS)
        unsaid = [None] * len(some)
        return pa.record_batch(
            [pa.array(columns.get(field.name, unsaid), field.type) for field in schema], schema=schema
        )


def _judged(arrival: Arrival) -> Answer:
    if not arrival.trust.admits(arrival.address):
        return Answer.FORBIDDEN
    return Answer.TOO_LARGE if len(arrival.payload) > arrival.trust.max_payload_bytes else Answer.KEPT
