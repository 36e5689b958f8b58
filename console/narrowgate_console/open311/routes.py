"""The routes of /open311/v2. The end of a path says the format; what is none of these is nowhere."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from narrowgate_console.access import Access
from narrowgate_console.open311 import document
from narrowgate_console.open311.document import Code, Extension, answers
from narrowgate_console.open311.fields import Fields
from narrowgate_console.open311.offer import Offer
from narrowgate_console.open311.refused import ROOT, Refused
from narrowgate_console.open311.server import Server
from narrowgate_console.open311.wire import Format
from narrowgate_console.services import Services

_FORM = "application/x-www-form-urlencoded"
_Answer = Callable[[Request, Fields, Format], Response]


def router(services: Services, access: Access, offer: Offer) -> APIRouter:
    """Give the routes."""
    server = Server(services, access, offer)
    api = APIRouter(prefix=ROOT, tags=["Open311 GeoReport v2"])
    _catalogue(api, server)
    _requests(api, server)
    _updates(api, server)
    return api


def _catalogue(api: APIRouter, server: Server) -> None:
    @api.get(
        "/discovery.{extension}", summary="What the server is", responses=answers(document.DiscoveryModel)
    )
    def discovery(request: Request, extension: Extension) -> Response:
        return server.discovery(request, Fields([]), _written(extension))

    @api.get(
        "/services.{extension}",
        summary="The services that are offered",
        responses=answers(list[document.ServiceModel]),
        openapi_extra=document.COMMON,
    )
    def services(request: Request, extension: Extension) -> Response:
        return server.services(request, _query(request), _written(extension))

    @api.get(
        "/services/{service_code}.{extension}",
        summary="What is asked with a service",
        responses=answers(document.DefinitionModel),
        openapi_extra=document.COMMON,
    )
    def definition(request: Request, service_code: Code, extension: Extension) -> Response:
        return server.definition(request, _query(request), _written(extension), service_code)


def _requests(api: APIRouter, server: Server) -> None:
    @api.get(
        "/requests.{extension}",
        summary="Requests of some time",
        responses=answers(list[document.RequestModel]),
        openapi_extra=document.LIST,
    )
    def requests(request: Request, extension: Extension) -> Response:
        return server.requests(request, _query(request), _written(extension))

    @api.post(
        "/requests.{extension}",
        summary="Report something",
        responses=answers(list[document.ReportedModel], posts=True),
        openapi_extra=document.REPORT,
    )
    async def report(request: Request, extension: Extension) -> Response:
        return await _posted(server.report, request, extension)

    @api.get(
        "/requests/{service_request_id}.{extension}",
        summary="One request",
        responses=answers(list[document.RequestModel]),
        openapi_extra=document.COMMON,
    )
    def one(request: Request, service_request_id: Code, extension: Extension) -> Response:
        return server.one(request, _query(request), _written(extension), service_request_id)

    @api.get(
        "/tokens/{token}.{extension}",
        summary="The request that a token stands for",
        responses=answers(list[document.TokenModel]),
        openapi_extra=document.COMMON,
    )
    def token(request: Request, token: Code, extension: Extension) -> Response:
        return server.token(request, _query(request), _written(extension), token)


def _updates(api: APIRouter, server: Server) -> None:
    @api.get(
        "/servicerequestupdates.{extension}",
        summary="What was done about requests in some time",
        responses=answers(list[document.UpdateModel]),
        openapi_extra=document.SPAN,
    )
    def updates(request: Request, extension: Extension) -> Response:
        return server.updates(request, _query(request), _written(extension))

    @api.post(
        "/servicerequestupdates.{extension}",
        summary="Say something of a request",
        responses=answers(list[document.UpdatedModel], posts=True),
        openapi_extra=document.UPDATE,
    )
    async def update(request: Request, extension: Extension) -> Response:
        return await _posted(server.update, request, extension)


async def _posted(give: _Answer, request: Request, extension: str) -> Response:
    written = _written(extension)
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != _FORM or charset not in ("", "utf-8", "utf8"):
        raise Refused(415, f"a request is sent as {_FORM} in UTF-8")
    body = await request.body()
    return await run_in_threadpool(lambda: give(request, Fields.read(body), written))


def _query(request: Request) -> Fields:
    return Fields.read(bytes(request.scope.get("query_string", b"")))


def _written(extension: str) -> Format:
    try:
        return Format(extension)
    except ValueError:
        raise Refused(404, "the end of the path is .json or .xml") from None
