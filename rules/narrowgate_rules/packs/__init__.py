"""The simple rules that ship with the house, written as an operator would write them."""

from importlib.resources import files

from narrowgate_rules.declaration import Rule
from narrowgate_rules.written import read_rules

_FILES = ("water.toml", "parking.toml", "lighting.toml")


def shipped_rules() -> tuple[Rule, ...]:
    """Give the rules of all files."""
    here = files(__name__)
    return tuple(rule for name in _FILES for rule in read_rules((here / name).read_text("utf-8"), name))
