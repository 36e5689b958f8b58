"""The core's archive: its thread, and what the core shows of it. Switched off, nothing of it is."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_console import Check
from narrowgate_fleet import Fleet
from narrowgate_gateway.archive_settings import Archive
from narrowgate_gateway.settings import Home
from narrowgate_gateway.stores import opening
from narrowgate_ingest import retention
from narrowgate_ingest.archive_files import ArchiveFiles, day_of
from narrowgate_ingest.archived import ArchivedReadings, Reached
from narrowgate_ingest.archiver import AGAIN, ARCHIVE, Archiver, Terms
from narrowgate_ingest.influx_store import InfluxStore
from narrowgate_ingest.pipeline import Pipeline, Stores
from narrowgate_ingest.retention import Retention, kept_since_us
from narrowgate_ingest.runner import Runner
from narrowgate_ingest.state import cursor
from narrowgate_ingest.tail import Tail
from narrowgate_schema.clock import Clock
from narrowgate_schema.words import Family


class Archiving(Collector):
    """The archive of a core, or none at all."""

    def __init__(
        self,
        options: Archive,
        home: Home,
        pipeline: Pipeline,
        runner: Runner,
        fleet: Callable[[], Fleet],
        clock: Clock,
    ) -> None:
        """Open the archive, if there is to be one; the journal is kept for it from now on.

        Raises:
            StoreClosed: it cannot be opened, or another format version wrote it.
        """
        self.archiver: Archiver | None = None
        self._runner = runner
        self._pipeline, self._clock = pipeline, clock
        self._thread: threading.Thread | None = None
        stores = pipeline.stores
        if not options.enabled:  # it may have been, and readings may stand there only
            stores.telemetry.older = older_of(home, stores)
            return
        with opening(home.archive):
            self.archiver = archiver = Archiver(
                ArchiveFiles(home.archive),
                Tail(home.journal),
                stores.telemetry,
                stores.state,
                fleet,
                clock,
                terms_of(options),
            )
        stores.telemetry.older = ArchivedReadings(
            home.archive, stores.telemetry, archiver.reached, archiver.paused
        )
        pipeline.needed.append(lambda: archiver.cursor)
        runner.followers.append(archiver.moved)
        self._thread = threading.Thread(target=archiver.run, name="archive")

    def keep(self, days: Mapping[Family, int], stays_days: int, store: InfluxStore | None) -> None:
        """Let telemetry go of what is older and archived, and what a further store has of it run again.

        Stays are in no archive: they go without one, too.
        """
        archiver, pipeline = self.archiver, self._pipeline
        telemetry = pipeline.stores.telemetry
        if archiver is None:
            pipeline.retention = Retention(
                telemetry, {}, lambda: retention.Reached(pipeline.done, 0), self._clock, stays_days=stays_days
            )
            return

        def reached() -> retention.Reached:
            taken = [archiver.reached().again, *([store.again] if store is not None else [])]
            return retention.Reached(min(pipeline.done, archiver.cursor), min(taken))

        if store is not None:
            archiver.needed.append(lambda: store.cursor)
        pipeline.retention = Retention(telemetry, days, reached, self._clock, stays_days=stays_days)

    def start(self) -> None:
        """Begin to archive."""
        if self._thread is not None:
            self._thread.start()

    def stop(self) -> None:
        """End behind the part that is being written."""
        if self.archiver is not None and self._thread is not None:
            self.archiver.stop()
            self._thread.join()

    def _behind(self, archiver: Archiver) -> int:
        return max(0, self._runner.done - archiver.cursor)

    def checks(self) -> Sequence[Check]:
        """Give whether the archive is written, in words where it is not."""
        if self.archiver is None:
            return ()
        archiver = self.archiver
        trouble = archiver.trouble or ("" if archiver.alive else "its thread ended")
        said = trouble or f"written to journal offset {archiver.cursor}"
        since_us = kept_since_us(self._pipeline.stores.telemetry)
        only = f", readings that came in before {day_of(since_us)} are here only" if since_us else ""
        return (Check("archive", not trouble, f"{said}, {self._behind(archiver)} rows wait{only}"),)

    def collect(self) -> Iterator[Metric]:
        """Give the metrics now."""
        if self.archiver is None:
            return
        written = CounterMetricFamily(
            "narrowgate_archive_parts", "Files of the archive written since the start."
        )
        written.add_metric([], self.archiver.parts_written)
        yield written
        behind = "Journal rows that are stored and not yet archived."
        yield GaugeMetricFamily("narrowgate_archive_behind_rows", behind, value=self._behind(self.archiver))
        is_up = "Whether the archive was written when it last had to be."
        yield GaugeMetricFamily("narrowgate_archive_up", is_up, value=not self.archiver.trouble)


def older_of(home: Home, stores: Stores) -> ArchivedReadings:
    """Give the readings of an archive that nobody writes."""

    def reached() -> Reached:
        with closing(stores.state.reader()) as connection:
            return Reached(cursor(connection, ARCHIVE), cursor(connection, AGAIN))

    return ArchivedReadings(home.archive, stores.telemetry, reached)


def terms_of(options: Archive) -> Terms:
    """Give the archive's terms as they are configured."""
    return Terms(
        part_rows=options.part_rows,
        part_every_s=options.part_every_s,
        keep_frames_days=options.keep_frames_days,
        keep_readings_days=options.keep_readings_days,
    )
