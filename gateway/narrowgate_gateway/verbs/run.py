"""`narrowgate run`: the gateway."""

import os
import sys
from pathlib import Path

import click

from narrowgate_gateway.options import config_option, home_option
from narrowgate_gateway.thrift import environment


@click.command()
@config_option
@home_option
@click.option("--role", type=click.Choice(["edge", "core"]), help="Run one process alone.")
def command(config: Path, home: Path, role: str | None) -> None:
    """Run the gateway: listeners and journal in one process, decoding, stores and console in another.

    What dies is started again; SIGTERM ends it when everything acknowledged is worked off.

    Example: narrowgate run --config narrowgate.toml --home /var/lib/narrowgate
    """
    if role is not None:
        os.environ.update({**environment(role), **os.environ})
    from narrowgate_gateway.checks import faults_of
    from narrowgate_gateway.config import load
    from narrowgate_gateway.process import start
    from narrowgate_gateway.settings import Home
    from narrowgate_gateway.supervisor import supervise

    place = Home(home)
    if faults := faults_of(config, place):
        for fault in faults:
            click.echo(f"narrowgate: {fault}", err=True)
        sys.exit(1)
    home.mkdir(parents=True, exist_ok=True)
    settings = load(config)
    if role is not None:
        sys.exit(1 if start(role, settings, place, watch_input=False) else 0)
    sys.exit(supervise(config, settings, place))
