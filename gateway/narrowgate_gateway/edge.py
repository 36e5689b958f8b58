"""The edge process: sockets, door, journal, ticks. Nothing else, so that nothing else costs a datagram."""

import asyncio
import ipaddress
import logging
import math
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from narrowgate_fleet import CommandSending, Fleet, FleetReader, RegistryFault
from narrowgate_gateway.coap import CoapServer
from narrowgate_gateway.coap_calling import Calling
from narrowgate_gateway.coap_uplinks import Limits
from narrowgate_gateway.command_settings import Commands
from narrowgate_gateway.committer import Committer
from narrowgate_gateway.door import Door, Trust
from narrowgate_gateway.downlinks import Downlinks
from narrowgate_gateway.exchange_recall import remembered
from narrowgate_gateway.mqtt_brokers import Brokers, places
from narrowgate_gateway.mqtt_redelivery import RECENT_US
from narrowgate_gateway.mqtt_redelivery import remembered as redeliveries
from narrowgate_gateway.path_template import PathTemplate
from narrowgate_gateway.settings import CoapListener, Home, Settings
from narrowgate_gateway.status import Role
from narrowgate_gateway.strangers_quota import StrangersQuota, held_in
from narrowgate_gateway.ticks import clock_of, keep_ticking
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.journal import Journal
from narrowgate_ingest.lineage import floor_of
from narrowgate_ingest.recovery import NOTHING_READ, Floor
from narrowgate_schema.clock import SystemClock

if TYPE_CHECKING:
    from narrowgate_gateway.udp import UdpServer

_LOG = logging.getLogger(__name__)


async def run_edge(settings: Settings, home: Home, stop: asyncio.Event) -> None:
    """Run until `stop` is set; everything acknowledged is on disk at every moment.

    Raises:
        AlreadyRunning, JournalLocked: another edge works in this home.
        OSError: an address is taken or a directory cannot be written.
        ValueError: another format version wrote the journal, or there is no registry.
    """
    role = Role(home.run, "edge")
    journal = Journal(home.journal, segment_bytes=settings.journal.segment_bytes, floor=_floor(home))
    counters = DoorCounters(home.door_counters)
    clock = clock_of(settings)
    committer = Committer(
        journal,
        counters,
        pending_rows=settings.journal.pending_frames,
        min_free_bytes=settings.journal.min_free_bytes,
    )
    exchanges = remembered(home.journal, journal.end, clock, settings.door.exchanges)
    quota = StrangersQuota(
        settings.door.strangers_bytes, held_in(home.quarantine, home.state), lambda: journal.end
    )
    door = Door(committer, exchanges, counters, clock, quota)
    fleet = NewestFleet(FleetReader(home.registry))
    working = [
        asyncio.create_task(committer.run()),
        asyncio.create_task(keep_ticking(committer, clock, settings.clock.tick_every_s)),
    ]
    downlinks = await _downlinks(settings, home, door, fleet)
    if downlinks is not None:
        working.append(asyncio.create_task(downlinks.watch()))
    most = settings.journal.pending_frames
    servers = [
        await _listen(listener, settings.commands, door, fleet, most, downlinks) for listener in settings.coap
    ]
    ports = _ports(settings, door, fleet, downlinks)
    within_us = RECENT_US if isinstance(clock, SystemClock) else math.inf
    memories = redeliveries(home.journal, journal.end, places(settings.mqtt), within_us=within_us)
    brokers = Brokers(
        settings.mqtt, door, fleet, counters, memories, lambda: _tell(role, settings, brokers), downlinks
    )
    _tell(role, settings, brokers)
    takers: list[UdpServer | Brokers] = [*ports, brokers] if settings.mqtt else [*ports]
    taking = [asyncio.create_task(each.run()) for each in takers]
    await _until(stop, [*working, *taking])
    for each in takers:
        each.stop()
    await asyncio.gather(*taking)
    await _close(committer, working, servers)
    if downlinks is not None:
        await downlinks.close()
    journal.close()
    role.release()


