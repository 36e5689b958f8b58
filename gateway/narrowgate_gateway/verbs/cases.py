"""`narrowgate cases`: the desk on the command line: the queue, one case, and what people do about it."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.desk_verbs import config_option, desk_of, number_argument, reading, settings_of
from narrowgate_gateway.options import home_option
from narrowgate_gateway.verbs import case_steps, open311, outbox

if TYPE_CHECKING:
    from narrowgate_cases import Case, Practice

_STATES = (
    "reported", "accepted", "dispatched", "in_progress", "deferred", "resolved", "verified", "closed", "void",
    "merged",
)  # fmt: skip
_SEVERITIES = ("info", "minor", "major", "safety")
_BY = ("all", "unit", "road_class", "district", "service", "severity")


@click.group()
def command() -> None:
    """The desk: what waits for somebody, and what is done about it. Works beside a running gateway.

    Example: narrowgate cases list --light red
    """


command.add_command(outbox.command, "outbox")
command.add_command(open311.command, "open311")
for verb in case_steps.COMMANDS:
    command.add_command(verb)


@command.command("list")
@home_option
@config_option
@click.option("--state", type=click.Choice(_STATES), help="Cases that stand so; the open ones if not given.")
@click.option("--light", type=click.Choice(("green", "yellow", "red", "none")), help="Only with this light.")
@click.option("--service", help="Only of this rule.")
@click.option("--unit", help="Only of this department or contractor.")
@click.option("--severity", type=click.Choice(_SEVERITIES), help="Only of this severity.")
@click.option("--district", help="Only of this district.")
@click.option("--text", help="Only with this in device, asset or street, or of this number.")
@click.option("--unplaced", is_flag=True, default=None, help="Only those whose cell nobody knows.")
@click.option("--newest", is_flag=True, help="The newest first, instead of those whose time is up.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="So many at most.")
@click.option("--after", help="Go on behind a page: the cursor that it ended with.")
def list_(
    home: Path,
    config: Path | None,
    state: str | None,
    light: str | None,
    service: str | None,
    unit: str | None,
    severity: str | None,
    district: str | None,
    text: str | None,
    unplaced: bool | None,
    newest: bool,
    limit: int,
    after: str | None,
) -> None:
    """Print a page of cases, a line of JSON each; the cursor of the next page goes to stderr.

    Example: narrowgate cases list --service lamp_out --limit 20
    """
    from narrowgate_cases import State
    from narrowgate_cases.clocks import Light
    from narrowgate_cases.queue import Filters, Order, queue
    from narrowgate_schema.words import Severity

    filters = Filters(
        state=None if state is None else State(state),
        light=None if light is None else Light(light),
        service=service,
        unit=unit,
        severity=None if severity is None else Severity(severity),
        district=district,
        text=text,
        is_unplaced=unplaced,
    )
    now_us, practice = desk_of(home, config)
    with reading(home) as connection:
        order = Order.NEWEST if newest else Order.CLOCK
        page = queue(connection, filters, now_us=now_us, order=order, limit=limit, after=after)
    for case in page.cases:
        _print(_told(case, now_us, practice))
    if page.after is not None:
        click.echo(f"more: --after {page.after}", err=True)


@command.command("show")
@number_argument
@home_option
@config_option
def show(number: str, home: Path, config: Path | None) -> None:
    """Print one case with its history and the steps that can be taken, as JSON.

    Example: narrowgate cases show C-000042
    """
    from narrowgate_cases import case
    from narrowgate_cases.exporting import instant
    from narrowgate_cases.open311_links import requests_of
    from narrowgate_cases.queries import moves
    from narrowgate_cases.work import possible_steps

    now_us, practice = desk_of(home, config)
    with reading(home) as connection:
        found = case(connection, number)
        outside = requests_of(connection, number)
    if found is None:
        raise click.ClickException(f"there is no case {number[:32]!r}")
    told = _told(found[0], now_us, practice)
    told["outside"] = outside
    told["possible"] = possible_steps(found[0].state)
    told["moves"] = moves(found[1])
    told["steps"] = [
        {"at": instant(each.at_us), "step": each.step, "actor": each.actor, "reason": each.reason,
         "evidence": json.loads(each.evidence)}
        for each in found[1]
    ]  # fmt: skip
    click.echo(json.dumps(told, ensure_ascii=False, indent=1))


@command.command("export")
@home_option
@click.option(
    "--csv", "as_csv", is_flag=True, help="As CSV for spreadsheets, UTF-8 with its mark; else JSON Lines."
)
def export(home: Path, as_csv: bool) -> None:
    """Print every case, the oldest first.

    Example: narrowgate cases export --csv > cases.csv
    """
    from narrowgate_cases.exporting import COLUMNS_OUT, cells, exported, told

    with reading(home) as connection:
        if not as_csv:
            for case in exported(connection):
                _print(told(case))
            return
        # Without the mark, spreadsheets on a Chinese desktop read UTF-8 as GBK.
        sys.stdout.write("\ufeff")
        out = csv.writer(sys.stdout)
        out.writerow(COLUMNS_OUT)
        out.writerows(cells(case) for case in exported(connection))


@command.command("figures")
@home_option
@config_option
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="As of the end of this day; now if not given."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only cases reported from this day on.")
@click.option("--by", type=click.Choice(_BY), default="all", show_default=True, help="Told apart by this.")
def figures(home: Path, config: Path | None, until: Any, since: Any, by: str) -> None:
    """Print closing rate, in-time rate, mean repair time and reopened rate, a line of JSON a group.

    Example: narrowgate cases figures --until 2026-03-31 --by unit
    """
    from dataclasses import asdict
    from datetime import timedelta

    from narrowgate_cases.figures import By
    from narrowgate_cases.figures import figures as figures_of

    settings = settings_of(home, config)
    now_us, _ = desk_of(home, config)

    def instant_us(day: Any) -> int:
        return int(day.replace(tzinfo=settings.zone).timestamp() * 1e6)

    try:
        until_us = now_us if until is None else instant_us(until + timedelta(days=1))
    except OverflowError:
        raise click.UsageError("--until: no day follows that one") from None
    since_us = None if since is None else instant_us(since)
    with reading(home) as connection:
        for row in figures_of(connection, until_us, By(by), since_us):
            rates = ("closing_rate", "in_time_rate", "reopened_rate")
            _print({**asdict(row), **{name: getattr(row, name) for name in rates}})


def _told(case: "Case", now_us: int, practice: "Practice") -> dict[str, object]:
    from narrowgate_cases.exporting import told

    return {**told(case), "light": case.light(now_us, practice.calendar)}


def _print(row: dict[str, object]) -> None:
    click.echo(json.dumps(row, ensure_ascii=False))
