"""`narrowgate cases outbox`: letters that endpoints do not have yet, and what operators do about them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from narrowgate_gateway.desk_verbs import actor, faults, reading
from narrowgate_gateway.options import home_option

endpoint_option = click.option("--endpoint", required=True, help="Whose letters: webhook, or as it is named.")


@click.group()
def command() -> None:
    """Letters that endpoints do not have yet: look at them, have them tried again, drop them.

    Example: narrowgate cases outbox list --dead
    """


@command.command("list")
@home_option
@click.option("--endpoint", help="Only this one's.")
@click.option("--dead/--waiting", "is_dead", default=None, help="Only those given up, or only those tried.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
def list_(home: Path, endpoint: str | None, is_dead: bool | None, limit: int) -> None:
    """Print letters that were not delivered, the oldest first, a line of JSON each.

    Example: narrowgate cases outbox list --dead --endpoint webhook
    """
    from narrowgate_cases.outbox_acts import held

    with reading(home) as connection:
        for letter in held(connection, endpoint, is_dead=is_dead, limit=limit):
            click.echo(json.dumps(asdict(letter), ensure_ascii=False))


@command.command("retry")
@click.argument("deliveries", nargs=-1)
@endpoint_option
@click.option("--all-dead", is_flag=True, help="All that were given up, instead of some by name.")
@home_option
def retry(deliveries: tuple[str, ...], endpoint: str, all_dead: bool, home: Path) -> None:
    """Have letters tried again at once, as if they were new.

    Example: narrowgate cases outbox retry 6d1f0c6a5be0e0a4-1 --endpoint webhook
    """
    from narrowgate_cases.desk_file import opened
    from narrowgate_cases.outbox_acts import retry

    if bool(deliveries) == all_dead:
        raise click.UsageError("name letters, or say --all-dead")
    with _refusals(), faults(), opened(home / "state.db") as connection:
        tried = retry(connection, endpoint, deliveries or None, actor(), time.time())
    click.echo(f"{tried} letters are tried again", err=True)


@command.command("drop")
@click.argument("deliveries", nargs=-1, required=True)
@endpoint_option
@click.option("--reason", "-m", required=True, help="Why; it is kept.")
@home_option
def drop(deliveries: tuple[str, ...], endpoint: str, reason: str, home: Path) -> None:
    """Take letters out of the box that an endpoint shall not have.

    Example: narrowgate cases outbox drop 6d1f0c6a5be0e0a4-1 --endpoint webhook -m 重复上报
    """
    from narrowgate_cases.desk_file import opened
    from narrowgate_cases.outbox_acts import drop

    with _refusals(), faults(), opened(home / "state.db") as connection:
        drop(connection, endpoint, deliveries, actor(), reason, time.time())
    click.echo(f"{len(deliveries)} letters are dropped", err=True)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (LookupError, ValueError) as refused:
        raise click.ClickException(str(refused)) from None
