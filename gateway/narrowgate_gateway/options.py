"""Options that several verbs share."""

from datetime import datetime
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


class Instant(click.ParamType[int]):
    """An instant with its zone."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Give it in microseconds since 1970 in UTC."""
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value}: no time such as 2026-03-01T08:00:00+08:00", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value}: say its zone, such as {value}Z or {value}+08:00", param, ctx)
        return int(instant.timestamp() * 1_000_000)
