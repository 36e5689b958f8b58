"""The doctor's findings for the console: looked at anew now and then, while somebody looks at them.

A visit to a broker takes as long as the broker likes, so a thread of its own makes it; who asks meanwhile is
given what was found before.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from secrets import token_hex

from narrowgate_console import Diagnosis
from narrowgate_gateway.broker_probe import judge_visit, visit_broker
from narrowgate_gateway.family_checks import gone_findings
from narrowgate_gateway.finding import Finding
from narrowgate_gateway.host_checks import host_findings
from narrowgate_gateway.mail_endpoint import visit_mail
from narrowgate_gateway.open311_visit import visit_open311
from narrowgate_gateway.settings import Home, Settings

EVERY_S = 600.0
"""How old findings grow before they are looked at again [s]."""


def diagnose(settings: Settings, home: Home) -> Iterator[Finding]:
    """Yield what the doctor says of this host, each broker and each outside case system."""
    yield from host_findings(settings, home)
    yield from gone_findings(home)
    for broker in settings.mqtt:
        yield from judge_visit(visit_broker(broker, f"narrowgate-doctor-{token_hex(4)}"), broker)
    for endpoint in settings.open311:
        yield from visit_open311(endpoint)
    for mail in settings.mail:
        yield from visit_mail(mail)


class DoctorVisits:
    """Keeps the newest findings; any thread may ask."""

    def __init__(
        self, look: Callable[[], Iterable[Finding]], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Look at nothing yet.

        Args:
            look: gives the findings, in its own time.
            now_s: a clock that only goes forward [s].
        """
        self._look = look
        self._now_s = now_s
        self._due_s = now_s()
        self._found: tuple[Diagnosis, ...] = ()
        self._visit: threading.Thread | None = None
        self._lock = threading.Lock()

    def diagnoses(self) -> Sequence[Diagnosis]:
        """Give what was found last; a new visit begins if it is due. Nothing before the first has ended."""
        with self._lock:
            is_free = self._visit is None or not self._visit.is_alive()
            if is_free and self._now_s() >= self._due_s:
                self._due_s = self._now_s() + EVERY_S
                self._visit = threading.Thread(target=self._make, name="doctor", daemon=True)
                self._visit.start()
        return self._found

    def await_visit(self, within_s: float) -> None:
        """Wait until no visit is under way."""
        if self._visit is not None:
            self._visit.join(within_s)

    def _make(self) -> None:
        self._found = tuple(
            Diagnosis(one.subject, one.setting, one.value, one.verdict.value, one.meaning)
            for one in self._look()
        )
