"""What time does to commands, and what is shown of them, in a thread of its own."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_console import Check
from narrowgate_fleet import CommandQueue, CommandState, Fleet
from narrowgate_fleet.command_queue import counts, oldest_waiting_us, open_counts
from narrowgate_gateway.command_answers import CommandAnswers
from narrowgate_gateway.night_keeping import NightKeeping
from narrowgate_gateway.settings import Settings
from narrowgate_ingest.pipeline import Pipeline
from narrowgate_schema.clock import Clock

_EVERY_S = 2.0
_TRIM_EVERY = 300
"""Turns from one look for what is old to the next."""
_DAY_US = 86_400_000_000


class CommandKeeping(Collector):
    """Ends commands whose time is over, forgets old ones, keeps lamps' nights, and counts."""

    def __init__(
        self, path: Path, settings: Settings, clock: Clock, fleet: Callable[[], Fleet], pipeline: Pipeline
    ) -> None:
        """Open the queue, and listen to what devices say; `start` begins, `stop` closes it.

        Raises:
            ValueError, sqlite3.Error: it cannot be opened.
        """
        own = settings.commands
        self._nights = NightKeeping(own.programme_file, settings.zone, fleet)
        self.queue = CommandQueue(path)
        self._answers = CommandAnswers(path, settings, clock, fleet)
        pipeline.listen(self._answers)
        self._settings = own
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="commands", daemon=True)
        self._trouble = ""
        self._turns = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, wait for it, and close the queue."""
        self._stop.set()
        self._thread.join()
        self._answers.close()
        self.queue.close()

    def turn(self) -> None:
        """Do once what is due; what the file refuses is tried again the next time."""
        now_us = self._clock.now_us()
        try:
            self.queue.expire(now_us, answer_s=self._settings.answer_s)
            if self._turns % _TRIM_EVERY == 0:
                self.queue.trim(now_us - self._settings.keep_days * _DAY_US, self._settings.keep_most)
            self._turns += 1
            self._nights.turn(self.queue, now_us)
        except sqlite3.Error as error:
            self._trouble = str(error)
        else:
            self._trouble = self._nights.trouble

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self.turn()

    def checks(self) -> Sequence[Check]:
        """Give how the queue does, in words and figures."""
        if self._trouble:
            return (Check("commands", ok=False, words=self._trouble),)
        with closing(self.queue.file.reader()) as connection:
            standing = open_counts(connection)
        waiting, sent = standing[CommandState.PENDING], standing[CommandState.SENT]
        return (Check("commands", ok=True, words=f"{waiting} wait, {sent} sent"),)

    def _standing(self) -> tuple[dict[CommandState, int], float]:
        with closing(self.queue.file.reader()) as connection:
            since_us = oldest_waiting_us(connection)
            age_s = 0.0 if since_us is None else max(0.0, (self._clock.now_us() - since_us) / 1e6)
            return counts(connection), age_s

    def collect(self) -> Iterator[Metric]:
        """Give the metrics now."""
        standing, age_s = self._standing()
        by_state = GaugeMetricFamily(
            "narrowgate_commands", "Commands in the queue and its history by state.", labels=["state"]
        )
        for state, commands in standing.items():
            by_state.add_metric([state], commands)
        yield by_state
        yield GaugeMetricFamily(
            "narrowgate_commands_oldest_waiting_seconds",
            "How long the oldest command waits that has not left; 0 where none does.",
            value=age_s,
        )
