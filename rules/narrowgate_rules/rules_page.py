"""The page of the rules that ship, made from their declarations.

python -m narrowgate_rules.rules_page ROOT writes docs/rules.md below ROOT.
"""

import sys
from pathlib import Path

from narrowgate_rules import GROUP_RULES, RELEASE, RULES, GroupRule
from narrowgate_rules.declaration import Param, Rule
from narrowgate_rules.packs import shipped_texts
from narrowgate_rules.sources import Source, source_of
from narrowgate_schema.families import BUILT_IN, OUTSIDE_FAMILIES, outside_silence
from narrowgate_schema.words import Family

_HEAD = """\
# Rules

What the rules that ship ask of readings. `narrowgate rules list` and `narrowgate rules show NAME` tell it of
an installation, with the thresholds that count there; `[rules.NAME]` in narrowgate.toml sets them. How to
[write a rule](write-a-rule.md) of your own is told beside. This page is made by
`python -m narrowgate_rules.rules_page .`
"""
_GROUPS = """\
## Groups

Devices that share a cell, a cabinet, a feeder or a zone and fail together have one cause. The desk is told
one finding, of the group, with its members' names; their own are kept and held back while the group is out,
and told if they still stand after it has cleared. A group is out if one instant lies in enough of the spans
in which its devices were lost: from the last that was heard to the report that was missed, or one report
before the finding. Held against them is who was heard, sound, after that instant; who was not due counts
for nobody. The largest group comes first: what it explains, smaller ones are not asked about. Safety is
never held back. A group is known by its name alone: feeders of two cabinets that are both called "1" are
one feeder to it, so they want names of their own.
"""
_RELEASE = """\
## Release

How findings come to the desk, whatever their rule: `[rules.release]`. `narrowgate rules shelve` keeps
findings of a rule, a device or a group from it for a while; `narrowgate rules clear` ends what latched.
"""
_TABLE = "| threshold | default | range | meaning |\n|---|---|---|---|"


def page() -> str:
    """Give the page in Markdown."""
    parts = [_HEAD]
    texts = shipped_texts()
    for family in map(Family, BUILT_IN):
        own = [rule for rule in RULES if rule.family is family]
        parts.append(f"## {family.value.capitalize()}\n")
        parts += [_told(rule, source_of(rule, texts)) for rule in own]
    parts += [_GROUPS, *map(_group_told, GROUP_RULES), _RELEASE]
    parts += ["\n".join([_TABLE, *map(_row, RELEASE.params), ""])]
    return "\n".join(parts)


def _group_told(group: GroupRule) -> str:
    outside = set(map(outside_silence, OUTSIDE_FAMILIES))
    of = ", ".join(f"`{name}`" for name in group.symptoms if name not in outside)
    also = ", ".join(f"`{name}`" for name in group.explains)
    facts = [
        f"Groups: `{group.level.value}` of the registry. Severity {group.severity}.",
        f"Counts findings of {of}.",
        *([f"Holds back as well, of members: {also}."] if also else []),
    ]
    parts = [f"### `{group.name}`", "", f"**{group.help}**", ""]
    parts += [line for fact in facts for line in (fact, "")]
    return "\n".join([*parts, _TABLE, *map(_row, group.params), ""])


def _told(rule: Rule, source: Source) -> str:
    facts = [
        f"Severity {rule.severity}; {_hold(rule)}; {_late(rule)}; {rule.state_bytes} bytes a device."
        + _of(rule),
        f"*Cannot decide:* {rule.undecided}",
    ]
    declared = [f"```toml\n{source.text}\n```\n"] if source.text else []
    rows = [_TABLE, *map(_row, rule.params), ""] if rule.params else []
    parts = [f"### `{rule.name}`", "", f"**{rule.help}** {source.comment}", ""]
    parts += [line for fact in facts for line in (fact, "")]
    return "\n".join([*parts, *declared, *rows])


def _hold(rule: Rule) -> str:
    return "raised at once" if rule.hold == "at once" else f"holds {rule.hold}"


def _of(rule: Rule) -> str:
    return f" Of places with the role {', '.join(rule.roles)}." if rule.roles else ""


def _late(rule: Rule) -> str:
    return "late readings revise it" if rule.late.value == "revise" else "late readings do not count"


def _row(param: Param) -> str:
    unit = f" {param.unit}" if param.unit else ""
    default = "none" if param.default is None else f"{param.default:g}{unit}"
    return f"| `{param.name}` | {default} | {param.low:g} to {param.high:g}{unit} | {param.help} |"


if __name__ == "__main__":
    (Path(sys.argv[1]) / "docs" / "rules.md").write_text(page(), encoding="utf-8")
