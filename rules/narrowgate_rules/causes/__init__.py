"""From findings to causes: groups that are out, what is held back for them, what flaps, what is shelved."""

from narrowgate_rules.causes.ledger import findings_batch
from narrowgate_rules.causes.levels import GROUP_RULES, RELEASE, GroupRule, Release
from narrowgate_rules.causes.setting import Setting
from narrowgate_rules.causes.shelves import Shelf
from narrowgate_rules.causes.stage import NOTHING, Caused, Causes, Remembered

__all__ = [
    "GROUP_RULES",
    "NOTHING",
    "RELEASE",
    "Caused",
    "Causes",
    "GroupRule",
    "Release",
    "Remembered",
    "Setting",
    "Shelf",
    "findings_batch",
]
