"""`narrowgate cases`: the desk on the command line: the queue, one case, and what people do about it."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.desk_verbs import actor, faults, reading
from narrowgate_gateway.options import home_option
from narrowgate_gateway.verbs import open311, outbox

if TYPE_CHECKING:
    from narrowgate_cases import Case, Practice
    from narrowgate_gateway.settings import Settings

_STATES = (
    "reported", "accepted", "dispatched", "in_progress", "deferred", "resolved", "verified", "closed", "void",
    "merged",
)  # fmt: skip
_FURTHER = ("accepted", "started", "returned", "resumed", "resolved", "verified", "reworked", "void")
_BY = ("all", "unit", "road_class", "district", "service", "severity")

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The gateway's configuration: its clock, limits and calendar; the defaults where not given.",
)
reason_option = click.option("--reason", "-m", default="", help="Why, in words.")


@click.group()
def command() -> None:
    """The desk: what waits for somebody, and what is done about it. Works beside a running gateway.

    Example: narrowgate cases list --light red
    """


command.add_command(outbox.command, "outbox")
command.add_command(open311.command, "open311")


@command.command("list")
@home_option
@config_option
@click.option("--state", type=click.Choice(_STATES), help="Cases that stand so; the open ones if not given.")
@click.option("--light", type=click.Choice(("green", "yellow", "red", "none")), help="Only with this light.")
@click.option("--service", help="Only of this rule.")
@click.option("--unit", help="Only of this department or contractor.")
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

    filters = Filters(
        state=None if state is None else State(state),
        light=None if light is None else Light(light),
        service=service,
        unit=unit,
    )
    now_us, practice = _desk(config)
    with reading(home) as connection:
        order = Order.NEWEST if newest else Order.CLOCK
        page = queue(connection, filters, now_us=now_us, order=order, limit=limit, after=after)
    for case in page.cases:
        _print(_told(case, now_us, practice))
    if page.after is not None:
        click.echo(f"more: --after {page.after}", err=True)


@command.command("show")
@click.argument("number")
@home_option
@config_option
def show(number: str, home: Path, config: Path | None) -> None:
    """Print one case with its history and the steps that can be taken, as JSON.

    Example: narrowgate cases show C-000042
    """
    from narrowgate_cases import case
    from narrowgate_cases.exporting import instant
    from narrowgate_cases.open311_links import requests_of
    from narrowgate_cases.work import possible_steps

    now_us, practice = _desk(config)
    with reading(home) as connection:
        found = case(connection, number)
        outside = requests_of(connection, number)
    if found is None:
        raise click.ClickException(f"there is no case {number[:32]!r}")
    told = _told(found[0], now_us, practice)
    told["outside"] = outside
    told["possible"] = possible_steps(found[0].state)
    told["steps"] = [
        {"at": instant(each.at_us), "step": each.step, "actor": each.actor, "reason": each.reason,
         "evidence": json.loads(each.evidence)}
        for each in found[1]
    ]  # fmt: skip
    click.echo(json.dumps(told, ensure_ascii=False, indent=1))


@command.command("accept")
@click.argument("number")
@reason_option
@home_option
@config_option
def accept(number: str, reason: str, home: Path, config: Path | None) -> None:
    """Accept a case: it is one, and somebody must be sent.

    Example: narrowgate cases accept C-000042
    """
    _take(home, config, number, "accepted", reason=reason)


@command.command("dispatch")
@click.argument("number")
@click.option("--unit", help="Who is to mend it; whom the routes name if not given.")
@reason_option
@home_option
@config_option
def dispatch(number: str, unit: str | None, reason: str, home: Path, config: Path | None) -> None:
    """Send somebody.

    Example: narrowgate cases dispatch C-000042 --unit 路灯一队
    """
    _take(home, config, number, "dispatched", reason=reason, unit=unit)


@command.command("defer")
@click.argument("number")
@reason_option
@home_option
@config_option
def defer(number: str, reason: str, home: Path, config: Path | None) -> None:
    """Let a case wait by agreement; its clock stands until it is resumed.

    Example: narrowgate cases defer C-000042 -m 道路封闭
    """
    _take(home, config, number, "deferred", reason=reason)


@command.command("extend")
@click.argument("number")
@click.option("--hours", "by_h", type=float, required=True, help="How many hours more, of its kind of time.")
@reason_option
@home_option
@config_option
def extend(number: str, by_h: float, reason: str, home: Path, config: Path | None) -> None:
    """Give a case more time.

    Example: narrowgate cases extend C-000042 --hours 24 -m 备件在途
    """
    _take(home, config, number, "extended", reason=reason, by_h=by_h)


@command.command("close")
@click.argument("number")
@reason_option
@home_option
@config_option
def close(number: str, reason: str, home: Path, config: Path | None) -> None:
    """Close a case; what is not yet said to be mended and verified is said so by you, step by step.

    Example: narrowgate cases close C-000042 -m 现场已修复
    """
    _take(home, config, number, "resolved", "verified", "closed", reason=reason)


@command.command("reopen")
@click.argument("number")
@reason_option
@home_option
@config_option
def reopen(number: str, reason: str, home: Path, config: Path | None) -> None:
    """Reopen a case that seemed over.

    Example: narrowgate cases reopen C-000042 -m 现场仍不亮
    """
    _take(home, config, number, "reopened", reason=reason)


@command.command("merge")
@click.argument("number")
@click.argument("into")
@reason_option
@home_option
@config_option
def merge(number: str, into: str, reason: str, home: Path, config: Path | None) -> None:
    """Let another case tell of this one from here on.

    Example: narrowgate cases merge C-000042 C-000041
    """
    _take(home, config, number, "merged", reason=reason, into=into)


@command.command("comment")
@click.argument("number")
@click.argument("words")
@home_option
@config_option
def comment(number: str, words: str, home: Path, config: Path | None) -> None:
    """Add a remark to a case's history.

    Example: narrowgate cases comment C-000042 已联系产权单位
    """
    _take(home, config, number, "commented", reason=words)


@command.command("step")
@click.argument("number")
@click.argument("step", type=click.Choice(_FURTHER))
@reason_option
@home_option
@config_option
def step_(number: str, step: str, reason: str, home: Path, config: Path | None) -> None:
    """Take any further step: started, returned, resumed, resolved, verified, reworked, void.

    Example: narrowgate cases step C-000042 started
    """
    _take(home, config, number, step, reason=reason)


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

    settings = _settings(config)
    now_us, _ = _desk(config)

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


def _take(home: Path, config: Path | None, number: str, *steps: str, **asked: Any) -> None:
    """Take steps; of several those that lead on from where the case stands."""
    from narrowgate_cases import State, Step, case
    from narrowgate_cases.desk_file import working
    from narrowgate_cases.work import Asked, NoSuchCase, take_step

    now_us, practice = _desk(config)
    try:
        with faults(), working(home / "state.db") as connection:
            found = case(connection, number)
            done = {State.RESOLVED: 1, State.VERIFIED: 2}.get(found[0].state, 0) if found else 0
            for step in steps[done if len(steps) > 1 else 0 :]:
                state = take_step(connection, number, Asked(Step(step), **asked), actor(), now_us, practice)
    except (NoSuchCase, ValueError) as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(f"{number} is {state} now", err=True)


def _settings(config: Path | None) -> "Settings":
    from narrowgate_gateway.config import ConfigFaults, load
    from narrowgate_gateway.settings import Settings

    try:
        return Settings() if config is None else load(config)
    except ConfigFaults as faults:
        raise click.ClickException(str(faults)) from None


def _desk(config: Path | None) -> "tuple[int, Practice]":
    """Give now [us] and how the desk works."""
    from narrowgate_gateway.practice import practice_of
    from narrowgate_gateway.ticks import clock_of

    settings = _settings(config)
    try:
        return clock_of(settings).now_us(), practice_of(settings.desk, settings.zone)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _told(case: "Case", now_us: int, practice: "Practice") -> dict[str, object]:
    from narrowgate_cases.exporting import told

    return {**told(case), "light": case.light(now_us, practice.calendar)}


def _print(row: dict[str, object]) -> None:
    click.echo(json.dumps(row, ensure_ascii=False))
