"""`narrowgate simulate`: pretend devices against any CoAP gateway."""

import asyncio
import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from narrowgate_schema.clock import SteppedClock, SystemClock
from narrowgate_simulators import (
    City,
    CoapLink,
    GatewaySilentError,
    Progress,
    SentReport,
    Target,
    Timing,
    Weather,
    drive,
    write_truth,
)

_SECOND_US = 1_000_000
_COARSE_STEP_S = 300
_LONGEST_WAIT_S = 366 * 86_400


@dataclass(frozen=True)
class _Journey:
    """What is needed to send a city through a link."""

    city: City
    target: Target
    timing: Timing
    weather: Weather
    acks: Path | None
    clock: SteppedClock | None
    seconds: float | None
    reach_s: float

    @property
    def step_s(self) -> int:
        """Give the step [s]: coarse where the world stands still for it, else about a second of the wall."""
        if self.clock is not None or self.seconds is None:
            return _COARSE_STEP_S
        rate = self.city.span.hours * 3600 / max(self.seconds, 1.0)
        return min(_COARSE_STEP_S, max(1, int(rate)))


def _clock(page: Path | None) -> SteppedClock | None:
    try:
        return None if page is None else SteppedClock(page)
    except (ValueError, OSError) as error:
        raise click.ClickException(f"--clock-page {page}: no page of a stepped clock ({error})") from error


def _start_us(clock: SteppedClock | None, hours: float) -> int:
    """Give the span's beginning [us]: the world's instant, or so long ago that no clock runs ahead."""
    if clock is not None:
        start_us = clock.now_us()
    else:
        span_s = hours * 3600 if math.isfinite(hours) else 0.0
        start_us = SystemClock().now_us() - round(span_s * _SECOND_US)
    return -(-start_us // _SECOND_US) * _SECOND_US


def _line(progress: Progress) -> Text:
    world = time.strftime("%Y-%m-%d %H:%M", time.gmtime(progress.instant_us / _SECOND_US))
    return Text(
        f"step {progress.step}/{progress.steps} · {world} UTC · sent {progress.sent} · "
        f"acked {progress.acked} · refused {progress.refused} · given up {progress.given_up}"
    )


async def _send(journey: _Journey) -> SentReport:
    link = CoapLink(journey.target, timing=journey.timing, weather=journey.weather, acks=journey.acks)
    console = Console(stderr=True)
    async with link:
        await link.reach(journey.reach_s)
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def show(progress: Progress) -> None:
                if console.is_terminal:
                    live.update(_line(progress), refresh=True)

            return await drive(
                journey.city, link, journey.clock, journey.seconds, step_s=journey.step_s, progress=show
            )


def _write(city: City, fleet_out: Path | None, truth_out: Path | None) -> None:
    if fleet_out is not None:
        city.write_fleet(fleet_out)
    if truth_out is not None:
        write_truth(truth_out, city.truth)


@click.command(name="simulate")
@click.option("--target", default="coap://127.0.0.1:5683", show_default=True, help="The gateway.")
@click.option("--path", default="nb/{device}/up", show_default=True, help="Uri-Path of the uplinks.")
@click.option("--devices", default=300, show_default=True, help="How many, a third of each family.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--hours", default=30.0, show_default=True, help="Event time to live through [h].")
@click.option("--seconds", type=float, help="Least time on the wall [s]; default: as fast as answers come.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="The city's time zone.")
@click.option("--fleet-out", type=click.Path(path_type=Path), help="Write the devices' registry (CSV).")
@click.option("--truth-out", type=click.Path(path_type=Path), help="Write the injected faults (JSON Lines).")
@click.option("--acks-out", type=click.Path(path_type=Path), help="Append what is acknowledged (JSON Lines).")
@click.option("--clock-page", type=click.Path(path_type=Path), help="Move this stepped clock of the gateway.")
@click.option("--ack-timeout", default=0.5, show_default=True, help="First wait for an answer [s].")
@click.option("--give-up", default=300.0, show_default=True, help="A device keeps a reading so long [s].")
@click.option(
    "--reach", default=10.0, show_default=True, help="Longest wait for a first sign of the gateway [s]."
)
@click.option("--twice", default=0.01, show_default=True, help="Share of datagrams that arrive twice.")
@click.option("--lost", default=0.002, show_default=True, help="Share of answers that are lost.")
@click.option("--dry-run", is_flag=True, help="Write the files, send nothing.")
def command(
    target: str,
    path: str,
    devices: int,
    seed: int,
    hours: float,
    seconds: float | None,
    timezone: str,
    fleet_out: Path | None,
    truth_out: Path | None,
    acks_out: Path | None,
    clock_page: Path | None,
    ack_timeout: float,
    give_up: float,
    reach: float,
    twice: float,
    lost: float,
    dry_run: bool,
) -> None:
    """Send the uplinks of a pretend district of water meters, parking bays and lamps to a gateway.

    Prints one JSON object at the end; exits 1 if a frame was refused or given up.

    Example: narrowgate simulate --target coap://127.0.0.1:5683 --devices 300 --truth-out truth.jsonl
    """
    _check_wait("--seconds", seconds or 0.0)
    _check_wait("--reach", reach)
    clock = _clock(clock_page)
    try:
        city = City(seed, devices, _start_us(clock, hours), hours, timezone, path)
        journey = _Journey(
            city,
            Target.parse(target),
            Timing(ack_timeout_s=ack_timeout, give_up_s=give_up),
            Weather(seed, twice, lost),
            acks_out,
            clock,
            seconds,
            reach,
        )
    except (ValueError, OverflowError) as error:
        raise click.UsageError(str(error)) from error
    summary: dict[str, object] = {"seed": seed, "devices": devices, "hours": hours, "faults": len(city.truth)}
    report = _lived(journey, fleet_out, truth_out, dry_run=dry_run)
    click.echo(json.dumps(summary | report.summary()))
    if len(report.acked) < report.sent:
        sys.exit(1)


def _check_wait(option: str, seconds: float) -> None:
    if not 0 <= seconds <= _LONGEST_WAIT_S:
        raise click.UsageError(f"{option} {seconds}: is not from 0 to {_LONGEST_WAIT_S}")


def _lived(journey: _Journey, fleet_out: Path | None, truth_out: Path | None, *, dry_run: bool) -> SentReport:
    """Write the files and send the city; say what is in the way in one line."""
    try:
        _write(journey.city, fleet_out, truth_out)
        return SentReport() if dry_run else asyncio.run(_send(journey))
    except (GatewaySilentError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        where = f"{error.filename}" if error.filename else f"{journey.target}"
        raise click.ClickException(f"{where}: {error.strerror or error}") from error
