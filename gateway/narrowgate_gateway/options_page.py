"""The page and the sample file of the configuration, made from the settings: each option is told once.

python -m narrowgate_gateway.options_page ROOT writes docs/configuration.md and deploy/narrowgate.toml.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrowgate_gateway.settings import Settings
from narrowgate_rules import GROUP_RULES, RELEASE, RULES, Tuned

_HEAD = """\
# Configuration

`narrowgate run --config narrowgate.toml` and `narrowgate check` read one TOML file. Every option has a
default unless the table says otherwise; a key that is not listed here is a fault. `narrowgate check` names
all faults at once, each with file, key, value and what would be right. A sample with every option stands in
[deploy/narrowgate.toml](../deploy/narrowgate.toml). This page and the sample are made by
`python -m narrowgate_gateway.options_page .`
"""
_ROW = "| `{}` | {} | {} | {} |"
_TABLE = "| option | value | default | meaning |\n|---|---|---|---|"
_SAMPLE_HEAD = """\
# Narrowgate. What stands behind a # is the default; `narrowgate check` says what is wrong with this file.
"""
_SHOWN = {("coap", "allow"): '["10.64.0.0/16"]   # the network that your devices come from'}
"""What a sample must say itself: nobody may send to a listener that lists no network."""


@dataclass(frozen=True)
class Option:
    """One option, in words."""

    name: str
    value: str
    default: str
    """As TOML writes it; empty where there is none."""
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table of the file; the top of the file has no name."""

    name: str
    is_array: bool
    meaning: str
    options: tuple[Option, ...]

    @property
    def header(self) -> str:
        """Give its header in the file."""
        return f"[[{self.name}]]" if self.is_array else f"[{self.name}]"


def tables() -> list[Table]:
    """Give all tables of the file, its top first."""
    schema = Settings.model_json_schema()
    kinds = schema["$defs"]
    top, below = [], []
    for name, field in schema["properties"].items():
        is_array = "$ref" in field.get("items", {})
        reference = field.get("items", field).get("$ref")
        if reference is not None:
            kind = kinds[reference.rpartition("/")[2]]
            meaning = kind.get("description", "").partition(": ")[2]
            below.append(Table(name, is_array, meaning, tuple(_options(kind))))
        elif name != "rules":
            top.append(_option(name, field, required=False))
    return [Table("", False, "", tuple(top)), *below, *_rule_tables()]


def _options(kind: dict[str, Any]) -> Iterator[Option]:
    for name, field in kind["properties"].items():
        yield _option(name, field, required=name in kind.get("required", ()))


def _option(name: str, field: dict[str, Any], *, required: bool) -> Option:
    default = "" if required or field.get("default") is None else json.dumps(field["default"])
    return Option(name, _value(field), default, field.get("description", ""))


_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
}


def _value(field: dict[str, Any]) -> str:
    """Give what an option takes, in words."""
    if "anyOf" in field:
        return " or ".join(_value(each) for each in field["anyOf"] if each.get("type") != "null")
    if "enum" in field:
        return ", ".join(f"`{json.dumps(each)}`" for each in field["enum"])
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if field.get("type") == "array":
        return f"array of {_value(field.get('items', {}))}s"
    bounds = [words.format(field[key]) for key, words in _BOUNDS.items() if key in field]
    return ", ".join([_TYPES.get(field.get("type", ""), "value"), *bounds])


def _rule_tables() -> Iterator[Table]:
    tuned: list[Tuned] = [*RULES, *GROUP_RULES, RELEASE]
    for rule in tuned:
        options = tuple(
            Option(
                param.name,
                f"number, at least {param.low:g}, at most {param.high:g}",
                "" if param.default is None else f"{param.default:g}",
                f"{param.help} [{param.unit}]" if param.unit else param.help,
            )
            for param in rule.params
        )
        yield Table(
            f"rules.{rule.name}",
            False,
            "thresholds of this rule" if rule is not RELEASE else "how findings come to the desk",
            options,
        )


def page() -> str:
    """Give the page in Markdown."""
    parts = [_HEAD]
    for table in tables():
        title = f"## `{table.header}`" if table.name else "## Top of the file"
        meaning = f"\n{table.meaning[:1].upper()}{table.meaning[1:].rstrip('.')}.\n" if table.meaning else ""
        rows = [
            _ROW.format(o.name, o.value, f"`{o.default}`" if o.default else "none", o.meaning)
            for o in table.options
        ]
        parts.append("\n".join([title, meaning, _TABLE, *rows, ""]))
    return "\n".join(parts)


def sample() -> str:
    """Give the sample file: one CoAP listener that takes a network, all else as comments."""
    parts = [_SAMPLE_HEAD]
    for table in tables():
        is_shown = any(place[0] == table.name for place in _SHOWN)
        head = [] if not table.name else [table.header if is_shown else f"# {table.header}"]
        parts.append("\n".join([*head, *(_sample_line(table, option) for option in table.options), ""]))
    return "\n".join(parts)


def _sample_line(table: Table, option: Option) -> str:
    shown = _SHOWN.get((table.name, option.name))
    if shown is not None:
        return f"{option.name} = {shown}"
    return f"# {option.name} = {option.default or '...'}   # {option.meaning}"


def write(root: Path) -> None:
    """Write both below the root of the tree."""
    (root / "deploy").mkdir(exist_ok=True)
    (root / "docs" / "configuration.md").write_text(page(), encoding="utf-8")
    (root / "deploy" / "narrowgate.toml").write_text(sample(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
