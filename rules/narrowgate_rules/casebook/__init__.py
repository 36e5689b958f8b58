"""Readable cases of rules: given readings, and the episodes that are expected of them.

Rule 1: a case runs through the same engine as live readings; nothing about a rule is decided here.
"""

from narrowgate_rules.casebook.case import Case, Episode, Said
from narrowgate_rules.casebook.case_file import read_cases
from narrowgate_rules.casebook.trial import Verdict, tried

__all__ = ["Case", "Episode", "Said", "Verdict", "read_cases", "tried"]
