"""What verbs on the desk share: the state database opened, its faults in one line, and who asks."""

import os
import pwd
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from narrowgate_cases import Practice
    from narrowgate_gateway.settings import Settings


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The gateway's configuration: its clock, limits and calendar. If not given, narrowgate.toml of the"
    " home or of this directory; the defaults where there is none.",
)


class _Number(click.ParamType[str]):
    """A case's number as people type it: C-000042, c-42 or 42."""

    name = "number"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the number as the desk writes it."""
        from narrowgate_cases.queries import number_of

        return number_of(value)


number_type = _Number()
number_argument = click.argument("number", type=number_type)


def actor() -> str:
    """Give who sits at this machine, as the history calls them."""
    try:
        return f"os:{pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:
        return f"os:{os.geteuid()}"


@contextmanager
def faults() -> Iterator[None]:
    """Tell in one line what is wrong with the database."""
    try:
        yield
    except sqlite3.Error as error:
        raise click.ClickException(f"state.db: {wrong_with(error)}") from None


def wrong_with(error: Exception) -> str:
    """Say what is wrong with the state database, and the way out where there is one."""
    said = str(error)
    if "unable to open" in said:
        return f"{said}; narrowgate run or demo makes one"
    if said.startswith(("no such table", "no such column")):
        return f"another release wrote it ({said}); narrowgate run brings an older one up to date"
    return said


@contextmanager
def reading(home: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that reads the desk of a home."""
    from narrowgate_cases.desk_file import looking

    try:
        with faults(), looking(home / "state.db") as connection:
            yield connection
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def settings_of(home: Path, config: Path | None) -> "Settings":
    """Give a gateway's settings: of the file that is named, else of the home's, else of this directory's."""
    from narrowgate_gateway.config import ConfigFaults, load
    from narrowgate_gateway.settings import Settings

    usual = (place / "narrowgate.toml" for place in (home, Path()))
    path = config or next((each for each in usual if each.is_file()), None)
    try:
        return Settings() if path is None else load(path)
    except ConfigFaults as faults:
        raise click.ClickException(str(faults)) from None


def desk_of(home: Path, config: Path | None) -> "tuple[int, Practice]":
    """Give now [us] and how the desk works."""
    from narrowgate_gateway.practice import practice_of
    from narrowgate_gateway.ticks import clock_of

    settings = settings_of(home, config)
    try:
        return clock_of(settings).now_us(), practice_of(settings.desk, settings.zone)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
