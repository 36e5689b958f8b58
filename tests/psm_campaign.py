"""Sleeping devices against edge and core as processes that fall: what was ordered, told and carried out."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from fault_plans import Faults, Strike
from gateway_home import Ports, make_home
from narrowgate_console.command_making import Terms, wish_for
from narrowgate_fleet import CommandQueue, CommandRow, CommandState, Fleet, Wish
from narrowgate_gateway.demo_summary import count_now
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status
from narrowgate_schema.clock import SteppedClock
from narrowgate_schema.commands import Command
from narrowgate_schema.words import Disposition
from narrowgate_simulators import Carried, Radio, Sleeper, Sleeping, SleepingFleet, SleepReport, Target
from restarted import Lives

S = 1_000_000
START_US = 1_773_000_000 * S
BEFORE_US = START_US - S
"""Commands are given a second before the world begins."""
_PATIENCE_S = 240.0
_STANDS_S = 10.0
_SLICE = 200
_CONFIG = """
[[coap]]
port = {coap}
path = "nb/{{device}}/{{port}}/up"
allow = ["127.0.0.0/8"]
trusted = true
{listener}

[commands]
cell_per_min = {cell_per_min}

[journal]
min_free_bytes = 67108864

[core]
snapshot_every_s = 5.0

[console]
port = {console}

