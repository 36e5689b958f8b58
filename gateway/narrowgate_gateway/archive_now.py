"""Has all that is stored archived at once: by the core that is up, or here while none is."""

import sqlite3

import click
import duckdb

from narrowgate_fleet import RegistryFault
from narrowgate_gateway.control import Request
from narrowgate_gateway.control_client import CoreRefused, NoCore, ask
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import AlreadyRunning
from narrowgate_gateway.stopped_core import archive_here


def archive_now(home: Home) -> None:
    """Archive what waits.

    Raises:
        ClickException: it cannot be, in one line.
    """
    if not home.state.exists():
        raise click.ClickException(f"{home.state}: not there: no gateway ran in this home yet")
    try:
        try:
            ask(home.run, Request.ARCHIVE)
        except NoCore:
            archive_here(home)
    except AlreadyRunning:
        raise click.ClickException(f"{home.root}: a core is starting or ending here; try again") from None
    except (CoreRefused, RegistryFault, ValueError, duckdb.Error, sqlite3.Error) as error:
        raise click.ClickException(str(error)) from None
