"""What verbs on the desk share: the state database opened, its faults in one line, and who asks."""

import os
import pwd
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click


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
        hint = "; narrowgate run or demo makes one" if "unable to open" in str(error) else ""
        raise click.ClickException(f"state.db: {error}{hint}") from None


@contextmanager
def reading(home: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that reads the desk of a home."""
    from narrowgate_cases.desk_file import looking

    try:
        with faults(), looking(home / "state.db") as connection:
            yield connection
    except ValueError as error:
        raise click.ClickException(str(error)) from None
