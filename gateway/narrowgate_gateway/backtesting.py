"""What a backtest needs beside the readings: a fleet from a CSV, and engines from files of rules."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from narrowgate_codecs import PROFILES
from narrowgate_fleet import Fleet, Registry, import_csv
from narrowgate_rules import GROUP_RULES, RULES, Engine, Rule
from narrowgate_rules.written import RuleFaults, read_rule_file
from narrowgate_schema.words import Family


class BacktestFault(ValueError):
    """A fleet or rules that cannot be used; a line for each fault."""


@contextmanager
def fleet_of(path: Path | None, family: Family) -> Iterator[Fleet]:
    """Give the fleet of a registry's CSV, in a directory that is gone afterwards; an empty one for None.

    Devices of a file without the column `profile` are of `family`.

    Raises:
        BacktestFault: the file cannot be read, or has faults.
    """
    families = {name: str(profile.family) for name, profile in PROFILES.items()}
    with tempfile.TemporaryDirectory() as directory, Registry(Path(directory)) as registry:
        if path is not None:
            stand_in = f"of_{family}"
            content = io.BytesIO(_with_profile(_content(path), stand_in))
            imported = import_csv(registry, content, {**families, stand_in: str(family)})
            if imported.faults:
                raise BacktestFault("\n".join(fault.told(str(path)) for fault in imported.faults[:20]))
        yield Fleet.load(registry.directory)


def engine_of(path: Path | None, family: Family, timezone: ZoneInfo, *, grouped: bool = False) -> Engine:
    """Give a fresh engine with the rules of a family: ours, and what a file adds or sets.

    With groups it tells causes, too.

    Raises:
        BacktestFault: the file cannot be read, or has faults.
    """
    shipped = [rule for rule in RULES if rule.family == family]
    groups = GROUP_RULES if grouped else None
    if path is None:
        return Engine(shipped, groups=groups, timezone=timezone)
    try:
        said = read_rule_file(_content(path).decode("utf-8"), str(path), [rule.name for rule in RULES])
        rules: list[Rule] = [*shipped, *(rule for rule in said.rules if rule.family == family)]
        ours = {rule.name for rule in rules}
        parameters = {name: table for name, table in said.parameters.items() if name in ours}
        return Engine(rules, parameters, groups=groups, timezone=timezone)
    except (RuleFaults, ValueError) as fault:
        raise BacktestFault(str(fault)) from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BacktestFault(f"{path}: {error.strerror or error}") from None


def _with_profile(content: bytes, profile: str) -> bytes:
    """Give a CSV with a column `profile` where it names devices and has none."""
    header, _, rows = content.partition(b"\n")
    names = [name.strip() for name in header.lstrip(b"\xef\xbb\xbf").split(b",")]
    if b"profile" in names or b"device" not in names:
        return content
    lines = [header.rstrip(b"\r") + b",profile"]
    lines += [line.rstrip(b"\r") + b"," + profile.encode() for line in rows.split(b"\n") if line.strip()]
    return b"\n".join(lines) + b"\n"
