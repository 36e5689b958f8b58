"""The core's InfluxDB: the store's thread, and what the core shows of it. Without one, nothing of it is."""

import threading
from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_console import Check
from narrowgate_gateway.influx_settings import Influxdb
from narrowgate_gateway.influx_target import target_of
from narrowgate_gateway.settings import Home
from narrowgate_gateway.stores import opening
from narrowgate_ingest.influx_store import InfluxStore
from narrowgate_ingest.runner import Runner
from narrowgate_ingest.series import SeriesSource
from narrowgate_ingest.series_duckdb import DuckDBSeries
from narrowgate_ingest.series_influx import InfluxSeries
from narrowgate_ingest.telemetry import Telemetry

_END_S = 7.0
"""How long the core waits for the store's end [s]; what it has not sent, it sends after the next start."""


class Influx(Collector):
    """The configured InfluxDB of a core, or none at all."""

    def __init__(self, options: Influxdb, home: Home, telemetry: Telemetry, runner: Runner) -> None:
        """Open the store's files, if there is a store.

        Raises:
            StoreClosed: they cannot be opened, or another format version wrote them.
        """
        self.store: InfluxStore | None = None
        self.series: SeriesSource = DuckDBSeries(telemetry)
        self._runner = runner
        self._thread: threading.Thread | None = None
        if not options.url:
            return
        target = target_of(options)
        if options.answers:
            self.series = InfluxSeries(target)
        with opening(home.quarantine):
            self.store = InfluxStore(
                target, telemetry, home.state, home.quarantine, batch_lines=options.batch_lines
            )
        runner.followers.append(self.store.moved)
        # A daemon: a request that hangs when the core ends is not waited for, it will be sent again.
        self._thread = threading.Thread(target=self.store.run, name="influxdb", daemon=True)

    @property
    def names(self) -> list[str]:
        """Give the names of further stores in state.db."""
        return [self.store.name] if self.store is not None else []

    def start(self) -> None:
        """Begin to send."""
        if self._thread is not None:
            self._thread.start()

    def stop(self) -> None:
        """Send what is stored, if that goes at once, and end."""
        if self.store is not None and self._thread is not None:
            self.store.stop()
            self._thread.join(_END_S)

    def _behind(self, store: InfluxStore) -> int:
        return max(0, self._runner.done - store.cursor)

    def checks(self) -> Sequence[Check]:
        """Give whether readings arrive, in the server's words where they do not."""
        if self.store is None:
            return ()
        store, behind = self.store, f"{self._behind(self.store)} journal rows behind"
        trouble = store.trouble or ("" if store.alive else "its thread ended")
        sent = f"{store.target.name}: {store.points_written} points sent, {store.points_refused} refused"
        return (Check("influxdb", not trouble, f"{trouble or sent}, {behind}"),)

    def collect(self) -> Iterator[Metric]:
        """Give the metrics now."""
        if self.store is None:
            return
        points = CounterMetricFamily(
            "narrowgate_influxdb_points", "Points sent to InfluxDB since the start.", labels=["outcome"]
        )
        points.add_metric(["written"], self.store.points_written)
        points.add_metric(["refused"], self.store.points_refused)
        yield points
        behind = "Journal rows that are stored and not yet sent to InfluxDB."
        yield GaugeMetricFamily("narrowgate_influxdb_behind_rows", behind, value=self._behind(self.store))
        is_up = "Whether the last request to InfluxDB went well."
        yield GaugeMetricFamily("narrowgate_influxdb_up", is_up, value=not self.store.trouble)
