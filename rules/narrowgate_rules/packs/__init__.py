"""The simple rules that ship, written as an operator would write them, and readable cases of all rules."""

from importlib.resources import files

from narrowgate_rules.declaration import Rule
from narrowgate_rules.written import read_rules

_FILES = ("water.toml", "parking.toml", "lighting.toml")
_CASES = ".cases.toml"


def shipped_rules() -> tuple[Rule, ...]:
    """Give the rules of all files."""
    here = files(__name__)
    return tuple(rule for name in _FILES for rule in read_rules((here / name).read_text("utf-8"), name))


def shipped_texts() -> dict[str, str]:
    """Give the files of rules by name."""
    here = files(__name__)
    return {name: (here / name).read_text("utf-8") for name in _FILES}


def shipped_cases() -> dict[str, str]:
    """Give the files of cases by name, sorted."""
    found = (each for each in files(__name__).iterdir() if each.name.endswith(_CASES))
    return {each.name: each.read_text("utf-8") for each in sorted(found, key=lambda each: each.name)}
