"""The core's archive: its thread, and what the core shows of it. Switched off, nothing of it is."""

import threading
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_console import Check
from narrowgate_fleet import Fleet
from narrowgate_gateway.archive_settings import Archive
from narrowgate_gateway.settings import Home
from narrowgate_gateway.stores import opening
from narrowgate_ingest.archive_files import ArchiveFiles
from narrowgate_ingest.archiver import Archiver, Terms
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_ingest.runner import Runner
from narrowgate_ingest.tail import Tail
from narrowgate_schema.clock import Clock


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
        self._thread: threading.Thread | None = None
        if not options.enabled:
            return
        stores = pipeline.stores
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
        pipeline.needed.append(lambda: archiver.cursor)
        runner.followers.append(archiver.moved)
        self._thread = threading.Thread(target=archiver.run, name="archive")

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
        return (Check("archive", not trouble, f"{said}, {self._behind(archiver)} rows wait"),)

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


def terms_of(options: Archive) -> Terms:
    """Give the archive's terms as they are configured."""
    return Terms(
        part_rows=options.part_rows,
        part_every_s=options.part_every_s,
        keep_frames_days=options.keep_frames_days,
        keep_readings_days=options.keep_readings_days,
    )
