"""Tries the cases that stand beside a file of rules, or those of the rules that ship."""

from collections.abc import Mapping
from pathlib import Path

from narrowgate_gateway.rule_files import RuleFiles, gathered, text_of
from narrowgate_rules.casebook import Verdict, read_cases, tried
from narrowgate_rules.packs import shipped_cases
from narrowgate_rules.written import RuleFault, RuleFaults

_CASES = ".cases.toml"


def verdicts_of(file: Path | None) -> list[Verdict]:
    """Try the cases of a file of rules, with its rules and thresholds; of the rules that ship for None.

    A file called NAME.cases.toml is the cases themselves, of NAME.toml beside it if there is one.

    Raises:
        RuleFaults: all that is wrong with the rules, or with the cases.
    """
    if file is None:
        return _verdicts(shipped_cases(), gathered([]))
    rules, cases = _pair(file)
    together = gathered([rules] if rules.exists() else [])
    if together.faults:
        raise RuleFaults(together.faults)
    try:
        text = text_of(cases)
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else None
        raise RuleFaults([RuleFault(str(cases), "", "", what or str(error))]) from None
    return _verdicts({str(cases): text}, together)


def _pair(file: Path) -> tuple[Path, Path]:
    """Give the file of rules and the file of its cases."""
    if file.name.endswith(_CASES):
        return file.with_name(f"{file.name.removesuffix(_CASES)}.toml"), file
    return file, file.with_name(f"{file.name.removesuffix('.toml')}{_CASES}")


def _verdicts(texts: Mapping[str, str], together: RuleFiles) -> list[Verdict]:
    rules = {rule.name: rule for rule in together.rules}
    cases = [case for file, text in texts.items() for case in read_cases(text, file, rules)]
    return [tried(case, rules[case.rule], together.parameters.get(case.rule, {})) for case in cases]
