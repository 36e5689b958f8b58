"""`narrowgate simulate`: pretend devices against any CoAP, MQTT or UDP gateway."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from narrowgate_gateway.simulation import PASSWORD_VARIABLE, Wish, live, send_again, summary
from narrowgate_schema.clock import SteppedClock
from narrowgate_simulators import (
    MORE_FAULTS,
    RADIOS,
    City,
    GatewayRefusesError,
    GatewaySilentError,
    Link,
    SentReport,
)

_LONGEST_WAIT_S = 366 * 86_400
_FILE = click.Path(path_type=Path)

_Verb = Callable[..., None]
_OPTIONS: tuple[Callable[[_Verb], _Verb], ...] = (
    click.option(
        "--target",
        default="coap://127.0.0.1:5683",
        show_default=True,
        help="The gateway: coap://HOST[:PORT], mqtt[s]://[USER@]HOST[:PORT] or udp://HOST:PORT.",
    ),
    click.option(
        "--path", default="nb/{device}/up", show_default=True, help="Uri-Path or topic of the uplinks."
    ),
    click.option("--devices", default=300, show_default=True, help="How many, a third of each family."),
    click.option("--seed", default=1, show_default=True, help="Same seed, same bytes."),
    click.option("--hours", default=30.0, show_default=True, help="Event time to live through [h]."),
    click.option(
        "--seconds", type=float, help="Least time on the wall [s]; default: as fast as answers come."
    ),
    click.option("--timezone", default="Asia/Shanghai", show_default=True, help="The city's time zone."),
    click.option(
        "--more-faults",
        type=click.Choice(MORE_FAULTS),
        multiple=True,
        help="Put these in beside leaks, overstays and dark lamps; may be given again.",
    ),
    click.option(
        "--radio",
        type=click.Choice(("perfect", *RADIOS)),
        default="perfect",
        show_default=True,
        help="The NB-IoT link: latency, loss, repeats, order, ports, clocks.",
    ),
    click.option(
        "--replay", "recording", type=_FILE, help="Send this recording's frames instead of a city's."
    ),
    click.option(
        "--rate", default=1.0, show_default=True, help="How much faster than recorded; inf is possible."
    ),
    click.option("--record", type=_FILE, help="Write the frames that are sent (JSON Lines)."),
    click.option("--fleet-out", type=_FILE, help="Write the devices' registry (CSV)."),
    click.option("--truth-out", type=_FILE, help="Write the injected faults (JSON Lines)."),
    click.option("--acks-out", type=_FILE, help="Append what is acknowledged (JSON Lines)."),
    click.option("--clock-page", type=_FILE, help="Move this stepped clock of the gateway."),
    click.option("--ack-timeout", default=0.5, show_default=True, help="First wait for an answer [s]."),
    click.option("--give-up", default=300.0, show_default=True, help="A device keeps a reading so long [s]."),
    click.option(
        "--reach", default=10.0, show_default=True, help="Longest wait for a first sign of the gateway [s]."
    ),
    click.option("--twice", type=float, help="Share of uplinks sent twice; default: 0.01, 0 with --replay."),
    click.option(
        "--lost", type=float, help="Share of answers that are lost; default: 0.002, 0 with --replay."
    ),
    click.option(
        "--password-file", type=_FILE, help=f"The MQTT user's password; otherwise {PASSWORD_VARIABLE}."
    ),
    click.option("--ca-file", type=_FILE, help="Certificates to trust with mqtts (PEM)."),
    click.option("--dry-run", is_flag=True, help="Write the files, send nothing."),
)


def _with_options(verb: _Verb) -> _Verb:
    for option in reversed(_OPTIONS):
        verb = option(verb)
    return verb


@click.command(name="simulate")
@_with_options
def command(**given: Any) -> None:
    """Send the uplinks of a pretend district, or recorded ones, to a gateway by CoAP, MQTT or UDP.

    Prints one JSON object at the end; exits 1 if a frame was refused or given up.

    Example: narrowgate simulate --target coap://127.0.0.1:5683 --devices 300 --truth-out truth.jsonl
    """
    wish = Wish(**given)
    _check(wish)
    clock = _clock(wish.clock_page)
    link, course = _prepared(wish, clock)
    report = _lived(wish, link, course, clock)
    click.echo(summary(wish, course, report))
    if report.refused or report.given_up:
        sys.exit(1)


def _check(wish: Wish) -> None:
    for option, seconds in (("--seconds", wish.seconds or 0.0), ("--reach", wish.reach)):
        if not 0 <= seconds <= _LONGEST_WAIT_S:
            raise click.UsageError(f"{option} {seconds}: is not from 0 to {_LONGEST_WAIT_S}")
    if not wish.rate > 0:
        raise click.UsageError(f"--rate {wish.rate}: is not more than 0")
    for contradiction in wish.contradictions():
        raise click.UsageError(contradiction)


def _clock(page: Path | None) -> SteppedClock | None:
    try:
        return None if page is None else SteppedClock(page)
    except (ValueError, OSError) as error:
        raise click.ClickException(f"--clock-page {page}: no page of a stepped clock ({error})") from error


def _prepared(wish: Wish, clock: SteppedClock | None) -> tuple[Link, City | Path]:
    try:
        return wish.link(), wish.city(clock) if wish.recording is None else wish.recording
    except (ValueError, OverflowError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(_where(wish, error)) from error


def _lived(wish: Wish, link: Link, course: City | Path, clock: SteppedClock | None) -> SentReport:
    """Send, and say what is in the way in one line."""
    try:
        if isinstance(course, City):
            return live(wish, link, course, clock)
        return send_again(wish, link, course)
    except (GatewaySilentError, GatewayRefusesError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(_where(wish, error)) from error


def _where(wish: Wish, error: OSError) -> str:
    return f"{error.filename or wish.target}: {error.strerror or error}"
