"""Who is told: the desk's cases, opened and closed by findings, and the endpoints that are told each step.

Rule 1: the caller of the desk owns the transaction; only the outbox's senders begin and commit their own.
"""

from narrowgate_cases.desk import CaseChanges, apply
from narrowgate_cases.installing import install
from narrowgate_cases.keeping import keep_time
from narrowgate_cases.lifecycle import OPEN_STATES, State, Step, advance
from narrowgate_cases.outbox import DeadLetter, OutboxCounts, dead_letters, outbox_counts
from narrowgate_cases.outbox_tables import Wants, install_outbox
from narrowgate_cases.practice import DEFAULT_PRACTICE, Practice, Service
from narrowgate_cases.queries import Case, CaseCounts, CaseStep, case, counts, open_cases
from narrowgate_cases.reports import Report, ReportRefused, report
from narrowgate_cases.restating import expect
from narrowgate_cases.tables import SCHEMA

__all__ = [
    "DEFAULT_PRACTICE",
    "OPEN_STATES",
    "SCHEMA",
    "Case",
    "CaseChanges",
    "CaseCounts",
    "CaseStep",
    "DeadLetter",
    "OutboxCounts",
    "Practice",
    "Report",
    "ReportRefused",
    "Service",
    "State",
    "Step",
    "Wants",
    "advance",
    "apply",
    "case",
    "counts",
    "dead_letters",
    "expect",
    "install",
    "install_outbox",
    "keep_time",
    "open_cases",
    "outbox_counts",
    "report",
]
