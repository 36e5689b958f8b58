"""`narrowgate rules shelve|unshelve|shelves|clear`: what operators do to findings."""

import getpass
import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.options import config_option, home_option

if TYPE_CHECKING:
    from narrowgate_gateway.control import Request

_reason_option = click.option("--reason", required=True, help="Why; it is recorded.")
_user_option = click.option(
    "--user", default=getpass.getuser, show_default="who is logged in", help="Who says so; it is recorded."
)


@click.command("shelve")
@click.option("--rule", default="", help="Findings of this rule; of all without it.")
@click.option("--device", default="", help="Findings of this device or group; of all without it.")
@click.option("--for", "for_", required=True, help="For how long: 30min, 8h, 3d; 31 days at most.")
@_reason_option
@_user_option
@home_option
@config_option
def shelve(rule: str, device: str, for_: str, reason: str, user: str, home: Path, config: Path) -> None:
    """Keep findings from the desk for a while: they are recorded, and told afterwards if they still stand.

    A shelf names a rule, a device or group, or both; it ends by itself. Matters of safety are told all the
    same, and so is what the desk knew before.

    Example: narrowgate rules shelve --device feeder-3-1 --for 8h --reason "works until five"
    """
    from narrowgate_gateway.control import Request
    from narrowgate_rules.written.durations import duration_us

    if not rule and not device:
        raise click.UsageError("name --rule, --device or both")
    try:
        for_s = duration_us(for_) / 1e6
    except ValueError as error:
        raise click.UsageError(f"--for {error}") from None
    _tell(home, config, Request.SHELVE, rule=rule, device=device, for_s=for_s, reason=reason, user=user)


@click.command("unshelve")
@click.argument("shelf", type=click.IntRange(min=1))
@_reason_option
@_user_option
@home_option
@config_option
def unshelve(shelf: int, reason: str, user: str, home: Path, config: Path) -> None:
    """End a shelf before its time, by its number.

    Example: narrowgate rules unshelve 3 --reason "done earlier"
    """
    from narrowgate_gateway.control import Request

    _tell(home, config, Request.UNSHELVE, shelf=shelf, reason=reason, user=user)


@click.command("shelves")
@home_option
@config_option
def shelves(home: Path, config: Path) -> None:
    """List the shelves in force: a line of JSON each.

    Example: narrowgate rules shelves
    """
    from narrowgate_gateway.config import ConfigFaults
    from narrowgate_gateway.rule_acts import shelves_now
    from narrowgate_gateway.settings import Home

    try:
        for row in shelves_now(Home(home), config):
            click.echo(json.dumps(row, ensure_ascii=False))
    except (ConfigFaults, sqlite3.Error) as error:
        raise click.ClickException(f"{home}: {error}") from None


@click.command("clear")
@click.argument("finding")
@_reason_option
@_user_option
@home_option
@config_option
def clear(finding: str, reason: str, user: str, home: Path, config: Path) -> None:
    """End a latched finding, such as tampering, once what was wrong is over.

    Example: narrowgate rules clear 3f9c2b7d10a4e856 --reason "seal renewed"
    """
    from narrowgate_gateway.control import Request

    _tell(home, config, Request.CLEAR, finding=finding, reason=reason, user=user)


COMMANDS = (shelve, unshelve, shelves, clear)


def _tell(home: Path, config: Path, request: "Request", **said: Any) -> None:
    """Do it and print the answer; what keeps it from being done is one line."""
    import duckdb

    from narrowgate_fleet import RegistryFault
    from narrowgate_gateway.config import ConfigFaults
    from narrowgate_gateway.control_client import CoreRefused
    from narrowgate_gateway.rule_acts import act_on
    from narrowgate_gateway.settings import Home
    from narrowgate_gateway.status import AlreadyRunning
    from narrowgate_ingest.pipeline import JournalUnreadable

    if not home.is_dir():
        raise click.ClickException(f"{home}: no such home")
    try:
        click.echo(json.dumps(act_on(Home(home), config, request, **said), ensure_ascii=False))
    except AlreadyRunning:
        raise click.ClickException(f"{home}: a core is starting or ending here; try again") from None
    except (ConfigFaults, CoreRefused, JournalUnreadable, RegistryFault, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except (OSError, duckdb.Error, sqlite3.Error) as error:
        raise click.ClickException(f"{home}: {error}") from None
