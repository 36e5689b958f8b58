"""`narrowgate rules`: what the rules ask, whether a file of them is right, and whether its cases hold."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate_gateway.options import config_option
from narrowgate_gateway.verbs.rule_acts import COMMANDS

if TYPE_CHECKING:
    from narrowgate_gateway.rule_files import RuleFiles
    from narrowgate_rules import GroupRule, Rule
    from narrowgate_rules.casebook import Verdict

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.group()
def command() -> None:
    """Rules: which there are, how one decides, and files of your own.

    \b
    Example:
      narrowgate rules list
      narrowgate rules test my-rules.toml
    """  # noqa: D301 - click's mark for lines as they stand is a control character


@command.command("list")
@config_option
def listed(config: Path) -> None:
    """List the rules with their thresholds, those of the configuration's files among them.

    A table on a terminal, JSON Lines where a program reads.

    Example: narrowgate rules list
    """
    together = _together(config)
    lines = [_line(rule, together) for rule in together.rules]
    lines += [_group_line(group, together) for group in _groups()]
    if not sys.stdout.isatty():
        for line in lines:
            click.echo(json.dumps(line, ensure_ascii=False))
        return
    _print_table(lines)


@command.command("show")
@click.argument("name")
@config_option
def shown(name: str, config: Path) -> None:
    """Tell one rule: how it decides, its thresholds with unit and range, what it cannot decide, its memory.

    Example: narrowgate rules show burst
    """
    together = _together(config)
    known = {rule.name: _told(rule, together) for rule in together.rules}
    known |= {group.name: _group_told(group, together) for group in _groups()}
    if name not in known:
        raise click.UsageError(f"{name!r} is no rule; known are {', '.join(known)}")
    click.echo(json.dumps(known[name], ensure_ascii=False, indent=2))


@command.command("check")
@click.argument("file", type=_FILE)
def checked(file: Path) -> None:
    """Name every fault of a file of rules: one JSON object a fault; exit 1 if there is any.

    Example: narrowgate rules check my-rules.toml
    """
    from narrowgate_gateway.rule_files import gathered

    faults = gathered([file]).faults
    for fault in faults:
        click.echo(json.dumps(asdict(fault), ensure_ascii=False))
        click.echo(str(fault), err=True)
    if faults:
        raise click.ClickException(f"{len(faults)} fault{'s' if len(faults) > 1 else ''}")
    click.echo("nothing is wrong", err=True)


@command.command("test")
@click.argument("file", type=_FILE, required=False)
def tested(file: Path | None) -> None:
    """Try the cases beside a file of rules; without a file, those of the rules that ship.

    The cases of my-rules.toml stand in my-rules.cases.toml. One JSON object a case; exit 1 if any fails.

    Example: narrowgate rules test my-rules.toml
    """
    from narrowgate_gateway.rule_trials import verdicts_of
    from narrowgate_rules.written import RuleFaults

    try:
        verdicts = verdicts_of(file)
    except RuleFaults as wrong:
        raise click.ClickException(str(wrong)) from None
    for verdict in verdicts:
        click.echo(json.dumps(_verdict_line(verdict), ensure_ascii=False))
    failed = [verdict for verdict in verdicts if not verdict.holds]
    for verdict in failed:
        click.echo(_failure(verdict), err=True)
    if failed:
        raise click.ClickException(f"{len(failed)} of {len(verdicts)} cases fail")
    click.echo(f"{len(verdicts)} cases hold", err=True)


for _command in COMMANDS:
    command.add_command(_command)


def _together(config: Path) -> "RuleFiles":
    """Give the rules of a configuration; of none where there is none."""
    from narrowgate_gateway.config import ConfigFaults, load
    from narrowgate_gateway.rule_files import rules_of
    from narrowgate_gateway.settings import Settings
    from narrowgate_rules.written import RuleFaults

    try:
        return rules_of(load(config) if config.exists() else Settings())
    except (ConfigFaults, RuleFaults) as wrong:
        raise click.ClickException(str(wrong)) from None


def _line(rule: "Rule", together: "RuleFiles") -> dict[str, Any]:
    given = together.parameters.get(rule.name, {})
    return {
        "rule": rule.name,
        "family": rule.family.value,
        "severity": rule.severity.value,
        "hold": rule.hold,
        "asks": rule.help,
        "thresholds": {param.name: given.get(param.name, param.default) for param in rule.params},
    }


def _groups() -> "tuple[GroupRule, ...]":
    from narrowgate_rules import GROUP_RULES

    return GROUP_RULES


def _group_line(group: "GroupRule", together: "RuleFiles") -> dict[str, Any]:
    given = together.parameters.get(group.name, {})
    return {
        "rule": group.name,
        "family": ", ".join(group.families),
        "severity": group.severity.value,
        "hold": "its members' own",
        "asks": group.help,
        "thresholds": {param.name: given.get(param.name, param.default) for param in group.params},
    }


def _group_told(group: "GroupRule", together: "RuleFiles") -> dict[str, Any]:
    line = _group_line(group, together)
    return {
        **line,
        "version": group.version,
        "groups": group.level.value,
        "counts_findings_of": list(group.symptoms),
        "holds_back_as_well": list(group.explains),
        "thresholds": [{**asdict(param), "value": line["thresholds"][param.name]} for param in group.params],
    }


def _told(rule: "Rule", together: "RuleFiles") -> dict[str, Any]:
    from narrowgate_rules.packs import shipped_texts
    from narrowgate_rules.sources import source_of

    source = source_of(rule, {**together.texts, **shipped_texts()})
    line = _line(rule, together)
    params = [
        {
            **asdict(param),
            "value": line["thresholds"][param.name],
            "set": param.name in _given(rule, together),
        }
        for param in rule.params
    ]
    return {
        **line,
        "version": rule.version,
        "thresholds": params,
        "late": rule.late.value,
        "inputs": list(rule.inputs),
        "cannot_decide": rule.undecided,
        "state_bytes_a_device": rule.state_bytes,
        "file": source.file,
        "comment": source.comment,
        "declaration": source.text.splitlines(),
    }


def _given(rule: "Rule", together: "RuleFiles") -> dict[str, float]:
    return together.parameters.get(rule.name, {})


def _verdict_line(verdict: "Verdict") -> dict[str, Any]:
    case = verdict.case
    return {
        "rule": case.rule,
        "what": case.what,
        "holds": verdict.holds,
        "expected": [str(each) for each in case.expect],
        "found": [str(each) for each in verdict.found],
    }


def _failure(verdict: "Verdict") -> str:
    expected, found = (
        "; ".join(map(str, each)) or "nothing" for each in (verdict.case.expect, verdict.found)
    )
    return f"{verdict.case.title}: expected {expected}, found {found}"


def _print_table(lines: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("rule", "family", "severity", "hold", "what it asks", "thresholds")
    for line in lines:
        thresholds = (
            f"{name} = {value:g}" for name, value in line["thresholds"].items() if value is not None
        )
        cells = [line[name] for name in ("rule", "family", "severity", "hold", "asks")]
        table.add_row(*cells, "\n".join(thresholds))
    Console().print(table)
