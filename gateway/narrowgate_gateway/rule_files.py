"""Rules of the operator's own files beside those that ship, and the thresholds that all of them set."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from narrowgate_gateway.settings import Settings
from narrowgate_rules import GROUP_RULES, RELEASE, RULES, Engine, Rule, Tuned
from narrowgate_rules.written import RuleFault, RuleFaults, names_in, read_rule_file

MOST_BYTES = 1 << 20
"""A longer file is no file of rules."""


@dataclass
class RuleFiles:
    """What the rules that ship and some files say together."""

    rules: list[Rule] = field(default_factory=lambda: list(RULES))
    parameters: dict[str, dict[str, float]] = field(default_factory=dict)
    """Thresholds that the files set, by rule and name; a later file goes before an earlier one."""
    faults: list[RuleFault] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """What stands in the files, by name."""
    spoilt: set[str] = field(default_factory=set)
    """Names that stand in files with faults: nobody can say what they are."""

    @property
    def tuned(self) -> list[Tuned]:
        """Give all that has thresholds: rules, groups, and how findings are released."""
        return [*self.rules, *GROUP_RULES, RELEASE]

    def add(self, file: Path) -> None:
        """Read one more file; what is wrong with it gathers in `faults`."""
        try:
            text = text_of(file)
        except (OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) else None
            self.faults.append(RuleFault(str(file), "", "", what or str(error)))
            return
        self.texts[str(file)] = text
        try:
            said = read_rule_file(text, str(file), [each.name for each in self.tuned])
        except RuleFaults as wrong:
            self.faults += wrong.faults
            self.spoilt |= names_in(text)
            return
        self.faults += threshold_faults(str(file), self.tuned, said.parameters)
        self.rules += said.rules
        self.parameters = merged(self.parameters, said.parameters)


def gathered(files: Sequence[Path]) -> RuleFiles:
    """Read files in their order."""
    together = RuleFiles()
    for file in files:
        together.add(file)
    return together


def rules_of(settings: Settings) -> RuleFiles:
    """Give the rules of a configuration and all thresholds that are set, its own before those of files.

    Raises:
        RuleFaults: all that is wrong with its files of rules.
    """
    together = gathered([Path(file) for file in settings.rule_files])
    if together.faults:
        raise RuleFaults(together.faults)
    together.parameters = merged(together.parameters, settings.rules)
    return together


def engine_of(settings: Settings, *, grouped: bool = True) -> Engine:
    """Give a fresh engine with the rules and thresholds of a configuration, with groups or without.

    Raises:
        RuleFaults: all that is wrong with its files of rules.
        ValueError: a threshold of the configuration is not a rule's own, or out of range.
    """
    together = rules_of(settings)
    groups = GROUP_RULES if grouped else None
    if not grouped:
        # Thresholds of groups mean nothing to it.
        known = {rule.name for rule in together.rules}
        together.parameters = {name: of for name, of in together.parameters.items() if name in known}
    return Engine(together.rules, together.parameters, groups=groups, timezone=settings.zone)


def merged(
    one: Mapping[str, Mapping[str, float]], other: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Give the thresholds of both; where both set one, that of `other`."""
    return {name: {**one.get(name, {}), **other.get(name, {})} for name in {**one, **other}}


def threshold_faults(
    file: str, rules: Collection[Tuned], tables: Mapping[str, Mapping[str, object]]
) -> list[RuleFault]:
    """Give thresholds that no rule has, or that are out of their range; tables of no rule are passed over."""
    known = {rule.name: {param.name: param for param in rule.params} for rule in rules}
    faults = []
    for name, table in tables.items():
        for key, value in table.items():
            param = known.get(name, {}).get(key)
            if name in known and param is None:
                what = f"no such parameter; known are {', '.join(known[name])}"
                faults.append(RuleFault(file, name, key, what, value=repr(value)))
            elif (
                param is not None and isinstance(value, int | float) and not param.low <= value <= param.high
            ):
                what = f"wants {param.low:g} to {param.high:g} [{param.unit}]"
                faults.append(RuleFault(file, name, key, what, value=repr(value)))
    return faults


def text_of(file: Path) -> str:
    """Give a file's text; OSError, or ValueError if it is too long or no UTF-8."""
    with file.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"longer than {MOST_BYTES} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from None
