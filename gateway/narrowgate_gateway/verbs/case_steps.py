"""`narrowgate cases accept … step`: what people do to a case, a verb a step."""

from pathlib import Path
from typing import Any

import click

from narrowgate_gateway.desk_verbs import actor, config_option, desk_of, faults, number_argument, number_type
from narrowgate_gateway.options import home_option

_FURTHER = ("accepted", "started", "returned", "resumed", "resolved", "verified", "reworked", "void")
reason_option = click.option("--reason", "-m", default="", help="Why, in words.")
seen_option = click.option(
    "--seen",
    type=click.IntRange(0),
    help="`moves` of the case as `show` gave it: refused if somebody has moved it since.",
)


@click.command("accept")
@number_argument
@reason_option
@seen_option
@home_option
@config_option
def accept(number: str, reason: str, seen: int | None, home: Path, config: Path | None) -> None:
    """Accept a case: it is one, and somebody must be sent.

    Example: narrowgate cases accept C-000042
    """
    _take(home, config, number, "accepted", reason=reason, seen=seen)


@click.command("dispatch")
@number_argument
@click.option("--unit", help="Who is to mend it; whom the routes name if not given.")
@reason_option
@seen_option
@home_option
@config_option
def dispatch(
    number: str, unit: str | None, reason: str, seen: int | None, home: Path, config: Path | None
) -> None:
    """Send somebody.

    Example: narrowgate cases dispatch C-000042 --unit 路灯一队
    """
    _take(home, config, number, "dispatched", reason=reason, unit=unit, seen=seen)


@click.command("defer")
@number_argument
@reason_option
@seen_option
@home_option
@config_option
def defer(number: str, reason: str, seen: int | None, home: Path, config: Path | None) -> None:
    """Let a case wait by agreement; its clock stands until it is resumed.

    Example: narrowgate cases defer C-000042 -m 道路封闭
    """
    _take(home, config, number, "deferred", reason=reason, seen=seen)


@click.command("extend")
@number_argument
@click.option("--hours", "by_h", type=float, required=True, help="How many hours more, of its kind of time.")
@reason_option
@seen_option
@home_option
@config_option
def extend(number: str, by_h: float, reason: str, seen: int | None, home: Path, config: Path | None) -> None:
    """Give a case more time.

    Example: narrowgate cases extend C-000042 --hours 24 -m 备件在途
    """
    _take(home, config, number, "extended", reason=reason, by_h=by_h, seen=seen)


@click.command("close")
@number_argument
@reason_option
@seen_option
@home_option
@config_option
def close(number: str, reason: str, seen: int | None, home: Path, config: Path | None) -> None:
    """Close a case; what is not yet said to be mended and verified is said so by you, step by step.

    Example: narrowgate cases close C-000042 -m 现场已修复
    """
    _take(home, config, number, "resolved", "verified", "closed", reason=reason, seen=seen)


@click.command("reopen")
@number_argument
@reason_option
@seen_option
@home_option
@config_option
def reopen(number: str, reason: str, seen: int | None, home: Path, config: Path | None) -> None:
    """Reopen a case that seemed over.

    Example: narrowgate cases reopen C-000042 -m 现场仍不亮
    """
    _take(home, config, number, "reopened", reason=reason, seen=seen)


@click.command("merge")
@number_argument
@click.argument("into", type=number_type)
@reason_option
@seen_option
@home_option
@config_option
def merge(number: str, into: str, reason: str, seen: int | None, home: Path, config: Path | None) -> None:
    """Let another case tell of this one from here on.

    Example: narrowgate cases merge C-000042 C-000041
    """
    _take(home, config, number, "merged", reason=reason, into=into, seen=seen)


@click.command("comment")
@number_argument
@click.argument("words")
@home_option
@config_option
def comment(number: str, words: str, home: Path, config: Path | None) -> None:
    """Add a remark to a case's history.

    Example: narrowgate cases comment C-000042 已联系产权单位
    """
    _take(home, config, number, "commented", reason=words)


@click.command("step")
@number_argument
@click.argument("step", type=click.Choice(_FURTHER))
@reason_option
@seen_option
@home_option
@config_option
def step_(number: str, step: str, reason: str, seen: int | None, home: Path, config: Path | None) -> None:
    """Take any further step: started, returned, resumed, resolved, verified, reworked, void.

    Example: narrowgate cases step C-000042 started
    """
    _take(home, config, number, step, reason=reason, seen=seen)


def _take(
    home: Path, config: Path | None, number: str, *steps: str, seen: int | None = None, **asked: Any
) -> None:
    """Take steps; of several those that lead on from where the case stands."""
    from narrowgate_cases import State, Step, case
    from narrowgate_cases.desk_file import working
    from narrowgate_cases.work import Asked, NoSuchCase, take_step

    now_us, practice = desk_of(home, config)
    try:
        with faults(), working(home / "state.db") as connection:
            found = case(connection, number)
            done = {State.RESOLVED: 1, State.VERIFIED: 2}.get(found[0].state, 0) if found else 0
            for step in steps[done if len(steps) > 1 else 0 :]:
                wanted = Asked(Step(step), seen=seen, **asked)
                state = take_step(connection, number, wanted, actor(), now_us, practice)
                seen = None
    except (NoSuchCase, ValueError) as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(f"{number} is {state} now", err=True)


COMMANDS = (accept, dispatch, defer, extend, close, reopen, merge, comment, step_)
