"""The desk's metrics: open cases by their light, and those whose place nobody knows."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_cases.queue import lights, unplaced
from narrowgate_schema.clock import Clock


class DeskMetrics(Collector):
    """Counts open cases when asked."""

    def __init__(self, reader: Callable[[], sqlite3.Connection], clock: Clock) -> None:
        """Stand on a state database and event time."""
        self._reader = reader
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Give the metrics now."""
        with closing(self._reader()) as connection:
            lit, nowhere = lights(connection, self._clock.now_us()), unplaced(connection)
        by_light = GaugeMetricFamily(
            "narrowgate_cases_open_by_light", "Open cases by what their clocks show.", labels=["light"]
        )
        for light, cases in asdict(lit).items():
            by_light.add_metric([light], cases)
        yield by_light
        yield GaugeMetricFamily(
            "narrowgate_cases_unplaced", "Open cases whose grid cell nobody knows.", value=nowhere
        )
