"""The core process: pipeline, stores, cases, console. Killed, it goes on from its last transaction."""

import asyncio
import os
import threading
from contextlib import suppress
from importlib import import_module

from narrowgate_console import Access, Services
from narrowgate_fleet import FleetReader, seal_of
from narrowgate_gateway.archiving import Archiving
from narrowgate_gateway.command_keeping import CommandKeeping
from narrowgate_gateway.console_checks import binding_of
from narrowgate_gateway.control_errands import Errands
from narrowgate_gateway.control_server import answering
from narrowgate_gateway.core_sources import CoreSources
from narrowgate_gateway.desk_metrics import DeskMetrics
from narrowgate_gateway.doctor_visits import DoctorVisits, diagnose
from narrowgate_gateway.georeport import offer_of
from narrowgate_gateway.influx import Influx
from narrowgate_gateway.journal_check import JournalCheck
from narrowgate_gateway.letters_out import LettersOut, outlets_of
from narrowgate_gateway.owed import Owed
from narrowgate_gateway.past import past_of
from narrowgate_gateway.practice import practice_of
from narrowgate_gateway.precedence import give_way
from narrowgate_gateway.rule_files import engine_of
from narrowgate_gateway.self_checking import SelfChecking
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.status import Role
from narrowgate_gateway.stores import opening
from narrowgate_gateway.thrift import keep_small
from narrowgate_gateway.ticks import clock_of
from narrowgate_gateway.webhook_endpoint import status_back_of
from narrowgate_ingest.pipeline import Pipeline, Stores
from narrowgate_ingest.quarantine import Quarantine
from narrowgate_ingest.runner import Pace, Runner
from narrowgate_ingest.state import State
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_ingest.warming import Beginners


async def run_core(settings: Settings, home: Home, stop: asyncio.Event) -> None:
    """Run until `stop` is set, then work off the journal as it stands.

    Raises:
        AlreadyRunning: another core works in this home.
        OSError: the console's address is taken, or a directory cannot be written.
        ValueError: a file of rules or of the desk has faults, a rule's parameter is not its own, or there
            is no registry.
        StoreClosed: a store or the file of users cannot be opened, or another format version wrote it.
        RuntimeError: pipeline or console ended with a fault of ours; it said which.
    """
    role = Role(home.run, "core")
    keep_small()
    give_way()
    engine = engine_of(settings)
    fleet = FleetReader(home.registry, seal_of(os.environ))
    practice = practice_of(
        settings.desk,
        settings.zone,
        lambda: fleet.fleet,
        people_kept_days=settings.georeport.people_kept_days,
    )
    stores = _open_stores(home)
    home.journal.mkdir(parents=True, exist_ok=True)
    tail = Tail(home.journal)
    with opening(home.state):
        pipeline = Pipeline(tail, fleet, stores, engine, timezone=settings.zone, practice=practice)
    beginners = Beginners(pipeline, lambda: past_of(home))
    runner = Runner(pipeline, tail, _pace(settings))
    clock = clock_of(settings)
    archive = Archiving(settings.archive, home, pipeline, runner, lambda: fleet.fleet, clock)
    influx = Influx(settings.influxdb, home, stores.telemetry, runner)
    with opening(home.commands):
        keeping = CommandKeeping(home.commands, settings, clock, lambda: fleet.fleet, pipeline)
    archive.keep(settings.telemetry.days(), settings.telemetry.stays_days, influx.store)
    owed = Owed.settled(pipeline, runner, home, settings, archive.archiver)
    sources = CoreSources(home, stores, tail, runner, fleet)
    sources.keep(keeping)
    letters = LettersOut(outlets_of(settings, practice, clock.now_us), stores.state)
    checking = SelfChecking(stores, Tail(home.journal), sources.count)
    sources.show(archive, influx, letters, checking)
    sources.remind(owed, beginners, JournalCheck(home, settings, clock, lambda: pipeline.kept_from))
    sources.employ(practice)
    sources.metrics.register(DeskMetrics(sources.reader, clock))
    sources.consult(DoctorVisits(lambda: diagnose(settings, home)))
    services = Services(sources, clock, timezone=settings.zone)
    with opening(home.root / "access.db"):
        access = Access(home.root)
    ended = asyncio.Event()
    working = threading.Thread(
        target=_work, args=(runner, asyncio.get_running_loop(), ended), name="pipeline"
    )
    working.start()
    behind = (archive, influx, letters, checking, owed, keeping)
    for each in behind:
        each.start()
    try:
        async with answering(home.run, Errands(runner, home, settings, clock, archive.archiver).handlers()):
            await _serve(services, access, settings, role, stop, ended)
    finally:
        beginners.stop()
        runner.stop()
        await asyncio.to_thread(working.join)
        for each in behind:
            await asyncio.to_thread(each.stop)
        _close(stores, access, role)
    if not stop.is_set():
        raise RuntimeError("pipeline or console ended; the core begins anew from its last transaction")


def _work(runner: Runner, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """Run the pipeline and tell the console's loop when it is over, whatever it died of."""
    try:
        runner.run()
    finally:
        with suppress(RuntimeError):  # the loop may be gone
            loop.call_soon_threadsafe(ended.set)


def _open_stores(home: Home) -> Stores:
    """Open the stores; StoreClosed names the one that cannot be."""
    with opening(home.state):
        state = State(home.state)
    with opening(home.telemetry):
        telemetry = Telemetry(home.telemetry)
    with opening(home.quarantine / "quarantine.db"):
        quarantine = Quarantine(home.quarantine)
    return Stores(state, telemetry, quarantine)


def _close(stores: Stores, access: Access, role: Role) -> None:
    stores.telemetry.close()
    stores.quarantine.close()
    stores.state.close()
    access.close()
    role.release()


def _pace(settings: Settings) -> Pace:
    return Pace(
        batch_rows=settings.core.batch_rows,
        snapshot_every_s=settings.core.snapshot_every_s,
        drain_s=settings.core.drain_s,
        keep_bytes=settings.journal.keep_bytes,
    )


async def _serve(
    services: Services,
    access: Access,
    settings: Settings,
    role: Role,
    stop: asyncio.Event,
    ended: asyncio.Event,
) -> None:
    """Serve the console until told to stop, or until the pipeline is no more."""
    # The page toolkit takes a while to load; frames are decoded meanwhile.
    serving = await asyncio.to_thread(import_module, "narrowgate_console.serving")
    console = settings.console
    try:
        offer = offer_of(settings.georeport, services.now_us())
        back = status_back_of(settings.webhook)
        server = serving.serve(
            services, access, binding_of(console), tile_url=console.tile_url, offer=offer, status_back=back
        )
    except OSError as error:
        what = f"TCP port {console.port} on {console.host} (console)"
        raise OSError(error.errno, f"{what}: {error.strerror}") from None
    role.ready(console=console.address)
    answering = asyncio.create_task(server.serve())
    either = [asyncio.create_task(event.wait()) for event in (stop, ended)]
    await asyncio.wait([answering, *either], return_when=asyncio.FIRST_COMPLETED)
    for waiting in either:
        waiting.cancel()
    server.should_exit = True
    await answering
