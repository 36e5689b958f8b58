"""The console's doctor looks now and then, in its own time, and never twice at once."""

import threading
from collections.abc import Iterator

from narrowgate_gateway.doctor_visits import EVERY_S, DoctorVisits
from narrowgate_gateway.finding import Finding, Verdict

WITHIN_S = 100.0


class _Patient:
    """Something to look at that takes as long as a test wants."""

    def __init__(self) -> None:
        self.visits = 0
        self.may_end = threading.Event()

    def look(self) -> Iterator[Finding]:
        """Give a finding that tells how often it was looked."""
        self.visits += 1
        self.may_end.wait(WITHIN_S)
        yield Finding("host", "visits", str(self.visits), Verdict.WELL, "it was looked at")


def test_nobody_waits_for_a_visit() -> None:
    """While a slow broker is visited there is nothing yet, and no second visit."""
    patient = _Patient()
    doctor = DoctorVisits(patient.look)
    before = [tuple(doctor.diagnoses()) for _ in range(3)]
    patient.may_end.set()
    doctor.await_visit(WITHIN_S)

    assert before == [()] * 3
    assert [(one.value, one.verdict) for one in doctor.diagnoses()] == [("1", "well")]


def test_findings_are_looked_at_again_when_they_are_old() -> None:
    """Ten minutes later, and not before, who looks has them looked at again."""
    patient, now = _Patient(), [0.0]
    patient.may_end.set()
    doctor = DoctorVisits(patient.look, lambda: now[0])
    seen = []
    for at_s in (0.0, EVERY_S - 1, EVERY_S, EVERY_S + 1):
        now[0] = at_s
        doctor.diagnoses()
        doctor.await_visit(WITHIN_S)
        seen.append(patient.visits)

    assert seen == [1, 1, 2, 2]
