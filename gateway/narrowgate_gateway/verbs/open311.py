"""`narrowgate cases open311`: what a city's GeoReport server takes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgate_gateway.options import config_option

if TYPE_CHECKING:
    from narrowgate_gateway.open311_settings import Open311


@click.group()
def command() -> None:
    """The city's case systems that speak GeoReport v2.

    Example: narrowgate cases open311 services --config narrowgate.toml > city-services.json
    """


@command.command("services")
@config_option
@click.option("--endpoint", help="Its name; the only one there is if not given.")
def services(config: Path, endpoint: str | None) -> None:
    """Ask a server for its services and their attributes, and print them for `definitions_file`.

    Example: narrowgate cases open311 services --config narrowgate.toml --endpoint city > city-services.json
    """
    from narrowgate_cases.http_exchange import ExchangeFailed
    from narrowgate_cases.open311_answers import BadAnswer
    from narrowgate_cases.open311_client import ServerRefused
    from narrowgate_cases.open311_services import discovered, told
    from narrowgate_gateway.config import ConfigFaults, load
    from narrowgate_gateway.open311_endpoint import server_of

    try:
        options = _chosen(load(config).open311, endpoint)
        found = discovered(server_of(options))
    except (ConfigFaults, ExchangeFailed, ServerRefused, BadAnswer, ValueError) as failed:
        raise click.ClickException(str(failed)) from None
    click.echo(told(found))
    click.echo(f"{len(found)} services", err=True)


@command.command("discover")
@click.argument("url")
def discover(url: str) -> None:
    """Print the servers that a city's discovery document names, a line of JSON each.

    Example: narrowgate cases open311 discover https://city.example/open311/discovery.json
    """
    import json
    from dataclasses import asdict

    from narrowgate_cases.http_exchange import ExchangeFailed, Site
    from narrowgate_cases.open311_answers import BadAnswer
    from narrowgate_cases.open311_services import offered_at

    try:
        found = offered_at(Site(url))
    except (ExchangeFailed, BadAnswer, ValueError) as failed:
        raise click.ClickException(str(failed)) from None
    for each in found:
        click.echo(json.dumps(asdict(each), ensure_ascii=False))


def _chosen(endpoints: "tuple[Open311, ...]", name: str | None) -> "Open311":
    if name is None and len(endpoints) == 1:
        return endpoints[0]
    for each in endpoints:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in endpoints) or "none"
    raise click.UsageError(f"--endpoint: one of those in the configuration: {names}")
