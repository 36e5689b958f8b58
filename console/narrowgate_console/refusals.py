"""How the HTTP side says no: one JSON shape, whatever was wrong and whoever noticed; Open311 has its own."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from narrowgate_console.faults import StoreUnreadable
from narrowgate_console.models import ErrorModel, FaultModel
from narrowgate_console.open311.refused import PREFIX, Refused, errors
from narrowgate_console.principals import Denied, NotThere, Unfit

_CODES = {
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.UNAUTHORIZED: "unauthenticated",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
}


def refusal(status: int, code: str, message: str, *faults: FaultModel) -> JSONResponse:
    """Give a refusal as an answer."""
    body = ErrorModel(code=code, message=message, faults=list(faults))
    return JSONResponse(body.model_dump(), status_code=status)


def refusal_at(path: str, status: int, code: str, message: str, *faults: FaultModel) -> Response:
    """Give a refusal in the shape that a path's programs read."""
    if path.startswith(PREFIX):
        return errors(status, [message], path)
    return refusal(status, code, message, *faults)


def _refused(request: Request, status: int, code: str, message: str, *faults: FaultModel) -> Response:
    return refusal_at(request.url.path, status, code, message, *faults)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [
        FaultModel(where=".".join(str(part) for part in fault["loc"]), message=fault["msg"])
        for fault in error.errors()
    ]
    message = "; ".join(f"{fault.where}: {fault.message}" for fault in faults)
    if request.url.path.startswith(PREFIX):
        # Only what stands in the path is judged before the standard's own rules.
        return errors(HTTPStatus.NOT_FOUND, [message], request.url.path)
    return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", message, *faults)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _CODES.get(HTTPStatus(error.status_code), "refused")
    answer = _refused(request, error.status_code, code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _unreadable(request: Request, error: Exception) -> Response:
    answer = _refused(request, HTTPStatus.SERVICE_UNAVAILABLE, "unreadable", str(error))
    answer.headers["Retry-After"] = "2"
    return answer


async def _denied(request: Request, error: Exception) -> Response:
    return _refused(request, HTTPStatus.FORBIDDEN, "denied", str(error))


async def _impossible(request: Request, error: Exception) -> Response:
    return _refused(request, HTTPStatus.CONFLICT, "conflict", str(error))


async def _not_there(request: Request, error: Exception) -> Response:
    return _refused(request, HTTPStatus.NOT_FOUND, "not_found", str(error))


async def _open311(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    answer = errors(error.status, error.descriptions, request.url.path)
    if error.again_in_s is not None:
        answer.headers["Retry-After"] = str(error.again_in_s)
    return answer


def install(app: FastAPI) -> None:
    """Give an app the one shape of refusals."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StoreUnreadable, _unreadable)
    app.add_exception_handler(Denied, _denied)
    app.add_exception_handler(NotThere, _not_there)
    app.add_exception_handler(Unfit, _impossible)
    app.add_exception_handler(Refused, _open311)
