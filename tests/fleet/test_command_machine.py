"""The queue against a list: whatever is put, claimed, answered, lost and forgotten, in any order."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from commands_waiting import S, Stand
from narrowgate_fleet import Claim
from narrowgate_schema.commands import Command, LampLevel, Reboot, Valve

DEVICES = ("a", "b")
COMMANDS = st.sampled_from([LampLevel(10), LampLevel(90), LampLevel(50, "x"), Valve(True), Reboot()])
ANSWER = 180 * S


@dataclass
class Simple:
    """A command as the list has it."""

    id: int
    command: Command
    not_before: int
    expires: int
    departures: list[int] = field(default_factory=list)


class QueueMachine(RuleBasedStateMachine):
    """Both ends of a queue, and the list."""

    @initialize()
    def begin(self) -> None:
        """Open an empty one."""
        self.directory = tempfile.TemporaryDirectory()
        self.stand = Stand.at(Path(self.directory.name))
        self.now = S
        self.waiting: dict[str, list[Simple]] = {device: [] for device in DEVICES}
        self.flying: dict[str, tuple[Simple, Claim] | None] = dict.fromkeys(DEVICES)
        self.ended: dict[int, str] = {}
        self.all: list[Simple] = []

    def teardown(self) -> None:
        """Close it."""
        if hasattr(self, "stand"):
            self.stand.close()
            self.directory.cleanup()

    @rule(seconds=st.sampled_from([1, 200, 4000]))
    def time_goes_on(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds * S

    @rule(device=st.sampled_from(DEVICES), command=COMMANDS, later_s=st.sampled_from([0, 500]))
    def put(self, device: str, command: Command, later_s: int) -> None:
        """Put a command; of what waits that says the same it takes the place, from its hour on."""
        begins = self.now + later_s * S
        number = self.stand.put(
            command, self.now, device=device, not_before_us=begins, ttl_s=3600, most_attempts=2
        )
        covered = [each for each in self.waiting[device] if _covers(command, each.command)]
        for each in [each for each in covered if each.not_before <= begins]:
            if begins == self.now or each.not_before == begins:
                self.waiting[device].remove(each)
                self.ended[each.id] = "CANCELED"
            else:
                each.expires = min(each.expires, begins)
        simple = Simple(number, command, begins, begins + 3600 * S)
        self.waiting[device].append(simple)
        self.all.append(simple)

    @rule(device=st.sampled_from(DEVICES), gives_back=st.sampled_from([False, False, True]))
    def claim(self, device: str, gives_back: bool) -> None:
        """Claim: it is the first that is due, unless another is on its way."""
        claim = self.stand.claim(device, self.now)
        due = [each for each in self.waiting[device] if each.not_before <= self.now < each.expires]
        expected = due[0] if due and self.flying[device] is None else None
        assert (claim and claim.id) == (expected and expected.id)
        if claim is None or expected is None:
            return
        if gives_back:
            self.stand.sending.give_back([claim], now_us=self.now, detail="")
            return
        self.stand.sending.left([claim], now_us=self.now)
        expected.departures.append(self.now)
        self.waiting[device].remove(expected)
        self.flying[device] = expected, claim
        self.now += 1

    @rule(device=st.sampled_from(DEVICES), done=st.booleans(), twice=st.booleans())
    def answer(self, device: str, done: bool, twice: bool) -> None:
        """Have a device answer what it was sent, told once or twice."""
        for _ in range(1 + twice):
            self.stand.hear(done, self.now, device)
        flying = self.flying[device]
        again = [each for each in self.waiting[device] if each.departures]
        simple = (
            flying[0] if flying is not None else max(again, key=lambda each: each.departures, default=None)
        )
        if simple is None or simple.departures[-1] >= self.now:
            return
        self._end(device, simple, "SUCCESSFUL" if done else "FAILED")
        if twice and flying is None and len(again) > 1:
            rest = [each for each in again if each is not simple]
            self._end(device, max(rest, key=lambda each: each.departures), "SUCCESSFUL" if done else "FAILED")

    @rule(device=st.sampled_from(DEVICES))
    def speak(self, device: str) -> None:
        """Have a device say something else."""
        self.stand.hear(None, self.now, device)
        flying = self.flying[device]
        if flying is None or self.now <= flying[0].departures[-1] + ANSWER:
            return
        simple = flying[0]
        if isinstance(simple.command, LampLevel) and len(simple.departures) < 2:
            self.flying[device] = None
            newer = [each for each in self.waiting[device] if each.id > simple.id]
            if any(each.not_before <= self.now and _covers(each.command, simple.command) for each in newer):
                self.ended[simple.id] = "CANCELED"
                return
            self.waiting[device].append(simple)
            self.waiting[device].sort(key=lambda each: each.id)
        else:
            self._end(device, simple, "TIMEOUT")

    @rule()
    def look_at_the_clock(self) -> None:
        """End what is too old."""
        self.stand.queue.expire(self.now)
        for device in DEVICES:
            for each in [each for each in self.waiting[device] if each.expires <= self.now]:
                self._end(device, each, "TIMEOUT" if each.departures else "EXPIRED")
            flying = self.flying[device]
            if flying and flying[0].expires <= self.now >= flying[0].departures[-1] + ANSWER:
                self._end(device, flying[0], "TIMEOUT")

    @rule()
    def start_again(self) -> None:
        """Close both ends and open them."""
        self.stand.close()
        self.stand = Stand.at(Path(self.directory.name))

    def _end(self, device: str, simple: Simple, state: str) -> None:
        self.ended[simple.id] = state
        if simple in self.waiting[device]:
            self.waiting[device].remove(simple)
        else:
            self.flying[device] = None

    @invariant()
    def the_list_says_the_same(self) -> None:
        """Each command stands where the list has it, and what must never be repeated left at most once."""
        if not hasattr(self, "stand"):
            return
        rows = {row.id: str(row.state) for row in self.stand.queue.listed(most=1000)}
        on_way = {flying[0].id for flying in self.flying.values() if flying is not None}
        for simple in self.all:
            state = self.ended.get(simple.id, "PENDING")
            assert rows[simple.id] in (("SENT", "DELIVERED") if simple.id in on_way else (state,))
            assert isinstance(simple.command, LampLevel) or len(simple.departures) <= 1


def _covers(newer: Command, older: Command) -> bool:
    if isinstance(newer, LampLevel) and isinstance(older, LampLevel):
        return newer.series in ("", older.series)
    return type(newer) is type(older)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.__doc__ = "The queue and the list agree after every step."
TestQueueMachine.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
