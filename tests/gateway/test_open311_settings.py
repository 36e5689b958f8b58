"""`[[open311]]` in the configuration: what check says of it, what the doctor sees, what discovery prints."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from georeport_city import City, server_of
from narrowgate_cases import Wants, install, install_outbox
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.config import load
from narrowgate_gateway.open311_endpoint import wants_of
from narrowgate_gateway.open311_visit import visit_open311
from narrowgate_gateway.outlet_checks import outlet_findings, wanted_by
from operator_verbs import make_site

ENDPOINT = '[[open311]]\nname = "city"\nurl = "{url}"\nservice_codes = {{ lamp_out = "LAMP" }}\n{more}\n'


def _endpoint(url: str = "https://city.example/v2", more: str = "") -> str:
    return ENDPOINT.format(url=url, more=more)


@pytest.fixture
def city() -> Iterator[tuple[City, str]]:
    """A city that listens, and its address."""
    city = City()
    server = server_of(city)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield city, f"http://127.0.0.1:{server.server_address[1]}/v2"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (_endpoint("http://city.example/v2"), "open311[0].url", "https only"),
        (_endpoint("https://city.example/v2?a=b"), "open311[0].url", "no question mark"),
        (_endpoint(more='api_key_env = "NOT_THERE"'), "open311[0].api_key_env", "has no such variable"),
        (_endpoint(more='api_key_file = "/dev/null"'), "open311[0].api_key_file", "one line that is the"),
        (_endpoint(more='ca_file = "/not/there"'), "open311[0].ca_file", "No such file"),
        (_endpoint(more='description = "{password}"'), "open311[0]", "{password} is no field"),
        (_endpoint(more='attributes.LAMP.POLE = "{asset.x}"'), "open311[0]", "{asset.x} is no field"),
        (_endpoint(more='attributes.OTHER.POLE = "1"'), "open311[0]", "no rule has this service code"),
        (_endpoint(more='contact.shoe_size = "44"'), "open311[0]", "contact.shoe_size: one of account_id"),
        (_endpoint(more='places = ["east"]'), "open311[0].places", "up to 15 digits"),
        (_endpoint(more='definitions_file = "gone.json"'), "open311[0].definitions_file", "No such file"),
        (_endpoint().replace('"city"', '"webhook"'), "open311[0].name", "not webhook"),
        (_endpoint() + _endpoint(), "", "name of an endpoint: city"),
    ],
)  # fmt: skip
def test_an_endpoint_that_cannot_be_used_is_told_by_check(
    tmp_path: Path, text: str, key: str, words: str
) -> None:
    """Address, key, templates and names are checked without a network, each fault at its key."""
    result = make_site(tmp_path, more=text).run_with_config("check")
    faults = [json.loads(line) for line in result.stdout.splitlines()]

    assert (result.exit_code, len(faults)) == (1, 1), result.output
    assert faults[0]["key"] == key
    assert words in faults[0]["right"]


def test_what_the_server_requires_is_told_by_check(tmp_path: Path, city: tuple[City, str]) -> None:
    """What discovery printed is held against the mapping: required attributes, codes, values of lists."""
    codes = 'service_codes = { lamp_out = "LAMP", leak = "PIPE" }\nattributes.LAMP.HOW = "bent"'
    text = _endpoint(city[1], codes).replace('service_codes = { lamp_out = "LAMP" }\n', "")
    site = make_site(tmp_path, more=text)
    printed = CliRunner().invoke(narrowgate, ["cases", "open311", "services", "--config", str(site.config)])
    (tmp_path / "services.json").write_text(printed.stdout)
    site = make_site(tmp_path / "again", more=f'{text}definitions_file = "{tmp_path}/services.json"\n')
    faults = [json.loads(line) for line in site.run_with_config("check").stdout.splitlines()]

    assert printed.stderr == "2 services\n"
    assert {fault["key"]: fault["right"] for fault in faults} == {
        "open311[0].service_codes.leak": "'PIPE' is none of LAMP, WATER",
        "open311[0].attributes.LAMP.POLE": (
            "the server requires this attribute (What is written on the pole?)"
        ),
        "open311[0].attributes.LAMP.HOW": "'bent' is none of dark, blinks",
    }


def test_an_endpoint_is_told_of_what_it_has_codes_for(tmp_path: Path) -> None:
    """Rules without a service code are not told there, unless a code stands for all others."""
    some = make_site(tmp_path / "a", more=_endpoint())
    every = make_site(tmp_path / "b", more=_endpoint().replace("lamp_out =", '"*" ='))

    assert wants_of(load(some.config).open311[0]).services == ("lamp_out",)
    assert wants_of(load(every.config).open311[0]).services == ()


def test_the_doctor_names_endpoints_that_wait_for_a_restart(tmp_path: Path) -> None:
    """What the running core tells whom stands in the database: where the file says otherwise it is said."""
    site = make_site(tmp_path, more=_endpoint())
    settings = load(site.config)
    nowhere = list(outlet_findings(settings, site.home))
    site.home.root.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(site.home.state, isolation_level=None)) as connection:
        install(connection)
        install_outbox(connection, wanted_by(settings).items())
        same = list(outlet_findings(settings, site.home))
        install_outbox(connection, [("city", Wants()), ("gone", Wants(units=("a",)))])
    other = [(one.subject, one.value, one.verdict) for one in outlet_findings(settings, site.home)]

    assert (nowhere, same) == ([], [])
    assert other == [
        ("endpoint city", "all", "careful"), ("endpoint gone", "chosen before", "careful"),
    ]  # fmt: skip


def test_the_doctor_visits_the_server(tmp_path: Path, city: tuple[City, str]) -> None:
    """It says whether the server answers, what it refuses and whether it can be asked; it posts nothing."""
    options = load(make_site(tmp_path, more=_endpoint(city[1])).config).open311[0]
    city[0].post("requests", [("api_key", city[0].key), ("service_code", "WATER"), ("address_id", "1"),
                              ("description", "a leak")])  # fmt: skip
    well = list(visit_open311(options))
    city[0].tells = False
    silent = list(visit_open311(options))
    city[0].lists = False
    gone = list(visit_open311(options))

    assert [(one.setting, one.verdict) for one in well] == [
        ("services", "well"), ("attributes.LAMP.POLE", "careful"), ("can_be_asked", "well"),
    ]  # fmt: skip
    assert "mark_attribute" in silent[-1].meaning
    assert [one.verdict for one in gone] == ["unknown"]
    assert len(city[0].posts) == 1
