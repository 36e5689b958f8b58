"""`narrowgate erase`: a person's data out of everything, with a receipt."""

import json
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgate_gateway.options import config_option, home_option

if TYPE_CHECKING:
    from narrowgate_gateway.settings import Home

WITHIN_S = 10.0
"""How long further stores are waited for [s]."""


def _named(ctx: click.Context, param: click.Parameter, device: str) -> str:
    if not device.strip():
        raise click.UsageError("say which device; an empty name is none")
    return device


@click.command()
@click.argument("device", callback=_named)
@home_option
@config_option
@click.option("--asset", default="", help="Take its cases and what people reported of it along.")
@click.option("--apply", "is_meant", is_flag=True, help="Do it; without this, only count what there is.")
def command(device: str, home: Path, config: Path, asset: str, is_meant: bool) -> None:
    """Erase all that a device sent and what was made of it: journal, telemetry, archive, quarantine,
    findings, the rules' memory, further stores. One JSON object: the receipt, which does not name it.

    Its cases stay as numbers without name, place, figures and words: what people reported or noted there
    goes, and who they are. With --asset so do the cases of the place that it stood at, whatever told of
    them. The registry stays as it is. Live frames wait meanwhile; devices are acknowledged as always.
    Killed, it is gone on with by the next start or call. Exit 1 if a further store has not erased it yet:
    it is asked until it has.

    \b
    Example:
      narrowgate erase water-0001
      narrowgate erase water-0001 --asset CONN-0001 --apply > receipt.json
    """  # noqa: D205, D301 - click's mark for lines as they stand is a control character
    import duckdb

    from narrowgate_fleet import RegistryFault
    from narrowgate_gateway.config import ConfigFaults
    from narrowgate_gateway.control_client import CoreRefused
    from narrowgate_gateway.erasing_verb import counted, erased, further_stores
    from narrowgate_gateway.settings import Home
    from narrowgate_gateway.status import AlreadyRunning
    from narrowgate_ingest.pipeline import JournalUnreadable

    place = Home(home)
    if not place.state.exists():
        raise click.ClickException(f"{place.state}: not there: no gateway ran in this home yet")
    try:
        if not is_meant:
            click.echo(json.dumps({"device": device, **counted(place, device, asset)}))
            _remind(place, device, asset)
            click.echo("nothing is erased yet; --apply does it", err=True)
            return
        receipt = erased(place, config, device, asset, _say)
        waiting = further_stores(place, device, WITHIN_S)
    except AlreadyRunning:
        raise click.ClickException(f"{home}: a core is starting or ending here; try again") from None
    except (ConfigFaults, CoreRefused, JournalUnreadable, RegistryFault) as error:
        raise click.ClickException(str(error)) from None
    except (ValueError, duckdb.Error, sqlite3.Error) as error:
        raise click.ClickException(f"{home}: not finished: {error}") from None
    click.echo(json.dumps({**receipt, "waiting": waiting}))
    for store, words in waiting.items():
        click.echo(f"{store}: not erased there yet{': ' if words else ''}{words}", err=True)
    if waiting:
        raise SystemExit(1)


def _remind(home: "Home", device: str, asset: str) -> None:
    """Say what people reported of the place that a device stands at, where nobody asked for that."""
    from narrowgate_gateway.erasing_verb import asset_of, other_reports

    at = asset_of(home, device)
    if at not in ("", asset) and (n := other_reports(home, device, at)):
        click.echo(f"{n} reports are about {at}, where it stands: --asset {at} takes them along", err=True)


def _say(step: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"{step.replace('_', ' ')} …", err=True)
