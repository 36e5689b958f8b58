"""The way back of the webhook: an outside case system says, signed, what became of cases."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from narrowgate_cases.status_back import NotGenuine, StatusBack
from narrowgate_cases.work import NoSuchCase, StepRefused, possible_steps
from narrowgate_console.api import NOT_FOUND
from narrowgate_console.desk_models import StandingModel, StepAskModel
from narrowgate_console.faults import reading
from narrowgate_console.models import ErrorModel
from narrowgate_console.principals import NotThere, Unfit
from narrowgate_console.services import Services

PATH = "/api/v1/webhook/status"
_NAME = r"^[\x21-\x7e]+$"
_REFUSALS: dict[int | str, dict[str, object]] = {
    **NOT_FOUND,
    401: {"model": ErrorModel, "description": "The signature is missing, wrong or too old"},
    409: {"model": ErrorModel, "description": "The step cannot be taken, and why"},
    411: {"model": ErrorModel, "description": "The body does not say its length"},
    413: {"model": ErrorModel, "description": "The body is too long"},
    421: {"model": ErrorModel, "description": "The console is not addressed so"},
    422: {"model": ErrorModel, "description": "The body is no such message"},
    503: {"model": ErrorModel, "description": "The desk cannot be written now"},
}
_HEADERS = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": words}
    for name, words in (
        ("Narrowgate-Timestamp", "Unix seconds, at most 300 s from now"),
        ("Narrowgate-Signature", "v1= and HMAC-SHA256 in hex over timestamp, a dot, and the body"),
    )
]


class StatusModel(StepAskModel):
    """A step that an outside system took."""

    event: Annotated[
        str,
        Field(min_length=1, max_length=100, pattern=_NAME, description="its name: it is taken once"),
    ]
    case: Annotated[str, Field(max_length=32, examples=["C-000001"])]


def router(services: Services, back: StatusBack | None) -> APIRouter:
    """Give the route.

    Args:
        services: what it works on.
        back: who may say what; nobody if None.
    """
    api = APIRouter(responses=_REFUSALS)

    @api.post(
        PATH,
        summary="Say what became of a case (signed)",
        openapi_extra={
            "parameters": _HEADERS,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": StatusModel.model_json_schema()}},
            },
        },
    )
    async def status(request: Request) -> StandingModel:
        if back is None:
            raise NotThere("no system is configured that may say what became of cases")
        body, headers = await request.body(), request.headers
        at, given = headers.get("narrowgate-timestamp", ""), headers.get("narrowgate-signature", "")
        try:
            back.verify(at, given, body)
        except NotGenuine as fault:
            raise HTTPException(401, str(fault)) from None
        try:
            told = StatusModel.model_validate_json(body)
        except ValidationError as fault:
            raise RequestValidationError(fault.errors(include_input=False, include_context=False)) from None
        return await run_in_threadpool(_take, services, back, told)

    return api


def _take(services: Services, back: StatusBack, told: StatusModel) -> StandingModel:
    sources = services.sources
    try:
        with reading("state"), sources.working() as connection:
            number, state = back.take(
                connection, told.case, told.asked(), told.event, services.now_us(), sources.practice
            )
    except NoSuchCase as missing:
        raise NotThere(str(missing)) from None
    except StepRefused as refused:
        raise Unfit(str(refused)) from None
    possible = [step for step in possible_steps(state) if step in back.steps]
    return StandingModel(number=number, state=state, possible=possible)
