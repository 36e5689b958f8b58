"""What `narrowgate simulate` was asked for, and how it is done: a city or a recording, through a link."""

import asyncio
import json
import math
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from narrowgate_schema.clock import SteppedClock, SystemClock
from narrowgate_simulators import (
    RADIOS,
    City,
    FrameFile,
    Link,
    Progress,
    Recorder,
    SentReport,
    Target,
    Timing,
    Weather,
    drive,
    open_link,
    read_recording,
    replay,
    write_truth,
)

PASSWORD_VARIABLE = "NARROWGATE_MQTT_PASSWORD"  # noqa: S105 (a variable's name)
_SECOND_US = 1_000_000
_COARSE_STEP_S = 300


@dataclass(frozen=True)
class Wish:
    """The options of the verb, as they were given."""

    target: str
    path: str
    devices: int
    seed: int
    hours: float
    seconds: float | None
    timezone: str
    more_faults: tuple[str, ...]
    radio: str
    fleet_out: Path | None
    truth_out: Path | None
    acks_out: Path | None
    record: Path | None
    recording: Path | None
    rate: float
    clock_page: Path | None
    ack_timeout: float
    give_up: float
    reach: float
    twice: float | None
    lost: float | None
    password_file: Path | None
    ca_file: Path | None
    dry_run: bool

    def contradictions(self) -> list[str]:
        """Give what does not go together, in words."""
        if self.recording is None:
            return [] if self.rate == 1.0 else ["--rate goes with --replay; a city's pace is --seconds"]
        others = ("clock_page", "fleet_out", "truth_out", "seconds")
        given = [name for name in others if getattr(self, name) is not None]
        given += ["more_faults"] * bool(self.more_faults) + ["radio"] * (self.radio in RADIOS)
        found = [f"--{name.replace('_', '-')} has no use with --replay" for name in given]
        if self.record is not None and self.record.resolve() == self.recording.resolve():
            found.append(f"--record {self.record}: is the file that --replay reads")
        return found

    def weather(self) -> Weather:
        """Give the weather: a city's ordinary one, or none for recorded frames unless it was asked for."""
        usual = Weather(self.seed) if self.recording is None else Weather(self.seed, 0.0, 0.0)
        return Weather(
            self.seed,
            usual.twice_share if self.twice is None else self.twice,
            usual.lost_share if self.lost is None else self.lost,
        )

    def link(self) -> Link:
        """Give the link to the target.

        Raises:
            ValueError: target, patience, weather or certificates are not right.
            OSError: a file cannot be read.
        """
        return open_link(
            Target.parse(self.target),
            timing=Timing(ack_timeout_s=self.ack_timeout, give_up_s=self.give_up),
            weather=self.weather(),
            acks=self.acks_out,
            password=self._password(),
            ca_file=self.ca_file,
        )

    def _password(self) -> str | None:
        if self.password_file is not None:
            return self.password_file.read_text(encoding="utf-8").rstrip("\r\n")
        return os.environ.get(PASSWORD_VARIABLE) if Target.parse(self.target).user is not None else None

    def city(self, clock: SteppedClock | None) -> City:
        """Give the city; ValueError if it cannot be laid out so."""
        return City(
            self.seed,
            self.devices,
            _start_us(clock, self.hours),
            self.hours,
            self.timezone,
            self.path,
            self.more_faults,
            replace(RADIOS[self.radio], seed=self.seed) if self.radio in RADIOS else None,
        )

    def write_files(self, city: City) -> None:
        """Write registry and truth; OSError if they cannot be written."""
        if self.fleet_out is not None:
            city.write_fleet(self.fleet_out)
        if self.truth_out is not None:
            write_truth(self.truth_out, city.truth)


def _start_us(clock: SteppedClock | None, hours: float) -> int:
    """Give the span's beginning [us]: the world's instant, or so long ago that no clock runs ahead."""
    if clock is not None:
        start_us = clock.now_us()
    else:
        span_s = hours * 3600 if math.isfinite(hours) else 0.0
        start_us = SystemClock().now_us() - round(span_s * _SECOND_US)
    return -(-start_us // _SECOND_US) * _SECOND_US


def _step_s(wish: Wish, clock: SteppedClock | None) -> int:
    """Give the step [s]: coarse where the world stands still for it, else about a second of the wall."""
    if clock is not None or wish.seconds is None:
        return _COARSE_STEP_S
    return min(_COARSE_STEP_S, max(1, int(wish.hours * 3600 / max(wish.seconds, 1.0))))


def live(wish: Wish, link: Link, city: City, clock: SteppedClock | None) -> SentReport:
    """Send a city through a link, or only write its files if nothing is to be sent.

    Raises:
        GatewaySilentError: nothing answered.
        GatewayRefusesError: a broker does not let the devices in.
        OSError: a file cannot be written, or the host is unknown.
    """
    wish.write_files(city)
    if wish.record is None:
        return SentReport() if wish.dry_run else asyncio.run(_drive(wish, link, city, clock))
    with FrameFile(wish.record) as file:
        if not wish.dry_run:
            return asyncio.run(_drive(wish, Recorder(link, file), city, clock))
        for step in city.steps():
            file.write(step.emissions)
    return SentReport()


async def _drive(wish: Wish, link: Link, city: City, clock: SteppedClock | None) -> SentReport:
    console = Console(stderr=True)
    async with link:
        await link.reach(wish.reach)
        with Live(console=console, auto_refresh=False, transient=True) as screen:

            def show(progress: Progress) -> None:
                if console.is_terminal:
                    screen.update(_line(progress), refresh=True)

            step_s = _step_s(wish, clock)
            return await drive(city, link, clock, wish.seconds, step_s=step_s, progress=show)


def _line(progress: Progress) -> Text:
    world = time.strftime("%Y-%m-%d %H:%M", time.gmtime(progress.instant_us / _SECOND_US))
    return Text(
        f"step {progress.step}/{progress.steps} · {world} UTC · sent {progress.sent} · "
        f"acked {progress.acked} · refused {progress.refused} · given up {progress.given_up}"
    )


def send_again(wish: Wish, link: Link, recording: Path) -> SentReport:
    """Send a recording through a link, or only read it if nothing is to be sent.

    Raises:
        ValueError: a line of the file is no recorded frame, or the rate is not positive.
        GatewaySilentError: nothing answered.
        GatewayRefusesError: a broker does not let the devices in.
        OSError: a file cannot be read or written, or the host is unknown.
    """
    # A pipe can be read only once; a file is judged to its last line before anybody is waited for.
    if wish.dry_run or not (recording.is_fifo() or recording.is_char_device()):
        for _ in read_recording(recording):
            pass
    if wish.dry_run:
        return SentReport()
    if wish.record is None:
        return asyncio.run(_replay(wish, link, recording))
    with FrameFile(wish.record) as file:
        return asyncio.run(_replay(wish, Recorder(link, file), recording))


async def _replay(wish: Wish, link: Link, recording: Path) -> SentReport:
    async with link:
        await link.reach(wish.reach)
        return await replay(read_recording(recording), link, wish.rate)


def summary(wish: Wish, course: City | Path, report: SentReport) -> str:
    """Give the one line that a program reads."""
    said: dict[str, object] = {"replay": str(course), "rate": wish.rate}
    if isinstance(course, City):
        said = {"seed": wish.seed, "devices": wish.devices, "hours": wish.hours, "faults": len(course.truth)}
    return json.dumps(said | report.summary())
