"""A core's stores for a verb, while no core is up: held by the core's role, so that none starts meanwhile."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext

from narrowgate_fleet import FleetReader, seal_of
from narrowgate_gateway.archiving import older_of
from narrowgate_gateway.command_answers import CommandAnswers
from narrowgate_gateway.influx_target import target_of
from narrowgate_gateway.past import past_of
from narrowgate_gateway.practice import practice_of
from narrowgate_gateway.rule_files import engine_of
from narrowgate_gateway.settings import Home, Settings
from narrowgate_gateway.status import Role
from narrowgate_ingest.archive_files import ArchiveFiles
from narrowgate_ingest.archiver import Archiver, Terms
from narrowgate_ingest.erasing import Places, finish_erasures
from narrowgate_ingest.influx_store import name_of
from narrowgate_ingest.pipeline import Pipeline, Stores
from narrowgate_ingest.quarantine import Quarantine
from narrowgate_ingest.retry import finish
from narrowgate_ingest.state import State
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_ingest.warming import Beginners
from narrowgate_schema.clock import SystemClock


@contextmanager
def held_telemetry(home: Home) -> Iterator[Telemetry]:
    """Give the telemetry of a home without a core.

    Raises:
        AlreadyRunning: a core is up, or comes up.
        ValueError, duckdb.Error: it cannot be opened.
    """
    role = Role(home.run, "core")
    try:
        telemetry = Telemetry(home.telemetry)
        try:
            yield telemetry
        finally:
            telemetry.close()
    finally:
        role.release()


def archive_here(home: Home) -> None:
    """Archive all that is stored in a home without a core.

    Raises:
        AlreadyRunning: a core is up, or comes up.
        RegistryFault: there is no registry.
        ValueError, duckdb.Error, sqlite3.Error, OSError: a store cannot be opened or written.
    """
    with held_telemetry(home) as telemetry:
        state = State(home.state)
        try:
            fleet = FleetReader(home.registry).fleet
            files, tail = ArchiveFiles(home.archive), Tail(home.journal)
            archiver = Archiver(files, tail, telemetry, state, lambda: fleet, SystemClock(), Terms())
            try:
                archiver.hurry()
                archiver.turn()
            finally:
                archiver.close()
        finally:
            state.close()


@contextmanager
def held_pipeline(settings: Settings, home: Home) -> Iterator[Pipeline]:
    """Give the pipeline of a home without a core, standing where the stores stand.

    What a retry or an erasure left undone is done first, as a core does.

    Raises:
        AlreadyRunning: a core is up, or comes up.
        JournalUnreadable: the journal does not reach as far as the stores.
        ValueError, duckdb.Error, sqlite3.Error, OSError: a store cannot be opened or written.
    """
    with held_telemetry(home) as telemetry:
        state, quarantine = State(home.state), Quarantine(home.quarantine)
        try:
            engine = engine_of(settings)
            stores = Stores(state, telemetry, quarantine)
            telemetry.older = older_of(home, stores)
            fleet = FleetReader(home.registry, seal_of(os.environ))
            practice = practice_of(
                settings.desk,
                settings.zone,
                lambda: fleet.fleet,
                people_kept_days=settings.georeport.people_kept_days,
            )
            pipeline = Pipeline(
                Tail(home.journal), fleet, stores, engine, timezone=settings.zone, practice=practice
            )
            Beginners(pipeline, lambda: past_of(home))
            answers = CommandAnswers(home.commands, settings, SystemClock(), lambda: fleet.fleet)
            with closing(answers):
                pipeline.listen(answers)
                pipeline.catch_up(settings.core.batch_rows)
                finish(pipeline)
                finish_erasures(pipeline, places_of(home, settings))
                yield pipeline
        finally:
            quarantine.close()
            state.close()


def places_of(home: Home, settings: Settings, archiver: Archiver | None = None) -> Places:
    """Give where a home keeps what an erasure goes through, and the further stores that are told of it."""
    further = [name_of(target_of(settings.influxdb))] if settings.influxdb.url else []
    pause = archiver.paused if archiver is not None else nullcontext
    return Places(home.journal, home.quarantine, home.archive, pause, further, home.commands)
