"""`narrowgate commands`: what devices are told, and what became of it."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.desk_verbs import actor
from narrowgate_gateway.options import home_option
from narrowgate_gateway.verbs import command_groups

if TYPE_CHECKING:
    from narrowgate_fleet import CommandQueue, CommandRow
    from narrowgate_gateway.settings import Settings

_STATES = ("PENDING", "SENT", "DELIVERED", "SUCCESSFUL", "FAILED", "TIMEOUT", "EXPIRED", "CANCELED")
_TTL_H = 48.0
_MOST_ID = 1 << 62
_MOST_REASON = 500

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The gateway's configuration, for its clock; the host's clock where not given.",
)


@click.group()
def command() -> None:
    """What devices are told, and what became of it. Works beside a running gateway, and without one.

    Example: narrowgate commands send lamp-0017 lamp_level level_pct=40
    """


command.add_command(command_groups.order)
command.add_command(command_groups.groups_)
command.add_command(command_groups.programme)


@command.command("send")
@click.argument("device")
@click.argument("kind", type=click.Choice(command_groups.KINDS))
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]…")
@click.option("--idempotency-key", help="The same key again is the same command.")
@click.option(
    "--ttl-h",
    type=click.FloatRange(0, 24 * 366, min_open=True),
    default=_TTL_H,
    show_default=True,
    help="How long it waits for the device [h].",
)
@click.option(
    "--not-before", type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]), help="It does not leave before (UTC)."
)
@home_option
@config_option
def send(
    device: str,
    kind: str,
    arguments: Sequence[str],
    idempotency_key: str | None,
    ttl_h: float,
    not_before: Any,
    home: Path,
    config: Path | None,
) -> None:
    """Give a device a command; it leaves when the device next speaks. Prints the command as JSON.

    Values are JSON; what is none is text.

    Example: narrowgate commands send lamp-0017 lamp_level level_pct=40 --ttl-h 12
    """
    given = pairs(arguments)
    from datetime import UTC

    from narrowgate_console.command_making import Terms, ttl_s_of, wish_for
    from narrowgate_fleet import FleetReader, RegistryFault, seal_of
    from narrowgate_schema.commands import command_of

    now_us = now_us_of(config)
    begins = None if not_before is None else int(not_before.replace(tzinfo=UTC).timestamp() * 1e6)
    try:
        terms = Terms(begins, ttl_s_of(ttl_h), idempotency_key)
        fleet = FleetReader(home / "registry", seal_of(os.environ)).fleet
        wish = wish_for(fleet, device, command_of(kind, given), now_us=now_us, terms=terms)
        with open_queue(home) as queue:
            _print(queue.get(queue.put(wish, by=actor(), now_us=now_us).id))
    except (RegistryFault, ValueError) as refused:
        raise click.ClickException(str(refused)) from None


@command.command("list")
@click.option("--device", help="Only of this device.")
@click.option("--state", type=click.Choice(_STATES), help="Only those that stand so.")
@click.option("--kind", type=click.Choice(command_groups.KINDS), help="Only of this kind.")
@click.option("--group", help="Only of this group's sending.")
@click.option("--open", "is_open", is_flag=True, help="Only those that have not ended.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="So many at most."
)
@click.option("--before", type=click.IntRange(1, _MOST_ID), help="Go on behind a page: only ids below this.")
@home_option
def list_(
    device: str | None,
    state: str | None,
    kind: str | None,
    group: str | None,
    is_open: bool,
    limit: int,
    before: int | None,
    home: Path,
) -> None:
    """Print commands, the newest first, a line of JSON each.

    Example: narrowgate commands list --device lamp-0017 --open
    """
    from narrowgate_fleet import CommandFilters, CommandState
    from narrowgate_schema.commands import CommandKind

    filters = CommandFilters(
        device=device,
        state=None if state is None else CommandState(state),
        kind=None if kind is None else CommandKind(kind),
        group=group,
        is_open=is_open or None,
    )
    with open_queue(home) as queue:
        for row in queue.listed(filters, most=limit, before_id=before):
            _print(row)


@command.command("show")
@click.argument("number", type=click.IntRange(1, _MOST_ID))
@home_option
def show(number: int, home: Path) -> None:
    """Print one command with each step that it took: when, why, by whom.

    Example: narrowgate commands show 17
    """
    from narrowgate_console.command_models import CommandFileModel

    with open_queue(home) as queue:
        told = CommandFileModel.with_steps(_one(queue, number), queue.history(number))
    click.echo(told.model_dump_json(indent=1))


@command.command("cancel")
@click.argument("number", type=click.IntRange(1, _MOST_ID), required=False)
@click.option("--group", help="Instead of one: what of this order has not left.")
@click.option("--reason", "-m", default="", help="Why, in words.")
@home_option
@config_option
def cancel(number: int | None, group: str | None, reason: str, home: Path, config: Path | None) -> None:
    """Take back a command, or an order for many devices, as far as it has not left.

    Example: narrowgate commands cancel 17 -m "wrong lamp"
    """
    if (number is None) == (group is None):
        raise click.UsageError("a command's number or --group is wanted, one of them")
    now_us = now_us_of(config)
    try:
        with open_queue(home) as queue:
            if number is None:
                command_groups.take_back(queue, str(group), now_us, reason[:_MOST_REASON])
                return
            _one(queue, number)
            _print(queue.cancel(number, by=actor(), now_us=now_us, detail=reason[:_MOST_REASON]))
    except ValueError as refused:
        raise click.ClickException(str(refused)) from None


def pairs(texts: Sequence[str]) -> dict[str, object]:
    """Read arguments of the form NAME=VALUE, each once; a value is JSON, or else text."""
    given = [_pair(text) for text in texts]
    told = dict(given)
    if len(told) < len(given):
        raise click.UsageError(f"{' '.join(texts)}: each name once is wanted")
    return told


def _pair(text: str) -> tuple[str, object]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.UsageError(f"{text!r}: NAME=VALUE is wanted, such as level_pct=40")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _one(queue: "CommandQueue", number: int) -> "CommandRow":
    try:
        return queue.get(number)
    except KeyError:
        raise click.ClickException(f"there is no command {number}") from None


@contextmanager
def open_queue(home: Path) -> "Iterator[CommandQueue]":
    """Open the queue of a home; what keeps it from being used is told in one line."""
    from narrowgate_fleet import CommandQueue
    from narrowgate_fleet.command_queue import NAME

    if not home.is_dir():
        raise click.ClickException(f"{home}: there is no such home; `narrowgate fleet import` makes one")
    try:
        queue = CommandQueue(home / NAME)
        try:
            yield queue
        finally:
            queue.close()
    except sqlite3.Error as error:
        raise click.ClickException(f"{home / NAME}: {error}") from None


def settings_of(config: Path | None) -> "Settings":
    """Give a gateway's settings; the defaults where no configuration is given."""
    from narrowgate_gateway.config import ConfigFaults, load
    from narrowgate_gateway.settings import Settings

    try:
        return Settings() if config is None else load(config)
    except (ConfigFaults, OSError) as error:
        raise click.ClickException(str(error)) from None


def now_us_of(config: Path | None) -> int:
    """Give the instant by a gateway's clock; by the host's where no configuration is given."""
    from narrowgate_gateway.ticks import clock_of

    try:
        return clock_of(settings_of(config)).now_us()
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _print(row: "CommandRow") -> None:
    from narrowgate_console.command_models import CommandModel

    click.echo(CommandModel.of(row).model_dump_json())