async def _downlinks(settings: Settings, home: Home, door: Door, fleet: "NewestFleet") -> Downlinks | None:
    """Give what waits for devices; None where no listener may send them anything.

    A file of commands that cannot be used keeps no frame out: it is told, and nothing is sent.
    """
    ways = [each.trusted for each in settings.coap] + [each.trusted for each in settings.udp]
    if not any(ways + [bool(each.down_topic) for each in settings.mqtt]):
        return None
    terms = settings.commands
    try:
        sending = CommandSending(home.commands, answer_s=terms.answer_s, cell_per_min=terms.cell_per_min)
    except (sqlite3.Error, ValueError) as error:
        _LOG.warning("no device is sent a command: %s: %s", home.commands, error)
        return None
    downlinks = Downlinks(sending, door.instant_us, fleet)
    await downlinks.recall()
    await downlinks.look()
    return downlinks


def _floor(home: Home) -> Floor:
    """Give how far the stores have read; frames are kept all the same where these cannot be asked."""
    try:
        return floor_of(home.state)
    except sqlite3.Error as error:
        _LOG.warning("%s cannot be asked how far the journal was read (%s)", home.state, error)
        return NOTHING_READ


def _tell(role: Role, settings: Settings, brokers: Brokers) -> None:
    """Say who listens where, and how each broker stands."""
    listeners = [{"name": each.name, "host": each.host, "port": each.port} for each in settings.coap]
    listeners += [{"name": each.name, "host": each.host, "port": each.port} for each in settings.udp]
    standing = {"brokers": brokers.status} if settings.mqtt else {}
    role.ready(listeners=listeners, **standing)


async def _until(stop: asyncio.Event, working: Iterable["asyncio.Task[None]"]) -> None:
    """Wait for the end; what a task died of ends the process, whose successor begins anew."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([stopping, *working], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done:
        task.result()


async def _close(
    committer: Committer, working: list["asyncio.Task[None]"], servers: Iterable[CoapServer]
) -> None:
    """Keep what is pending, say so, and close the sockets last."""
    committing, *others = working
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    committer.close()
    await committing
    for server in servers:
        await server.close()


class NewestFleet:
    """The newest fleet that can be read: a damaged version is told once, and the one before stands."""

    def __init__(self, reader: FleetReader) -> None:
        self._reader = reader
        self._trouble = ""

    def __call__(self) -> Fleet:
        """Give the fleet."""
        try:
            fleet = self._reader.refresh()
        except (RegistryFault, OSError) as fault:
            if str(fault) != self._trouble:
                self._trouble = str(fault)
                _LOG.warning("%s; the registry as it was before stands", fault)
            return self._reader.fleet
        self._trouble = ""
        return fleet


async def _listen(
    listener: CoapListener,
    terms: Commands,
    door: Door,
    fleet: NewestFleet,
    most_at_once: int,
    downlinks: Downlinks | None,
) -> CoapServer:
    trust = Trust(
        listener.name,
        listener.tenant,
        tuple(map(ipaddress.ip_network, listener.allow)),
        listener.max_payload_bytes,
        is_trusted=listener.trusted,
    )
    try:
        return await CoapServer.open(
            listener.host,
            listener.port,
            PathTemplate.parse(listener.path),
            trust,
            door,
            fleet,
            limits=Limits.of(listener.device_per_s, listener.source_per_s),
            most_at_once=most_at_once,
            downlinks=downlinks,
            calling=Calling(
                terms.path, listener.active_window_s, listener.edrx_cycle_s, answer_s=terms.answer_s
            ),
        )
    except OSError as error:
        what = f"UDP port {listener.port} on {listener.host} (coap listener {listener.name!r})"
        raise OSError(error.errno, f"{what}: {error.strerror}") from None


def _ports(
    settings: Settings, door: Door, fleet: NewestFleet, downlinks: Downlinks | None
) -> list["UdpServer"]:
    """Open the ports for bare datagrams."""
    if not settings.udp:
        return []
    # Only these read frames in the edge: the others are spared the codecs' start.
    from narrowgate_gateway.udp import UdpServer

    most = settings.journal.pending_frames
    return [UdpServer(each, door, fleet, most_at_once=most, downlinks=downlinks) for each in settings.udp]
