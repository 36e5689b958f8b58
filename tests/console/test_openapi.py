"""Whatever is asked of API and Open311, within their OpenAPI document and beyond it, by whomever."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from console_people import headers_of, settle
from console_stand import Stand, StandingClock
from narrowgate_console import LOCAL, Access, Administration, Scope, Services
from narrowgate_console.app import create_app
from needs import long
from open311_stand import PUBLIC, keys_of, populate

Operation = schemathesis.schemas.APIOperation[Any, Any, Any, Any]
Headers = dict[str, str]

EXAMPLES = 2
"""How many a principal, an operation and a mode in `make test`."""
_CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
_OFFER = replace(PUBLIC, anybody_reads=False)
_KNOWN = {
    "number": ["C-000001", "C-000002", "C-000018"],
    "service_request_id": ["C-000001", "C-000003", "C-000018"],
    "service_code": ["lamp_out", "overstay"],
    "device": ["water-0001", "parking-0001", "lighting-0001"],
    "extension": ["json", "xml"],
    "name": ["viewer_north", "nobody"],
}
"""What is there: an answer tells another tenant's only to a question that meets it."""
_OTHERS = re.compile(r"(?:parking|lighting)-\d{4}|\b[PL]-\d|lot-\d|road-\d|路灯一队")
"""What only the south has: its devices, assets and zones, and whom it sends."""
TENANTS = ("viewer_north", "contractor_north", "duty_north", "admin_north")
EVERYBODY = (*TENANTS, "stranger", "scraper", "admin_all", "app", "app_north", "asker")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, dict[str, Headers]]]:
    """A filled console, and what each principal's requests carry."""
    folder = tmp_path_factory.mktemp("openapi")
    stand, access = Stand(folder), Access(folder)
    populate(stand)
    settle(access)
    keys = keys_of(access)
    every = Administration(access, LOCAL).make_token("asker", Scope, None, 1)
    tokens = {"app": keys.app, "app_north": keys.north, "asker": every}
    carried = {
        who: {"Authorization": f"Bearer {tokens[who]}"} if who in tokens else headers_of(access, who)
        for who in EVERYBODY
    }
    services = Services(stand, StandingClock(), keep_s=0.0)
    yield (
        create_app(services, access, offer=_OFFER),
        {who: {"Host": "127.0.0.1", **headers} for who, headers in carried.items()},
    )
    access.close()
    stand.close()


def _operations(app: FastAPI, headers: Headers) -> list[Operation]:
    document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=headers)
    return [result.ok() for result in document.get_all_operations() if isinstance(result, Ok)]


def _ask(
    operation: Operation, mode: GenerationMode, headers: Headers, examples: int, seed: int
) -> list[tuple[str, str]]:
    """Ask an operation; give what each question said, and the answer's text."""
    told: list[tuple[str, str]] = []
    chance = Random(seed)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        for name in case.path_parameters or ():
            if name in _KNOWN and chance.random() < 0.7:
                case.path_parameters[name] = chance.choice(_KNOWN[name])
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=_CHECKS)
        said = f"{case.path_parameters} {case.query} {case.body!r} {case.headers} {case.cookies}"
        told.append((said, answer.text))

    with suppress(Unsatisfiable):  # where nothing can be wrong with a request
        ask()
    return told


def _others(text: str, said: str) -> set[str]:
    """Give what an answer tells of another tenant's that the question did not say itself."""
    return set(_OTHERS.findall(text)) - set(_OTHERS.findall(said))


def _campaign(
    site: tuple[FastAPI, dict[str, Headers]], who: str, examples: int, seed: int = 0
) -> tuple[int, list[str]]:
    """Ask all operations as somebody; give how many answers came, and what was told that is not theirs."""
    app, carried = site
    asked, leaked = 0, []
    for n, operation in enumerate(_operations(app, carried["asker"])):
        for mode in GenerationMode:
            for said, text in _ask(operation, mode, carried[who], examples, seed * 1000 + n):
                asked += 1
                if who in (*TENANTS, "app_north") and (found := _others(text, said)):
                    leaked.append(f"{operation.label}: {found}")
    return asked, leaked


def test_every_answer_is_one_of_the_documents(app: tuple[FastAPI, dict[str, Headers]]) -> None:
    """Requests that the document allows, and such that it does not, get no 500 and only what it promises."""
    found = {who: _campaign(app, who, EXAMPLES) for who in ("asker", "duty_north", "app_north", "stranger")}

    assert [who for who, (asked, _) in found.items() if asked < 50 * EXAMPLES] == []
    assert [told for _, leaked in found.values() for told in leaked] == []


@long
@pytest.mark.parametrize("who", EVERYBODY)
def test_every_answer_is_one_of_the_documents_for_long(
    app: tuple[FastAPI, dict[str, Headers]], who: str
) -> None:
    """The same for everybody, as often as NARROWGATE_CHAOS says, with other questions each time."""
    rounds = int(os.environ["NARROWGATE_CHAOS"])
    asked, leaked = _campaign(app, who, 10 * rounds, seed=1)
    print(f"{who}: {asked} questions asked")  # noqa: T201 - what the campaign came to

    assert (asked > 0, leaked) == (True, [])
