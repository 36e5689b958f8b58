"""`narrowgate commands order|groups|programme`: one order for many devices, and what lamps do by night."""

import json
import os
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.options import home_option

if TYPE_CHECKING:
    from narrowgate_console.lamp_nights import LampNight
    from narrowgate_fleet import CommandQueue, Fleet

KINDS = (
    "lamp_level", "lamp_calendar", "lamp_programme", "valve", "report_interval", "recalibrate", "reboot",
)  # fmt: skip
"""What can be told, in the order of the schema."""
config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The gateway's configuration, for its clock and zone; the host's clock and UTC where not given.",
)


@click.command("order")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]…")
@click.option(
    "--where",
    "where",
    multiple=True,
    required=True,
    metavar="COLUMN=VALUE[,VALUE…]",
    help="Devices that are meant; several columns must all fit.",
)
@click.option("--name", help="The order's name; the same name again is the same order.")
@click.option(
    "--ttl-h",
    type=click.FloatRange(0, 24 * 366, min_open=True),
    default=48.0,
    show_default=True,
    help="How long each command waits for its device [h].",
)
@click.option(
    "--not-before", type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]), help="Nothing leaves before (UTC)."
)
@home_option
@config_option
def order(
    kind: str,
    arguments: Sequence[str],
    where: Sequence[str],
    name: str | None,
    ttl_h: float,
    not_before: Any,
    home: Path,
    config: Path | None,
) -> None:
    """Give many devices one command; who cannot be told is kept with the reason. Prints the order as JSON.

    Example: narrowgate commands order lamp_level level_pct=40 --where feeder=12 --name evening
    """
    from narrowgate_console.command_making import Terms, ttl_s_of
    from narrowgate_console.group_models import GroupModel
    from narrowgate_console.group_ordering import GroupAsk, order_group
    from narrowgate_fleet import RegistryFault
    from narrowgate_fleet.selection import Selection
    from narrowgate_gateway.desk_verbs import actor
    from narrowgate_gateway.verbs import commands as own
    from narrowgate_schema.commands import command_of

    begins = None if not_before is None else int(not_before.replace(tzinfo=UTC).timestamp() * 1e6)
    try:
        command = command_of(kind, own.pairs(arguments))
        asked = GroupAsk(Selection.parse(where), command, Terms(begins, ttl_s_of(ttl_h)), name)
        with own.open_queue(home) as queue:
            row = order_group(_fleet(home), queue, asked, by=actor(), now_us=own.now_us_of(config))
    except (RegistryFault, ValueError) as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(GroupModel.of(row).model_dump_json())


@click.command("groups")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most.")
@click.option("--after", default="", help="Go on behind a page of devices: only names behind this.")
@home_option
def groups_(name: str | None, limit: int, after: str, home: Path) -> None:
    """Print orders for many devices, or who has not carried one out and why; a line of JSON each.

    Example: narrowgate commands groups evening
    """
    from narrowgate_console.group_models import GroupModel, StragglerModel
    from narrowgate_fleet.command_groups import groups, stragglers
    from narrowgate_gateway.verbs import commands as own

    with own.open_queue(home) as queue, queue.file.looking() as connection:
        if name is None:
            for row in groups(connection, limit):
                click.echo(GroupModel.of(row).model_dump_json())
        elif not groups(connection, 1, name):
            raise click.ClickException(f"there is no order {name[:64]!r}")
        else:
            for one in stragglers(connection, name, limit, after):
                click.echo(StragglerModel.of(one).model_dump_json())


def take_back(queue: "CommandQueue", name: str, now_us: int, reason: str) -> None:
    """Take back what of an order has not left, and print how it stands then."""
    from narrowgate_console.group_models import GroupModel
    from narrowgate_fleet.command_groups import groups
    from narrowgate_gateway.desk_verbs import actor

    count = queue.cancel_group(name, by=actor(), now_us=now_us, detail=reason)
    with queue.file.looking() as connection:
        found = groups(connection, 1, name)
    if not found:
        raise click.ClickException(f"there is no order {name[:64]!r}")
    click.echo(f"{count} taken back", err=True)
    click.echo(GroupModel.of(found[0]).model_dump_json())


@click.command("programme")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--check", "is_meant", flag_value=False, default=False, help="Look only; this is the default.")
@click.option("--apply", "is_meant", flag_value=True, help="Tell lamps what is new to them.")
@home_option
@config_option
def programme(file: Path, is_meant: bool, home: Path, config: Path | None) -> None:
    """Hold what lamps have confirmed against a programme of nights, by class of road.

    A line of JSON for each lamp that is to be told something or cannot be, then how many stand each way.

    Example: narrowgate commands programme lamps.toml --check --config narrowgate.toml
    """
    from narrowgate_console.lamp_nights import Applied, apply, look
    from narrowgate_fleet import RegistryFault
    from narrowgate_fleet.lamp_programme import ProgrammeFault, read_lamp_nights
    from narrowgate_gateway.verbs import commands as own

    settings = own.settings_of(config)
    try:
        nights = read_lamp_nights(_text(file))
        now_us = own.now_us_of(config)
        with own.open_queue(home) as queue:
            seen = look(_fleet(home), queue, nights, settings.zone, now_us)
            applied = apply(queue, seen, now_us) if is_meant else Applied()
    except ProgrammeFault as fault:
        raise click.ClickException("\n".join(f"{file}: {line}" for line in fault.faults)) from None
    except (RegistryFault, ValueError, OSError) as refused:
        raise click.ClickException(str(refused)) from None
    for lamp in seen.lamps:
        if lamp.wishes or lamp.reason:
            click.echo(json.dumps(_told(lamp), ensure_ascii=False))
    for device, why in applied.refused:
        click.echo(f"{device}: {why}", err=True)
    standing = {str(standing): count for standing, count in seen.counts.items()}
    click.echo(json.dumps({"night": str(seen.day), **standing, "put": applied.put}))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: not UTF-8 at byte {error.start}") from None


def _fleet(home: Path) -> "Fleet":
    from narrowgate_fleet import FleetReader, seal_of

    return FleetReader(home / "registry", seal_of(os.environ)).fleet


def _told(lamp: "LampNight") -> dict[str, object]:
    from narrowgate_schema.commands import arguments_of, kind_of

    commands = [{"kind": kind_of(wish.command), **arguments_of(wish.command)} for wish in lamp.wishes]
    return {"device": lamp.device, "standing": lamp.standing, "reason": lamp.reason, "commands": commands}