[clock]
tick_every_s = 0.25
page = {page}
{more}
"""
_EDGE = (
    Strike("send", "udp", "before", 1200),
    Strike("send", "udp", "after", 1200),
    Strike("sync", "commands.db-wal", "before", 500),
    Strike("sync", "commands.db-wal", "after", 500),
    Strike("sync", ".seg", "after", 900),
)
_CORE = (
    Strike("sync", "commands.db-wal", "before", 60),
    Strike("sync", "commands.db-wal", "after", 60),
    Strike("write", "commands.db-wal", "amid", 120),
    Strike("sync", "state.db-wal", "after", 60),
    Strike("sync", "telemetry.duckdb", "before", 30),
)


def strikes(places: Sequence[Strike], number: int, rng: Random, share: float) -> list[Strike]:
    """Draw so many ends of a process, at each place in turn, at the nth call by lot.

    Args:
        places: with the greatest n of each.
        number: how many.
        rng: the lot.
        share: of the greatest n, for smaller worlds.
    """
    drawn = [places[turn % len(places)] for turn in range(number)]
    return [replace(place, nth=1 + rng.randrange(max(1, round(share * place.nth)))) for place in drawn]


@dataclass
class World:
    """A home, its devices, and the clock by which all of them live."""

    home: Home
    config: Path
    ports: Ports
    clock: SteppedClock
    sleepers: list[Sleeper]
    report: SleepReport = field(default_factory=SleepReport)
    """Of the life that is lived now."""
    beside: list[Carried] = field(default_factory=list)
    """What other devices carried out."""

    @classmethod
    def laid_out(
        cls,
        root: Path,
        sleepers: Sequence[Sleeper],
        lines: Iterable[str],
        *,
        cell_per_min: int = 0,
        listener: str = "",
        more: str = "",
    ) -> "World":
        """Lay it out.

        Args:
            root: an empty directory.
            sleepers: the devices.
            lines: the registry's, with its head.
            cell_per_min: commands that may leave for a cell in a minute; 0 is any number.
            listener: more lines of the listener.
            more: more of the configuration.
        """
        home = make_home(root / "home", "\n".join([*lines, ""]))
        ports, page = Ports(), root / "clock"
        clock = SteppedClock.create(page, BEFORE_US)
        config = root / "narrowgate.toml"
        config.write_text(
            _CONFIG.format(
                coap=ports.coap,
                console=ports.console,
                cell_per_min=cell_per_min,
                page=json.dumps(str(page.absolute())),
                listener=listener,
                more=more,
            ),
            encoding="utf-8",
        )
        return cls(home, config, ports, clock, list(sleepers))

    def queue(self) -> CommandQueue:
        """Open the queue."""
        return CommandQueue(self.home.commands)

    def give(self, asked: Iterable[tuple[str, Command, Terms]]) -> None:
        """Put commands."""
        fleet = Fleet.load(self.home.registry)
        now_us = self.clock.now_us()
        with closing(self.queue()) as queue:
            wishes: list[Wish] = []
            for device, command, terms in asked:
                wishes.append(wish_for(fleet, device, command, now_us=now_us, terms=terms))
                if len(wishes) == _SLICE:
                    queue.put_all(wishes, by="user:ann", now_us=now_us)
                    wishes = []
            queue.put_all(wishes, by="user:ann", now_us=now_us)

    async def live(
        self,
        radio: Radio,
        hours: float,
        *,
        pace: float = 0.0,
        patience_s: float = 3.0,
        grain_us: int = S,
        errands: dict[float, Callable[[], None]] | None = None,
    ) -> "Lived":
        """Let the devices live, with edge and core falling as planned, and wait until all is decoded.

        Args:
            radio: their network.
            hours: how long in their time [h].
            pace: least time on the wall for a second of theirs [s].
            patience_s: how long the world waits for a gateway that is down [s].
            grain_us: what happens within this time of theirs happens together [us].
            errands: what is done at hours of theirs.
        """
        sleeping = Sleeping(self.sleepers, radio)
        self.report = sleeping.report
        target = Target("127.0.0.1", self.ports.coap)
        async with Lives(self) as lives:
            await _until(lambda: all(read_status(self.home.run, role) for role in ("edge", "core")))
            async with SleepingFleet(
                sleeping, target, self.clock, patience_s=patience_s, grain_us=grain_us
            ) as fleet:
                fleet.at_us = {START_US + round(at_h * 3600) * S: do for at_h, do in (errands or {}).items()}
                fleet.at_us |= {
                    START_US + minute * 60 * S: lives.check for minute in range(1, int(hours * 60), 7)
                }
                await fleet.live(START_US + round(hours * 3600) * S, pace=pace)
                await _until(lambda: self._is_decoded(lives))
            fallen = Counter(lives.fallen)
        with closing(self.queue()) as queue:
            rows = queue.listed(most=1 << 20)
        sleeping.report.carried += self.beside
        return Lived(sleeping.report, rows, fallen, fleet.unanswered)

    def catch_up(self) -> None:
        """Stand until the core has decided all that the edge kept, or for some seconds where it is down."""
        give_up_s = time.monotonic() + _STANDS_S
        while not self._is_core_done() and time.monotonic() < give_up_s:
            time.sleep(0.02)

    def _is_decoded(self, lives: Lives) -> bool:
        """Tell whether the core has decided all that the edge kept."""
        lives.check()
        return self._is_core_done()

    def _is_core_done(self) -> bool:
        is_up = read_status(self.home.run, "core") is not None
        return is_up and count_now(self.home).dispositions[Disposition.IN_FLIGHT] == 0


@dataclass
class Lived:
    """What a life left behind."""

    report: SleepReport
    rows: list[CommandRow]
    fallen: Counter[str]
    unanswered: int
    _by_said: dict[tuple[str, str], list[Carried]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort what was carried out by device and command."""
        by_said = defaultdict(list)
        for carried in self.report.carried:
            by_said[carried.device, str(carried.command)].append(carried)
        self._by_said = dict(by_said)

    def carried(self, row: CommandRow) -> list[Carried]:
        """Give each time that a command was carried out; commands of a device must differ."""
        return self._by_said.get((row.device, str(row.command)), [])

    def times(self, rows: Iterable[CommandRow]) -> Counter[int]:
        """Count commands by how often they were carried out."""
        return Counter(len(self.carried(row)) for row in rows)

    def states(self, rows: Iterable[CommandRow]) -> Counter[CommandState]:
        """Count commands by state."""
        return Counter(row.state for row in rows)

    def latencies_s(self, rows: Iterable[CommandRow]) -> list[tuple[float, float]]:
        """Give, of commands carried out, the wait for the uplink and the time from it to the deed [s]."""
        done = ((row, one) for row in rows for one in self.carried(row)[:1])
        return sorted(
            ((one.uplink_us - row.not_before_us) / S, (one.at_us - one.uplink_us) / S) for row, one in done
        )


def planned(faults: Faults, rng: Random, edge: int, core: int, share: float) -> None:
    """Plan how often edge and core fall."""
    faults.plan("edge", strikes(_EDGE, edge, rng, share))
    faults.plan("core", strikes(_CORE, core, rng, share))


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not reached():
            await asyncio.sleep(0.05)
