"""Whatever is asked of the API, within its OpenAPI document and beyond it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from console_stand import Stand, StandingClock, fill
from narrowgate_console import LOCAL, Access, Administration, Scope, Services
from narrowgate_console.app import create_app

Operation = schemathesis.schemas.APIOperation[Any, Any, Any, Any]
Asked = tuple[Operation, dict[str, str]]

EXAMPLES = 25
_CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Asked]]:
    """Every operation of the document of a filled console, with the app behind it."""
    folder = tmp_path_factory.mktemp("openapi")
    stand = Stand(folder)
    fill(stand)
    access = Access(folder)
    app = create_app(Services(stand, StandingClock()), access)
    token = Administration(access, LOCAL).make_token("asker", Scope, None, 1)
    headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}"}
    document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=headers)
    found = [result.ok() for result in document.get_all_operations() if isinstance(result, Ok)]
    yield [(operation, headers) for operation in found]
    access.close()
    stand.close()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_one_of_the_documents(operations: list[Asked], mode: GenerationMode) -> None:
    """Requests that the document allows, and such that it does not, get no 500 and only what it promises."""
    asked = 0

    headers = operations[0][1]
    for operation, _ in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case[Any]) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=headers, checks=_CHECKS)

        with suppress(Unsatisfiable):  # where nothing can be wrong with a request
            ask()

    assert asked > 5 * EXAMPLES
