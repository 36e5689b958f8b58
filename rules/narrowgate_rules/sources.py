"""How a rule was written: its part of a file of rules, or what the module of its function says."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass

from narrowgate_rules.declaration import Rule

_HEADER = re.compile(r"\s*\[{1,2}\s*([\w-]+)")


@dataclass(frozen=True)
class Source:
    """Where a rule stands and what is said of it there."""

    file: str
    """Empty for a rule that is no part of a file of rules."""
    comment: str
    """What stands beside it for people."""
    text: str
    """Its declaration as it was written; empty for a rule that is no part of a file of rules."""


def source_of(rule: Rule, files: Mapping[str, str]) -> Source:
    """Give a rule's source; `files` are the contents of files of rules by name."""
    for file, text in files.items():
        lines = _part(rule.name, text)
        if lines:
            comment = [line.lstrip("# ") for line in lines if line.startswith("#")]
            declared = [line for line in lines if line.strip() and not line.startswith("#")]
            return Source(file, " ".join(comment), "\n".join(declared))
    module = inspect.getmodule(rule.judge)
    said = inspect.getdoc(module) if module is not None else None
    return Source("", said or "", "")


def _part(name: str, text: str) -> list[str]:
    """Give the lines of a rule's tables, the comments right above its first header among them."""
    lines = text.splitlines()
    headers = [(n, match[1]) for n, line in enumerate(lines) if (match := _HEADER.match(line))]
    begins = [n for n, header in headers if header == name]
    if not begins:
        return []
    end = next((n for n, header in headers if n > begins[0] and header != name), len(lines))
    first, last = _above(lines, begins[0]), _above(lines, end) if end < len(lines) else end
    return lines[first : max(last, begins[0] + 1)]


def _above(lines: list[str], header: int) -> int:
    """Give where the comments right above a header begin."""
    while header > 0 and lines[header - 1].startswith("#"):
        header -= 1
    return header
