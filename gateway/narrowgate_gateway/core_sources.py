"""What the core shows of itself: ledger, stores, readiness and metrics, for the console."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from narrowgate_cases import DEFAULT_PRACTICE, Practice, counts
from narrowgate_cases.desk_file import working
from narrowgate_cases.settling import settle
from narrowgate_console import Check, Diagnosis, Part
from narrowgate_fleet import CommandQueue, Fleet, FleetReader, RegistryFault
from narrowgate_gateway.archiving import Archiving
from narrowgate_gateway.command_keeping import CommandKeeping
from narrowgate_gateway.doctor_visits import DoctorVisits
from narrowgate_gateway.influx import Influx
from narrowgate_gateway.journal_check import JournalCheck
from narrowgate_gateway.letters_out import LettersOut
from narrowgate_gateway.owed import Owed
from narrowgate_gateway.parts import edge_parts, store_parts
from narrowgate_gateway.self_checking import SelfChecking
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_ingest.counters import DoorCounters
from narrowgate_ingest.ledger import Ledger, read_ledger
from narrowgate_ingest.pipeline import Stores
from narrowgate_ingest.runner import Runner
from narrowgate_ingest.series import SeriesSource
from narrowgate_ingest.tail import Tail
from narrowgate_ingest.warming import Beginners
from narrowgate_schema.words import Answer, Disposition


class CoreSources:
    """The console's view of a core; every method may be called from any thread."""

    def __init__(self, home: Home, stores: Stores, tail: Tail, runner: Runner, fleet: FleetReader) -> None:
        self._home = home
        self._stores = stores
        self._tail = tail
        self._runner = runner
        self._fleet = fleet
        self._door = DoorCounters(home.door_counters)
        self._metrics = CollectorRegistry()
        self._metrics.register(_LedgerMetrics(self))
        self._archive: Archiving | None = None
        self._influx: Influx | None = None
        self._letters: LettersOut | None = None
        self._doctor: DoctorVisits | None = None
        self._checking: SelfChecking | None = None
        self._owed: Owed | None = None
        self._beginners: Beginners | None = None
        self._journal: JournalCheck | None = None
        self._practice = DEFAULT_PRACTICE
        self._keeping: CommandKeeping | None = None

    def show(self, archive: Archiving, influx: Influx, letters: LettersOut, checking: SelfChecking) -> None:
        """Show what works behind the pipeline, too, among checks and metrics: also what a check finds."""
        self._archive, self._influx, self._letters, self._checking = archive, influx, letters, checking
        self._metrics.register(archive)
        self._metrics.register(influx)
        self._metrics.register(letters)
        self._metrics.register(checking)

    def remind(self, owed: Owed, beginners: Beginners, journal: JournalCheck) -> None:
        """Show what erasures and replays owe, which rules still hear the past, and how the journal does."""
        self._owed, self._beginners, self._journal = owed, beginners, journal

    def keep(self, keeping: CommandKeeping) -> None:
        """Show how commands stand."""
        self._keeping = keeping
        self._metrics.register(keeping)

    def employ(self, practice: Practice) -> None:
        """Work the desk by a practice, cases that are open already too.

        Raises:
            ValueError: the desk cannot be written.
        """
        state = self._stores.state
        try:
            settle(state.connection, practice)
        except sqlite3.Error as error:
            raise ValueError(f"{state.path}: {error}") from None
        self._practice = practice

    @property
    def practice(self) -> Practice:
        """Give how the desk works."""
        return self._practice

    @property
    def commands(self) -> CommandQueue:
        """Give the commands that wait for devices."""
        if self._keeping is None:
            raise RuntimeError("nothing waits before the queue is shown")
        return self._keeping.queue

    def working(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection to the state database within a transaction."""
        return working(self._home.state)

    def consult(self, doctor: DoctorVisits) -> None:
        """Show what the doctor finds."""
        self._doctor = doctor

    def diagnoses(self) -> Sequence[Diagnosis]:
        """Give what can lose data here, as far as it has been looked at."""
        return self._doctor.diagnoses() if self._doctor is not None else ()

    @property
    def series(self) -> SeriesSource:
        """Give who answers questions about series: the embedded store, or InfluxDB where it is to."""
        if self._influx is None:
            raise RuntimeError("nobody answers before the stores are shown")
        return self._influx.series

    @property
    def door(self) -> DoorCounters:
        """Give what the edge's door says of itself."""
        return self._door

    @property
    def metrics(self) -> CollectorRegistry:
        """Give the registry that `/metrics` shows."""
        return self._metrics

    def reader(self) -> sqlite3.Connection:
        """Give a read-only connection to the state database."""
        return self._stores.state.reader()

    def quarantine(self) -> sqlite3.Connection:
        """Give a read-only connection to the frames set aside."""
        path = self._home.quarantine / "quarantine.db"
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def fleet(self) -> Fleet:
        """Give the newest fleet that can be read, by the pipeline's own reader: it is mapped once."""
        with suppress(RegistryFault, OSError):
            self._fleet.refresh()
        return self._fleet.fleet

    def parts(self) -> Sequence[Part]:
        """Give listeners, brokers, stores and receivers, and how each does."""
        further = [
            check
            for each in (self._archive, self._influx, self._letters)
            if each is not None
            for check in each.checks()
        ]
        return (
            *edge_parts(read_status(self._home.run, "edge")),
            *store_parts(self._runner.trouble, self._runner.done, further),
        )

    def count(self) -> Ledger:
        """Count the ledger now."""
        with closing(self.reader()) as connection:
            return read_ledger(connection, self._tail, self._door)

    def ledger(self) -> Mapping[str, int]:
        """Give the ledger's rows by name."""
        ledger = self.count()
        return {
            "kept": ledger.kept,
            **{disposition.value: n for disposition, n in ledger.dispositions.items()},
            "refused": ledger.refused,
            "door_duplicates": ledger.door[Answer.DUPLICATE],
            **{name: ledger.door[name] for name in ("unacknowledged", "qos0", "redelivered", "retained")},
        }

    def checks(self) -> Sequence[Check]:
        """Give what readiness depends on, in words and figures."""
        ledger = self.count()
        edge = read_status(self._home.run, "edge")
        in_flight = ledger.dispositions[Disposition.IN_FLIGHT]
        listeners = len(edge["listeners"]) if edge is not None else 0
        trouble, faults = self._runner.trouble, ledger.faults()
        return (
            Check("edge", edge is not None, f"{listeners} listeners open" if edge else "the edge is not up"),
            Check("stores", not trouble, trouble or f"written to journal offset {self._runner.done}"),
            Check("ledger", not faults, "; ".join(faults) or f"{ledger.kept} kept, difference 0"),
            Check("pipeline", self._runner.alive, f"{in_flight} frames in flight{self._waiting(in_flight)}"),
            *((self._journal.check(),) if self._journal is not None else ()),
            *(self._checking.checks() if self._checking is not None else ()),
            *(self._keeping.checks() if self._keeping is not None else ()),
            *(self._archive.checks() if self._archive is not None else ()),
            *(self._influx.checks() if self._influx is not None else ()),
            *(self._letters.checks() if self._letters is not None else ()),
            *(self._owed.checks() if self._owed is not None else ()),
            *self._rules(),
        )

    def _waiting(self, in_flight: int) -> str:
        """Say since when the oldest frame in flight waits."""
        is_known = in_flight and self._journal is not None
        return self._journal.waiting(self._runner.done) if is_known and self._journal is not None else ""

    def _rules(self) -> Sequence[Check]:
        """Give what rules that begin anew do; frames are kept meanwhile, and judged afterwards."""
        words = self._beginners.words if self._beginners is not None else ""
        return (Check("rules", True, words),) if words else ()

    @property
    def frames_by_row(self) -> int:
        """Give the frames that this core decoded one by one."""
        return self._runner.frames_by_row

    def open_cases(self) -> int:
        """Give the number of open cases."""
        with closing(self.reader()) as connection:
            return counts(connection).open


class _LedgerMetrics(Collector):
    """The ledger as Prometheus metrics, counted when asked."""

    def __init__(self, sources: CoreSources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Give the metrics now."""
        ledger = self._sources.count()
        kept = CounterMetricFamily("narrowgate_frames_kept", "Frames on disk before they were acknowledged.")
        kept.add_metric([], ledger.kept)
        yield kept
        settled = CounterMetricFamily(
            "narrowgate_frames_settled", "Kept frames by what became of them.", labels=["disposition"]
        )
        for disposition, frames in ledger.dispositions.items():
            if disposition is not Disposition.IN_FLIGHT:
                settled.add_metric([disposition], frames)
        yield settled
        yield GaugeMetricFamily(
            "narrowgate_frames_in_flight",
            "Kept frames that the core has not come to.",
            value=ledger.dispositions[Disposition.IN_FLIGHT],
        )
        shares = CounterMetricFamily(
            "narrowgate_frames_shared",
            "Settled frames by whose they are and how they came; a frame of no known profile has no family.",
            labels=["tenant", "family", "transport", "disposition"],
        )
        for *share, frames in ledger.shares:
            shares.add_metric([str(word) for word in share], frames)
        yield shares
        quarantined = CounterMetricFamily(
            "narrowgate_frames_quarantined", "Frames with something refused, by reason.", labels=["reason"]
        )
        for reason, frames in ledger.reasons.items():
            quarantined.add_metric([reason], frames)
        yield quarantined
        door = CounterMetricFamily(
            "narrowgate_door_answers", "What the door said, and what no device is told.", labels=["answer"]
        )
        for answer, frames in ledger.door.items():
            door.add_metric([answer], frames)
        yield door
        yield GaugeMetricFamily(
            "narrowgate_door_exchange_horizon_seconds",
            "How far back a message that comes again is known; 247 is as long as it may.",
            value=self._sources.door.gauges()["exchange_horizon_ms"] / 1000,
        )
        by_row = CounterMetricFamily(
            "narrowgate_frames_decoded_by_row",
            "Frames decoded one by one, which is slower than a batch: small batches, refused and odd frames.",
        )
        by_row.add_metric([], self._sources.frames_by_row)
        yield by_row
        readings = CounterMetricFamily("narrowgate_readings", "Readings stored.", labels=["family"])
        for family, rows in ledger.readings.items():
            readings.add_metric([family], rows)
        yield readings
        yield GaugeMetricFamily("narrowgate_cases_open", "Open cases.", value=self._sources.open_cases())
        yield GaugeMetricFamily(
            "narrowgate_ledger_difference_frames",
            "Kept frames without a disposition; anything but 0 is a fault.",
            value=ledger.difference,
        )
