"""A fleet of pretend devices for tests: one object, one call, one report."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from narrowgate_schema.clock import SteppedClock
from narrowgate_simulators.city import DEFAULT_PATH, DEFAULT_STEP_S, City
from narrowgate_simulators.drive import drive
from narrowgate_simulators.emission import Emission
from narrowgate_simulators.faults import Fault
from narrowgate_simulators.links import Link, open_link
from narrowgate_simulators.radio import Radio
from narrowgate_simulators.report import SentReport
from narrowgate_simulators.target import Target
from narrowgate_simulators.timing import Timing, Weather

START = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Midnight in the fleet's city; a fixed instant, so that a test sees the same bytes on every day."""
_PATIENT = Timing(ack_timeout_s=0.5, answer_s=2.0, give_up_s=30.0)


class PretendFleet:
    """Seeded water meters, parking bays and lamps that send to the gateway under test.

    `drive` and `send` run a loop of their own; a coroutine awaits `drive_async` and `send_async`.
    """

    def __init__(
        self,
        target: str,
        devices: int = 30,
        seed: int = 1,
        *,
        hours: float = 30.0,
        start: datetime = START,
        timezone: str = "Asia/Shanghai",
        path: str = DEFAULT_PATH,
        more_faults: Collection[str] = (),
        radio: Radio | None = None,
        timing: Timing = _PATIENT,
        weather: Weather | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        reach_s: float = 10.0,
    ) -> None:
        """Lay the fleet out; nothing is sent yet.

        Args:
            target: the gateway, coap://HOST[:PORT], mqtt[s]://[USER@]HOST[:PORT] or udp://HOST:PORT.
            devices: how many, a third of each family; 0 is legal.
            seed: same seed, same bytes.
            hours: event time that `drive` lives through [h].
            start: its beginning; aware, a whole second.
            timezone: the city's zone.
            path: Uri-Path or topic of the uplinks, with the capture {device}.
            more_faults: kinds of MORE_FAULTS to put in beside leaks, overstays and dark lamps.
            radio: the link between devices and gateway; None is perfect.
            timing: the devices' patience.
            weather: doubled uplinks and lost answers; none by default.
            password: of the target's user, MQTT only.
            ca_file: certificates to trust instead of the host's, mqtts only.
            reach_s: longest wait for a first sign of the gateway [s].

        Raises:
            ValueError: an argument is out of range; says which and what would be right.
        """
        if start.tzinfo is None:
            raise ValueError(f"start: {start} has no zone")
        start_us = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        self.city = City(seed, devices, start_us, hours, timezone, path, more_faults, radio)
        self._target, self._timing = Target.parse(target), timing
        self._weather = Weather(seed, 0.0, 0.0) if weather is None else weather
        self._password, self._ca_file, self._reach_s = password, ca_file, reach_s
        self.report = SentReport()
        """What became of everything sent until now."""

    @property
    def devices(self) -> list[str]:
        """Give every device id."""
        return self.city.devices

    @property
    def truth(self) -> tuple[Fault, ...]:
        """Give every injected fault, in the order of its beginning."""
        return self.city.truth

    def emissions(self) -> Iterator[Emission]:
        """Give all uplinks of the span in order, without sending them."""
        for step in self.city.steps():
            yield from step.emissions

    def write_fleet(self, path: Path) -> None:
        """Write the devices' registry as CSV."""
        self.city.write_fleet(path)

    def drive(
        self,
        seconds: float | None = None,
        clock: SteppedClock | None = None,
        step_s: int = DEFAULT_STEP_S,
    ) -> SentReport:
        """Let the fleet live through its span and give what became of its uplinks.

        Args:
            seconds: how long that takes on the wall at least [s]; None is as fast as answers come.
            clock: the gateway's clock, if it lives by a stepped one.
            step_s: length of a step in event time [s].

        Raises:
            GatewaySilentError: nothing answered.
            RuntimeError: called from a coroutine.
        """
        return _run(self.drive_async(seconds, clock, step_s), "drive_async")

    def send(self, emissions: Iterable[Emission]) -> SentReport:
        """Send some uplinks and give what became of them; raises what `drive` raises."""
        return _run(self.send_async(emissions), "send_async")

    async def drive_async(
        self,
        seconds: float | None = None,
        clock: SteppedClock | None = None,
        step_s: int = DEFAULT_STEP_S,
    ) -> SentReport:
        """Do what `drive` does, in the running loop."""
        async with self._link() as link:
            await link.reach(self._reach_s)
            return self._counted(await drive(self.city, link, clock, seconds, step_s=step_s))

    async def send_async(self, emissions: Iterable[Emission]) -> SentReport:
        """Do what `send` does, in the running loop."""
        async with self._link() as link:
            await link.reach(self._reach_s)
            await link.send(emissions)
            return self._counted(link.report)

    def _link(self) -> Link:
        return open_link(
            self._target,
            timing=self._timing,
            weather=self._weather,
            password=self._password,
            ca_file=self._ca_file,
        )

    def _counted(self, report: SentReport) -> SentReport:
        self.report.absorb(report)
        return report


def _run(sending: Coroutine[object, object, SentReport], instead: str) -> SentReport:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(sending)
    sending.close()
    raise RuntimeError(f"a loop is running here: await {instead} instead")
