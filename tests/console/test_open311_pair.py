"""Our client before our own server, over a real socket: one desk reports at another's."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console_stand import NOW_US, Stand
from findings_rows import batch, cleared, raised
from narrowgate_cases import DEFAULT_PRACTICE, Wants, apply, case, install, install_outbox, outbox_counts
from narrowgate_cases.http_exchange import Site
from narrowgate_cases.lifecycle import Step
from narrowgate_cases.open311_answers import BadAnswer
from narrowgate_cases.open311_client import Format, Georeport
from narrowgate_cases.open311_courier import Open311Courier
from narrowgate_cases.open311_forms import Form
from narrowgate_cases.open311_links import link_of
from narrowgate_cases.open311_polling import Polling
from narrowgate_cases.open311_services import offered_at
from narrowgate_cases.open311_turn import Manners
from narrowgate_cases.sending import Sender
from narrowgate_cases.work import Asked, take_step
from narrowgate_console import Access, Services
from narrowgate_console.app import create_app
from open311_stand import CITY, CLOSED, Keys, keys_of, populate, served

FORM = Form({"tilt": "tilt", "lamp_out": "lamp_out"}, {"lamp_out": {"kind": "dark"}})


class Desk:
    """A desk that reports at the city's."""

    def __init__(self, state: Path, url: str, key: str) -> None:
        self.connection = sqlite3.connect(state, isolation_level=None)
        install(self.connection)
        install_outbox(self.connection, [("city", Wants())])
        self.at_s = NOW_US / 1e6
        self.server = Georeport(Site(url), key, form=Format.XML, jurisdiction=CITY, is_bearer=True)
        self._state = state
        self.life = self.begun()

    def begun(self) -> Sender:
        """Begin a life: whatever waits may have been posted by the one before."""
        polling = Polling(
            "city",
            self.server,
            DEFAULT_PRACTICE,
            lambda: int(self.at_s * 1e6),
            every_s=60.0,
            has_updates=True,
        )
        manners = Manners(has_updates=True, ask_after_s=0.0)
        courier = Open311Courier("city", self.server, FORM, manners, began_s=2e10, poll=polling)
        self.life = Sender(self._state, "city", courier, now_s=lambda: self.at_s)
        return self.life

    def follow(self, *findings: dict[str, object]) -> None:
        """Follow findings, their letters put in now."""
        apply(self.connection, batch(*findings), int(self.at_s * 1e6))
        self.connection.execute("UPDATE outbox_letters SET put_at_s = ?", (int(self.at_s),))

    def send(self) -> None:
        """Send until nothing waits."""
        for _ in range(50):
            if outbox_counts(self.connection).pending == 0:
                break
            self.at_s += max(0.1, self.life.send_next(self.connection))
        assert outbox_counts(self.connection).pending == 0, self.life.trouble


@pytest.fixture
def desk(
    stand: Stand, services: Services, access: Access, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """A desk with a key of the city's."""
    populate(stand)
    key = keys_of(access).crew
    with served(create_app(services, access, offer=CLOSED)) as url:
        desk = Desk(tmp_path_factory.mktemp("desk") / "state.db", url, key)
        with closing(desk.connection):
            yield desk


def test_one_desk_reports_at_another_once(desk: Desk, stand: Stand) -> None:
    """By id and by token, found again when our notes of them are lost; what they do comes back."""
    desk.follow(raised("f1", asset="pole 7"), raised("f2", rule="tilt", asset="pole 8"))
    with closing(sqlite3.connect(":memory:")) as backup:
        desk.connection.backup(backup)
        desk.send()
        backup.backup(desk.connection)
    desk.begun()
    desk.send()
    desk.follow(cleared("f2", rule="tilt", asset="pole 8"))
    desk.send()
    links = [link_of(desk.connection, "city", n) for n in (1, 2)]
    numbers = [link.request_id for link in links if link is not None]
    with stand.working() as connection:
        for step in (Step.ACCEPTED, Step.RESOLVED):
            take_step(connection, numbers[0], Asked(step, "灯泡已更换"), "user:li", NOW_US, DEFAULT_PRACTICE)
        take_step(connection, numbers[0], Asked(Step.VERIFIED), "user:li", NOW_US, DEFAULT_PRACTICE)
        take_step(connection, numbers[0], Asked(Step.CLOSED), "user:li", NOW_US, DEFAULT_PRACTICE)
    desk.at_s += 120.0
    desk.life.send_next(desk.connection)
    with closing(stand.reader()) as reader:
        marks = [
            text.rpartition("\n")[2]
            for (text,) in reader.execute(
                "SELECT evidence ->> 'report' FROM cases WHERE finding LIKE 'report-%'"
            )
        ]
    told = case(desk.connection, "C-000001")

    assert sorted(marks) == ["[ng-f1]", "[ng-f2]"]
    assert len(set(numbers)) == 2
    assert told is not None
    assert told[0].state == "resolved"
    assert {step.actor for step in told[1][1:]} == {"city"}


@pytest.mark.parametrize("form", list(Format))
def test_a_discovery_document_says_where_the_server_is(open311_site: tuple[str, Keys], form: Format) -> None:
    """What our server tells of itself our client reads, in both formats."""
    root = open311_site[0]
    found = offered_at(Site(f"{root}/discovery.{form}"))

    assert [(each.url, each.type, each.formats) for each in found] == [
        (root, "production", ("text/xml", "application/json"))
    ]


def test_what_is_no_discovery_document_is_said_so(open311_site: tuple[str, Keys]) -> None:
    """A list of services, and what is not there, name no server."""
    for path, words in (("services.json", "it has no endpoints"), ("gone.json", "404")):
        with pytest.raises(BadAnswer, match=words):
            offered_at(Site(f"{open311_site[0]}/{path}"))
