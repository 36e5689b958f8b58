"""A desk, its one Open311 endpoint and the city behind it, where time passes as told."""

import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from findings_rows import batch
from georeport_city import City
from narrowgate_cases import DEFAULT_PRACTICE, apply, case, outbox_counts
from narrowgate_cases.http_exchange import Site
from narrowgate_cases.open311_client import Format, Georeport
from narrowgate_cases.open311_courier import Open311Courier
from narrowgate_cases.open311_forms import Form
from narrowgate_cases.open311_polling import Polling
from narrowgate_cases.open311_turn import Manners
from narrowgate_cases.sending import Patience, Sender

NAME = "city"
KEY = "key-of-the-city"
PATIENT_S, IMPATIENT_S = 100.0, 0.4
"""How long an answer is waited for: the second where there is none."""
FORM = Form({"lamp_out": "LAMP", "leak": "WATER"}, {"LAMP": {"POLE": "{asset}", "HOW": "dark"}})


class CityStand:
    """A desk, its one endpoint and the city behind it; time passes as told."""

    def __init__(self, desk: sqlite3.Connection, state: Path, city: City, url: str, form: Format) -> None:
        self.desk, self.city, self.url, self.form = desk, city, url, form
        self.state = state
        self.at_s = datetime.now(UTC).timestamp() + 10.0
        self.manners = Manners()
        self.life = self.begun()

    def begun(self, *, timeout_s: float = PATIENT_S, **more: object) -> Sender:
        """Begin a life of the sender, as after a restart."""
        server = Georeport(Site(self.url, timeout_s=timeout_s), KEY, form=self.form)
        polling = Polling(
            NAME, server, DEFAULT_PRACTICE, lambda: int(self.at_s * 1e6), every_s=300.0,
            has_updates=self.manners.has_updates,
        )  # fmt: skip
        courier = Open311Courier(NAME, server, FORM, self.manners, began_s=self.at_s, poll=polling)
        patience = Patience(**more)  # type: ignore[arg-type]
        self.life = Sender(self.state, NAME, courier, patience, now_s=lambda: self.at_s, rng=random.Random(1))
        return self.life

    def put(self, *findings: dict[str, object]) -> None:
        """Let the desk follow findings; their letters are of this life."""
        apply(self.desk, batch(*findings), int(self.at_s * 1e6))
        self.desk.execute("UPDATE outbox_letters SET put_at_s = ?", (int(self.at_s) + 1,))

    def send(self, within_s: float = 3600.0) -> None:
        """Send until nothing waits, or so much time has passed."""
        until_s = self.at_s + within_s
        while outbox_counts(self.desk, NAME).pending and self.at_s < until_s:
            self.at_s += max(0.5, self.life.send_next(self.desk))

    def poll(self) -> None:
        """Ask once more what became of requests."""
        self.at_s += 400.0
        self.life.send_next(self.desk)

    def posted(self, path: str = "requests") -> list[dict[str, str]]:
        """Give what was posted, stored or not."""
        return [dict(form) for where, form in self.city.posts if where == path]

    def case(self, number: str = "C-000001") -> tuple[str, list[tuple[str, str, str]]]:
        """Give a case's state and its steps."""
        found = case(self.desk, number)
        assert found is not None
        return found[0].state, [(each.step, each.actor, each.reason) for each in found[1]]
