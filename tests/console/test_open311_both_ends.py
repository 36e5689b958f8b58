"""Our Open311 client against our Open311 server, over a port: each is the other's judge."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console_stand import NOW_US, Stand, StandingClock
from findings_rows import batch, cleared, raised
from narrowgate_cases import SCHEMA, Wants, apply, install_outbox, outbox_counts
from narrowgate_cases.http_exchange import Site
from narrowgate_cases.open311_client import Format, Georeport
from narrowgate_cases.open311_courier import Manners, Open311Courier
from narrowgate_cases.open311_forms import Form, mark_of
from narrowgate_cases.open311_links import link_of
from narrowgate_cases.open311_search import find_request, has_update
from narrowgate_cases.sending import Patience, Sender
from narrowgate_console import Access, Services
from narrowgate_console.app import create_app
from open311_stand import CITY, SPEAKING, keys_of, populate, served

NAME = "city"
NOW_S = NOW_US / 1e6


@pytest.fixture(params=list(Format))
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Georeport]:
    """A city's desk, and the client that another desk has of it, in one format."""
    stand, access = Stand(tmp_path), Access(tmp_path)
    populate(stand)
    key = keys_of(access).crew
    with served(create_app(Services(stand, StandingClock(), keep_s=0.0), access, offer=SPEAKING)) as address:
        yield Georeport(Site(address, timeout_s=100.0), key, form=request.param, jurisdiction=CITY)
    access.close()
    stand.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A contractor's desk whose letters go to the city."""
    with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as connection:
        connection.executescript(SCHEMA)
        install_outbox(connection, [(NAME, Wants())])
        yield connection


def _send(desk: sqlite3.Connection, path: Path, server: Georeport) -> None:
    """Send until nothing waits."""
    form = Form({"lamp_out": "lamp_out"}, {"lamp_out": {"kind": "dark"}})
    courier = Open311Courier(
        NAME, server, form, Manners(has_updates=True), began_s=NOW_S, poll=lambda _, __: 3600.0
    )
    at_s = [NOW_S]
    sender = Sender(path, NAME, courier, Patience(), now_s=lambda: at_s[0])
    for _ in range(20):
        if outbox_counts(desk, NAME).pending == 0:
            break
        at_s[0] += max(1.0, sender.send_next(desk))


def test_a_case_goes_from_desk_to_desk(server: Georeport, desk: sqlite3.Connection, tmp_path: Path) -> None:
    """A finding here is one request there, found again by its mark; its end is an update there, told once."""
    apply(desk, batch(raised("f1")), NOW_US)
    _send(desk, tmp_path / "own.db", server)
    link = link_of(desk, NAME, 1)
    assert link is not None
    found = find_request(server, "lamp_out", mark_of("f1"), NOW_S, NOW_S)
    apply(desk, batch(cleared("f1")), NOW_US + 1)
    _send(desk, tmp_path / "own.db", server)
    deliveries = [name for (name,) in desk.execute("SELECT finding || '-4' FROM cases")]

    assert outbox_counts(desk, NAME).dead == 0
    assert found == link.request_id == "C-000018"
    assert [has_update(server, name, mark_of(name), NOW_S, NOW_S) for name in deliveries] == [True]
    row = server.request("C-000018")
    assert row is not None
    assert row["status_notes"] == "resolved"


def test_the_client_reads_services_and_definitions(server: Georeport) -> None:
    """What the server offers is what the client reads, questions too."""
    assert [row["service_code"] for row in server.services()] == ["lamp_out", "tilt", "overstay"]
    assert [row["code"] for row in server.definition("lamp_out")] == [
        "pole", "lamps", "seen", "more", "kind", "signs",
    ]  # fmt: skip
