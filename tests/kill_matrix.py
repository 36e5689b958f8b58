"""A gateway at work with all its stores and receivers, whose processes are killed at places in their code.

Edge and core run as processes of their own, and are started again the moment they are dead: CoAP and MQTT in,
DuckDB, InfluxDB and a webhook out. What they leave behind is held against what devices were told, and against
what an undisturbed core makes of the same journal.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol, Self

from district import TIMING, drained
from fault_plans import ARCHIVE_PLACES, CORE_PLACES, EDGE_PLACES, Faults, Strike, drawn
from gateway_home import role_arguments
from influx_stand import DATABASE, Influxd
from letting_go import Segments
from mosquitto import Mosquitto
from mqtt_district import MOST_PERSISTENT, is_connected, lead_to, nothing_held_back, until
from mqtt_wire import Wire, wired
from narrowgate_cases import outbox_counts
from narrowgate_gateway.demo_city import HOST, Stage
from narrowgate_gateway.demo_summary import Summary, summarise
from narrowgate_gateway.status import read_status
from narrowgate_ingest.state import PIPELINE, cursor
from narrowgate_simulators import CoapLink, Emission, MqttLink, SentReport, Target, Ways, Weather, drive
from narrowgate_simulators.links import Link
from restarted import Arguments, Lives
from short_stretches import short_arguments
from webhook_receiver import CLOSE, Post, Receiver, Reply

_PATIENCE_S = 120.0
_STRANGER = "nobody-knows-it"
_LAG_S = 0.1
"""How long a step waits for kills that are due."""
_MORE = """
[influxdb]
url = "{influx}"
api = "v1"
database = "{database}"
timeout_s = 2.0

[webhook]
url = "{hook}"
secret_file = "{secret}"
timeout_s = 1.0
"""


@dataclass(frozen=True)
class Toll:
    """How many fall, and of what."""

    edge: int
    """At places in the code."""
    core: int
    both: int
    """At instants by lot: each time edge and core."""

    @property
    def kills(self) -> int:
        """Give the number of processes killed, with the core that falls as its POST arrives."""
        return self.edge + self.core + 2 * self.both + 1


@dataclass(frozen=True)
class Left:
    """What a life left behind."""

    stage: Stage
    """With all that was let go of."""
    summary: Summary
    told: set[bytes]
    """Payloads that the gateway acknowledged to the broker."""
    withheld: set[bytes]
    """Payloads that it was offered and never acknowledged."""
    fallen: Counter[str]
    """Processes killed, by role."""
    letters: dict[str, set[bytes]]
    """What was posted, by idempotency key."""


class Felling(Receiver):
    """A receiver that kills the core as one of its POSTs arrives: it is sent, and not known to be.

    The nth by count from 1; with 0 none does.
    """

    def __init__(self, nth: int) -> None:
        super().__init__()
        self._nth = nth
        self.lives: Lives | None = None

    def keep(self, post: Post) -> Reply | str:
        """Keep a POST and give what to do."""
        reply = super().keep(post)
        if self.lives is None or len(self.posts) != self._nth:
            return reply
        self.lives.kill("core")
        return CLOSE


class Mortal(Protocol):
    """What falls and is started again."""

    def check(self) -> None:
        """Raise what a role died of, if not of a kill."""
        ...

    def kill(self, role: str) -> None:
        """Kill a role wherever it stands."""
        ...


class Paced:
    """A link that lets the world go on while kills come true as they are due, with frames of a stranger."""

    def __init__(self, ways: Link, lives: Mortal, is_behind: Callable[[int], bool], steps: int) -> None:
        """Wrap an open link.

        Args:
            ways: sends.
            lives: who falls.
            is_behind: tells whether a fall that is due at a step has not come yet.
            steps: of the world.
        """
        self._ways, self._lives = ways, lives
        self._is_behind, self._steps = is_behind, steps
        self._step = self._strangers = 0
        self.strikes_at: dict[int, list[str]] = {}
        self.errands_at: dict[int, Callable[[], None]] = {}
        """Done in a thread of their own at a step."""
        self.more_at: dict[int, list[Emission]] = {}
        """Sent at a step beside what the world sends."""

    @property
    def report(self) -> SentReport:
        """Give the counts."""
        return self._ways.report

    async def __aenter__(self) -> Self:
        """Open nothing: the ways are open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close nothing."""

    async def reach(self, within_s: float) -> None:
        """Wait for a sign of the gateway."""
        await self._ways.reach(within_s)

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Send emissions and wait until each is settled."""
        self._step += 1
        self._lives.check()
        for role in self.strikes_at.pop(self._step, ()):
            asyncio.get_running_loop().call_later(0.003 * (self._step % 10), self._lives.kill, role)
        if errand := self.errands_at.pop(self._step, None):
            await asyncio.to_thread(errand)
        if self._is_behind(self._step):
            await asyncio.sleep(_LAG_S)
        await self._ways.send([*emissions, *self.more_at.pop(self._step, ()), self._stranger()])

    def _stranger(self) -> Emission:
        self._strangers += 1
        payload = b"%d" % self._strangers
        return Emission(_STRANGER, f"nb/{_STRANGER}/up", payload, self._strangers, None, 0)

    async def finish(self) -> None:
        """Send a stranger's frames until every strike has come true."""
        async with asyncio.timeout(_PATIENCE_S):
            while self._is_behind(self._steps):
                self._lives.check()
                await self._ways.send([self._stranger()])
                await asyncio.sleep(_LAG_S)


