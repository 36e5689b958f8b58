"""`narrowgate check`: every fault in the configuration and the fleet at once."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from narrowgate_gateway.options import config_option, home_option


@click.command()
@config_option
@home_option
def command(config: Path, home: Path) -> None:
    """Name every fault in configuration, rules, fleet and installed device profiles; open no network.

    One JSON object a fault on standard output; exit 1 if there is any.

    Example: narrowgate check --config narrowgate.toml
    """
    from narrowgate_gateway.checks import faults_of
    from narrowgate_gateway.settings import Home

    faults = faults_of(config, Home(home))
    for fault in faults:
        click.echo(json.dumps(asdict(fault), ensure_ascii=False))
        click.echo(str(fault), err=True)
    if faults:
        raise click.ClickException(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}")
    click.echo("nothing is wrong", err=True)
