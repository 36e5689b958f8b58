"""`narrowgate quarantine`: what was refused and why; run it again."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from narrowgate_gateway.options import config_option, home_option

HELP = {
    "length": "the profile or the device's layout is another: narrowgate decode --profile NAME HEX",
    "model": "the profile is another: narrowgate profiles lists them, narrowgate fleet import sets one",
    "integrity": "damaged on its way, or the key is another",
    "sanity": "well formed, but no such device can say this: look at the device",
    "key_missing": "the registry has no key for the device",
    "ambiguous": "register the device with one of the profiles that fit",
    "context_missing": "an announcement of the device is missing; retry once it came",
    "identity": "the frame names another device than the sender: look at both registrations",
    "unknown": "no such device in the registry: narrowgate fleet import, then retry",
    "internal": "a fault of ours: retry with a mended release",
    "store_refused": "mend what the store's words name, then retry: it is sent again as it stands here",
}
"""What helps, by reason."""
STORE_REFUSED = "store_refused"
WITHIN_S = 10.0
"""How long a running core is given to send refused readings before they are called waiting [s]."""

reason_option = click.option("--reason", type=click.Choice(list(HELP)), help="Only frames refused for this.")
device_option = click.option("--device", help="Only frames of this device.")

_TOLD_EVERY = 1000


@click.group()
def command() -> None:
    """What was kept but gave no reading.

    Example: narrowgate quarantine list --reason unknown
    """


@command.command("list")
@home_option
@reason_option
@device_option
@click.option("--limit", type=click.IntRange(min=1), help="The newest so many only.")
def list_(home: Path, reason: str | None, device: str | None, limit: int | None) -> None:
    """List refused frames, the newest first, a line of JSON each, with hex and why.

    Readings that a further store refused for good (store_refused) follow them, with the store's words; they
    stand in the telemetry, only not there.

    Example: narrowgate quarantine list --device water-0001
    """
    for row in _rows(home, reason, device, "frame DESC", limit):
        click.echo(json.dumps(row, ensure_ascii=False))
    if reason in (None, STORE_REFUSED):
        from narrowgate_gateway.refused_verb import refused_readings

        for row in refused_readings(home, device, limit=limit):
            click.echo(json.dumps(row, ensure_ascii=False))


@command.command("show")
@click.argument("frame", type=click.IntRange(min=0))
@home_option
def show(frame: int, home: Path) -> None:
    """Print all that is kept of one frame, and what helps, as JSON.

    Readings of the frame that a further store refused follow, an object each.

    Example: narrowgate quarantine show 4711
    """
    from narrowgate_gateway.refused_verb import refused_readings

    found = [*_rows(home, None, None, "frame", None, frame), *refused_readings(home, frame=frame)]
    for row in found:
        told = {**row, "helps": HELP.get(row["reason"], "")}
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    if found:
        return
    raise click.ClickException(f"frame {frame} is not in quarantine")


@command.command("retry")
@home_option
@config_option
@reason_option
@device_option
@click.option("--apply", "is_meant", is_flag=True, help="Do it; without this, only say what would happen.")
def retry(home: Path, config: Path, reason: str | None, device: str | None, is_meant: bool) -> None:
    """Run refused frames again through decode, rules and stores: a line of JSON for each.

    Without --apply nothing changes. Frames that decode now leave quarantine and are stored under the instant
    at which they came in; rules take them for late. A running gateway does it between two batches; without
    one, the stores are opened here, and --config says which zone and thresholds the rules have.
    Readings that a further store refused (store_refused) are sent to it again, as they stand here now, by
    the core that is up or the next one; a reading that is sent twice is one.
    Exit 1 if a frame or a reading is refused again.

    \b
    Example:
      narrowgate quarantine retry --reason unknown
      narrowgate quarantine retry --reason unknown --apply
      narrowgate quarantine retry --reason store_refused --apply
    """  # noqa: D301 - click's mark for lines as they stand is a control character
    refused = _retry_frames(home, config, reason, device, is_meant=is_meant)
    if reason in (None, STORE_REFUSED):
        refused += _retry_readings(home, device, is_meant=is_meant)
    if refused:
        raise SystemExit(1)


def _retry_frames(home: Path, config: Path, reason: str | None, device: str | None, *, is_meant: bool) -> int:
    """Run frames again and give how many of them are refused again."""
    frames = [(row["device"], row["frame"]) for row in _rows(home, reason, device, "frame", None)]
    number = refused = 0
    for outcome in _outcomes(home, config, frames, is_meant=is_meant) if frames else ():
        number += 1
        refused += bool(outcome["reason"])
        click.echo(json.dumps(outcome, ensure_ascii=False))
        if number % _TOLD_EVERY == 0 and sys.stderr.isatty():
            click.echo(f"{number} of {len(frames)} frames run again …", err=True)
    if reason != STORE_REFUSED:
        click.echo(_summary(number, refused, is_meant=is_meant), err=True)
    return refused


def _retry_readings(home: Path, device: str | None, *, is_meant: bool) -> int:
    """Have refused readings sent again and give how many of them are refused again."""
    from narrowgate_gateway.refused_verb import send_again

    counts = dict.fromkeys(("sent", "refused", "waiting"), 0)
    for row in send_again(home, device, is_meant=is_meant, within_s=WITHIN_S):
        counts[row["outcome"]] += 1
        click.echo(json.dumps(row, ensure_ascii=False))
    number = sum(counts.values())
    if number and not is_meant:
        click.echo(f"{number} readings would be sent again; --apply does it", err=True)
    elif number:
        told = f"{counts['sent']} of {number} readings sent, {counts['refused']} refused again"
        later = "; a core whose store answers sends the rest" if counts["waiting"] else ""
        click.echo(told + later, err=True)
    return counts["refused"]


def _summary(number: int, refused: int, *, is_meant: bool) -> str:
    if not number:
        return "no frame in quarantine matches"
    verb = "left" if is_meant else "would leave"
    hint = "" if is_meant or number == refused else "; --apply does it"
    return f"{number - refused} of {number} frames {verb} quarantine{hint}"


def _outcomes(
    home: Path, config: Path, frames: list[tuple[str, int]], *, is_meant: bool
) -> Iterator[dict[str, Any]]:
    import duckdb

    from narrowgate_fleet import RegistryFault
    from narrowgate_gateway.config import ConfigFaults
    from narrowgate_gateway.control_client import CoreRefused, NoCore
    from narrowgate_gateway.retrying import portions, retrier
    from narrowgate_gateway.settings import Home
    from narrowgate_gateway.status import AlreadyRunning
    from narrowgate_ingest.pipeline import JournalUnreadable

    try:
        with retrier(Home(home), config, is_meant=is_meant) as run:
            for portion in portions(frames):
                yield from run(portion)
    except AlreadyRunning:
        raise click.ClickException(f"{home}: a core is starting or ending here; try again") from None
    except (ConfigFaults, CoreRefused, JournalUnreadable, NoCore, RegistryFault) as error:
        raise click.ClickException(str(error)) from None
    except (ValueError, duckdb.Error, sqlite3.Error) as error:
        raise click.ClickException(f"{home}: {error}") from None


def _rows(
    home: Path,
    reason: str | None,
    device: str | None,
    order: str,
    limit: int | None,
    frame: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Give frames in quarantine as JSON objects."""
    from narrowgate_gateway.quarantine_files import found
    from narrowgate_gateway.settings import Home

    if not home.is_dir():
        raise click.ClickException(f"{home}: no such home")
    sql = (
        "SELECT * FROM frames WHERE (?1 IS NULL OR reason = ?1) AND (?2 IS NULL OR device = ?2)"  # noqa: S608
        f" AND (?3 IS NULL OR frame = ?3) ORDER BY {order} LIMIT coalesce(?4, -1)"
    )
    path = Home(home).quarantine / "quarantine.db"
    return map(_told, found(path, sql, (reason, device, frame, limit)))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    from narrowgate_gateway.instants import rfc3339

    payload: bytes = row.pop("payload")
    row["transport_facts"] = json.loads(row.get("transport_facts", "{}"))
    return {**row, "received_at": rfc3339(row["received_at"]), "bytes": len(payload), "hex": payload.hex()}
