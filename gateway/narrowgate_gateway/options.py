"""Options that several verbs share."""

from pathlib import Path

import click

home_option = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("narrowgate-data"),
    envvar="NARROWGATE_HOME",
    show_default="./narrowgate-data",
    show_envvar=True,
    help="Directory of everything the gateway keeps.",
)

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("narrowgate.toml"),
    show_default=True,
    help="The configuration file.",
)
