"""The core process: pipeline, stores, cases, console. Killed, it goes on from its last transaction."""

import asyncio
import threading
from importlib import import_module

from narrowgate_console import Services
from narrowgate_fleet import FleetReader
from narrowgate_gateway.core_sources import CoreSources
from narrowgate_gateway.edge import clock_of
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.status import Role
from narrowgate_ingest.pipeline import Pipeline, Stores
from narrowgate_ingest.quarantine import Quarantine
from narrowgate_ingest.runner import Pace, Runner
from narrowgate_ingest.state import State
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_rules import RULES, Engine


async def run_core(settings: Settings, home: Home, stop: asyncio.Event) -> None:
    """Run until `stop` is set, then work off the journal as it stands.

    Raises:
        AlreadyRunning: another core works in this home.
        OSError: the console's address is taken, or a directory cannot be written.
        ValueError: another format version wrote a store, or a rule's parameter is not its own.
    """
    role = Role(home.run, "core")
    engine = Engine(RULES, settings.rules, timezone=settings.zone)
    stores = Stores(State(home.state), Telemetry(home.telemetry), Quarantine(home.quarantine))
    home.journal.mkdir(parents=True, exist_ok=True)
    tail = Tail(home.journal)
    pipeline = Pipeline(tail, FleetReader(home.registry), stores, engine, timezone=settings.zone)
    runner = Runner(pipeline, tail, _pace(settings))
    sources = CoreSources(home, stores, tail, runner)
    services = Services(sources, clock_of(settings), timezone=settings.zone)
    working = threading.Thread(target=runner.run, name="pipeline")
    working.start()
    try:
        await _serve(services, settings, role, stop)
    finally:
        runner.stop()
        await asyncio.to_thread(working.join)
        stores.telemetry.close()
        stores.quarantine.close()
        stores.state.close()
        role.release()


def _pace(settings: Settings) -> Pace:
    return Pace(
        batch_rows=settings.core.batch_rows,
        snapshot_every_s=settings.core.snapshot_every_s,
        drain_s=settings.core.drain_s,
        keep_bytes=settings.journal.keep_bytes,
    )


async def _serve(services: Services, settings: Settings, role: Role, stop: asyncio.Event) -> None:
    """Serve the console until told to stop."""
    # The page toolkit takes about a second to load; frames are decoded meanwhile.
    serving = await asyncio.to_thread(import_module, "narrowgate_console.serving")
    console = settings.console
    try:
        server = serving.serve(services, console.host, console.port)
    except OSError as error:
        what = f"TCP port {console.port} on {console.host} (console)"
        raise OSError(error.errno, f"{what}: {error.strerror}") from None
    role.ready(console=f"http://{console.host}:{console.port}")
    answering = asyncio.create_task(server.serve())
    await stop.wait()
    server.should_exit = True
    await answering
