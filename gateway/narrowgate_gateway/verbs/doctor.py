"""`narrowgate doctor`: what in this installation can lose data."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narrowgate_gateway.options import config_option, home_option

if TYPE_CHECKING:
    from narrowgate_gateway.finding import Finding


@click.command()
@config_option
@home_option
@click.option(
    "--mosquitto-conf",
    "mosquitto_confs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A mosquitto.conf to look at; any number of times.",
)
@click.option("--offline", is_flag=True, help="Visit no broker and no outside case system.")
def command(config: Path, home: Path, mosquitto_confs: tuple[Path, ...], offline: bool) -> None:
    """Name what in this installation can lose data: brokers, the journal's volume, kernel buffers.

    One JSON object for each thing looked at on standard output, with a verdict: well, careful, loses,
    unknown. Exit 1 if anything can lose acknowledged data, or could not be looked at.

    Example: narrowgate doctor --config narrowgate.toml --mosquitto-conf /etc/mosquitto/mosquitto.conf
    """
    from narrowgate_gateway.config import ConfigFaults
    from narrowgate_gateway.doctor import findings_of
    from narrowgate_gateway.settings import Home

    try:
        bad = _tell(findings_of(config, Home(home), mosquitto_confs, is_offline=offline))
    except ConfigFaults as faults:
        raise click.ClickException(str(faults)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    if bad:
        raise click.ClickException(f"{bad} thing{'s' if bad > 1 else ''} can lose data or could not be seen")
    click.echo("nothing that was looked at loses acknowledged data", err=True)


def _tell(findings: "Iterable[Finding]") -> int:
    """Say each finding as it comes; give how many are bad."""
    bad = 0
    for finding in findings:
        click.echo(json.dumps(asdict(finding), ensure_ascii=False))
        what = f"{finding.subject}: {finding.setting} = {finding.value or '?'}"
        click.echo(f"{finding.verdict:8}{what}: {finding.meaning}", err=True)
        bad += finding.is_bad
    return bad
