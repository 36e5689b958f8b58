"""Who is told: the desk's cases, opened and closed by findings.

Rule 1: the caller owns the transaction; nothing here begins or commits one.
"""

from narrowgate_cases.desk import CaseChanges, apply
from narrowgate_cases.lifecycle import OPEN_STATES, State, Step, advance
from narrowgate_cases.queries import Case, CaseCounts, CaseStep, case, counts, open_cases
from narrowgate_cases.tables import SCHEMA

__all__ = [
    "OPEN_STATES",
    "SCHEMA",
    "Case",
    "CaseChanges",
    "CaseCounts",
    "CaseStep",
    "State",
    "Step",
    "advance",
    "apply",
    "case",
    "counts",
    "open_cases",
]