@dataclass(frozen=True)
class Far:
    """What stands around the gateway."""

    broker: Mosquitto
    wire: Wire
    receiver: Felling
    server: Influxd


@dataclass(frozen=True)
class Course:
    """What happens while a district lives."""

    is_behind: Callable[[int], bool]
    """Tells whether a fall that is due at a step has not come yet."""
    strikes_at: dict[int, list[str]] = field(default_factory=dict)
    errands_at: dict[int, Callable[[], None]] = field(default_factory=dict)
    more_at: dict[int, list[Emission]] = field(default_factory=dict)
    real_seconds: float | None = None
    """How long it takes at least [s]."""
    watch: Callable[[Lives], Coroutine[None, None, None]] | None = None
    """Runs beside it."""
    falls: int = 0
    """How many processes fall at least."""
    arguments: Arguments = role_arguments
    """Of the processes."""
    whole: Callable[[Stage], Stage] = field(default=lambda stage: stage)
    """Gives the home with all that it let go of, once it has ended."""


async def live_and_fall(
    stage: Stage, faults: Faults, server: Influxd, seed: int, toll: Toll, kept: Segments | None = None
) -> Left:
    """Let a district live while edge and core fall, and wait until all is sent on.

    For a quarter of the time InfluxDB is not there either; where a home lets go, for longer than telemetry
    has what is to be sent.
    """
    rng, steps = Random(seed), stage.city.step_count()
    async with surrounded(stage, server, Felling(rng.randrange(2, 6))) as far:
        hook = int(far.receiver.url.split(":")[2].split("/")[0])
        planned = _planned(rng, toll, far.wire.port, server.port, hook)
        if kept is not None:
            planned["core"] = _planned_late(rng, planned["core"])
        for role, strikes in planned.items():
            faults.plan(role, strikes)
        due = {"edge": toll.edge, "core": toll.core}
        course = Course(
            is_behind=lambda step: any(faults.done(role) < n * step // steps for role, n in due.items()),
            strikes_at={
                step: ["edge", "core"] for step in rng.sample(range(steps // 10, steps - 5), toll.both)
            },
            errands_at={steps // 2: server.kill, steps * 3 // 4: server.start},
            falls=toll.kills,
        )
        if kept is not None:
            course = replace(
                course,
                errands_at={steps // 16: server.kill, steps * 3 // 4: server.start},
                watch=lambda _: kept.watch(),
                arguments=short_arguments,
                whole=kept.whole,
            )
        return await lived(stage, far, course)


@asynccontextmanager
async def surrounded(stage: Stage, server: Influxd, receiver: Felling) -> AsyncIterator[Far]:
    """Stand a broker, a webhook's receiver and InfluxDB around a gateway, and tell its configuration so."""
    secret = stage.home.root / "secret"
    secret.write_bytes(b"a secret of the test's own")
    broker = Mosquitto(stage.home.root.with_name("broker"), options=MOST_PERSISTENT).start()
    try:
        with receiver.listening():
            async with wired(broker.port) as wire:
                lead_to(stage, wire.port)
                urls = {"influx": server.url, "hook": receiver.url, "secret": secret, "database": DATABASE}
                with stage.config.open("a", encoding="utf-8") as config:
                    config.write(_MORE.format(**urls))
                yield Far(broker, wire, receiver, server)
    finally:
        broker.stop()


def _planned(rng: Random, toll: Toll, broker: int, influx: int, hook: int) -> dict[str, list[Strike]]:
    """Draw the strikes; those that need a far end come early, while there is much to send."""
    when = rng.sample(["before", "after"], 2)
    edge = [Strike("send", f"tcp:{broker}", each, rng.randrange(4, 20)) for each in when]  # type: ignore[arg-type]
    core = [
        Strike("send", f"tcp:{influx}", "before", 1 + rng.randrange(3)),
        Strike("send", f"tcp:{hook}", "before", 1),
        Strike("send", f"tcp:{influx}", "after", 1 + rng.randrange(3)),
    ]
    return {
        "edge": (edge + drawn(EDGE_PLACES, toll.edge, rng))[: toll.edge],
        "core": (core + drawn(CORE_PLACES, toll.core, rng))[: toll.core],
    }


def _planned_late(rng: Random, core: list[Strike]) -> list[Strike]:
    """Draw places of the archive in between, and let those that need InfluxDB come once it is back."""
    before, hook, after, *others = core
    archive = drawn(ARCHIVE_PLACES, 3, rng)
    return [hook, others[0], *archive, before, after, *others[1 : len(core) - 6]]


async def lived(stage: Stage, far: Far, course: Course) -> Left:
    """Let a district live through a course, wait until all is sent on, and give what is left."""
    broker, notes = far.broker, far.wire.notes
    coap = CoapLink(Target(HOST, stage.coap_port), timing=TIMING, weather=Weather(stage.seed))
    mqtt = MqttLink(
        Target(HOST, broker.port, "mqtt"),
        timing=TIMING,
        weather=Weather(stage.seed, twice_share=0.0, lost_share=0.0),
        acks=stage.mqtt_acks,
    )
    async with Lives(stage, course.arguments) as lives, beside(course.watch and course.watch(lives)):
        far.receiver.lives = lives
        # A broker keeps nothing for who never subscribed.
        await until(lambda: _is_subscribed(stage), within_s=_PATIENCE_S)
        async with Ways(stage.metered, coap, mqtt) as ways:
            paced = Paced(ways, lives, course.is_behind, stage.city.step_count())
            paced.strikes_at, paced.errands_at = dict(course.strikes_at), dict(course.errands_at)
            paced.more_at = dict(course.more_at)
            await drive(stage.city, paced, stage.clock, course.real_seconds)
            await paced.finish()
            await _fallen(lives, course.falls)
            sent = paced.report
        await until(lambda: is_connected(stage), within_s=_PATIENCE_S)
        await nothing_held_back(broker, notes)
        await drained(stage)
        await until(lambda: _is_sent(stage), within_s=_PATIENCE_S, every_s=0.1)
        lives.check()
    whole = course.whole(stage)
    letters: dict[str, set[bytes]] = {}
    for post in far.receiver.posts:
        letters.setdefault(post.key, set()).add(post.body)
    return Left(
        stage=whole,
        summary=summarise(whole.home, sent, stage.city.truth, stage.mqtt_acks),
        told=set(notes.acknowledged),
        withheld=notes.offered.keys() - notes.acknowledged,
        fallen=lives.fallen,
        letters=letters,
    )


@asynccontextmanager
async def beside(work: Coroutine[None, None, None] | None) -> AsyncIterator[None]:
    """Run something endless while a block runs."""
    task = asyncio.create_task(work) if work else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


async def _fallen(lives: Lives, most: int) -> None:
    """Kill the core until so many fell: a kill by lot may have met who had just fallen."""
    while (fallen := lives.fallen.total()) < most:
        lives.kill("core")
        await until(lambda: lives.fallen.total() > fallen, within_s=_PATIENCE_S)


def _is_subscribed(stage: Stage) -> bool:
    edge = read_status(stage.home.run, "edge")
    return edge is not None and edge["brokers"][0]["state"] == "connected"


def _is_sent(stage: Stage) -> bool:
    """Tell whether InfluxDB and the webhook have all that the core settled."""
    with closing(sqlite3.connect(f"{stage.home.state.absolute().as_uri()}?mode=ro", uri=True)) as state:
        names = [name for (name,) in state.execute("SELECT name FROM cursors WHERE name LIKE 'influxdb %'")]
        cursors = [cursor(state, name) for name in names if not name.endswith(" again")]
        return cursors == [cursor(state, PIPELINE)] and outbox_counts(state).pending == 0
