"""The routes of /open311/v2. The end of a path says the format; what is none of these is nowhere."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response

from narrowgate_console.access import Access
from narrowgate_console.open311 import document
from narrowgate_console.open311.asked import Asked, Posted
from narrowgate_console.open311.document import MOST_CODE, answers
from narrowgate_console.open311.offer import Offer
from narrowgate_console.open311.refused import ROOT
from narrowgate_console.open311.server import Server
from narrowgate_console.services import Services


@dataclass(frozen=True)
class _Way:
    """A path, what is said of it, and who answers."""

    path: str
    summary: str
    model: Any
    """What it answers."""
    answer: Callable[..., Response]
    """Of a server; behind the question stands what a path with a name in it names."""
    takes: dict[str, Any] = field(default_factory=lambda: document.COMMON)

    def told(self, *, posts: bool = False) -> dict[str, Any]:
        """Give what the OpenAPI document says of it."""
        return {
            "summary": self.summary,
            "responses": answers(self.model, posts=posts),
            "openapi_extra": self.takes,
        }


_ASKED = (
    _Way("/discovery", "What the server is", document.DiscoveryModel, Server.discovery, {}),
    _Way("/services", "The services that are offered", list[document.ServiceModel], Server.services),
    _Way("/requests", "Requests of some time", list[document.RequestModel], Server.requests, document.LIST),
    _Way(
        "/servicerequestupdates",
        "What was done about requests in some time",
        list[document.UpdateModel],
        Server.updates,
        document.SPAN,
    ),
)
_NAMED = {
    "service_code": _Way(
        "/services/{service_code}",
        "What is asked with a service",
        document.DefinitionModel,
        Server.definition,
    ),
    "service_request_id": _Way(
        "/requests/{service_request_id}", "One request", list[document.RequestModel], Server.one
    ),
    "token": _Way(
        "/tokens/{token}", "The request that a token stands for", list[document.TokenModel], Server.token
    ),
}
"""By the name in the path."""
_POSTED = (
    _Way("/requests", "Report something", list[document.ReportedModel], Server.report, document.REPORT),
    _Way(
        "/servicerequestupdates",
        "Say something of a request",
        list[document.UpdatedModel],
        Server.update,
        document.UPDATE,
    ),
)


def router(services: Services, access: Access, offer: Offer) -> APIRouter:
    """Give the routes."""
    server = Server(services, access, offer)
    api = APIRouter(prefix=ROOT, tags=["Open311 GeoReport v2"])
    for way in _ASKED:
        _ask(api, server, way)
    for name, way in _NAMED.items():
        _ask_by_name(api, server, way, name)
    for way in _POSTED:
        _post(api, server, way)
    return api


def _ask(api: APIRouter, server: Server, way: _Way) -> None:
    @api.get(f"{way.path}.{{extension}}", **way.told())
    def give(asked: Asked) -> Response:
        return way.answer(server, asked)


def _ask_by_name(api: APIRouter, server: Server, way: _Way, name: str) -> None:
    @api.get(f"{way.path}.{{extension}}", **way.told())
    def give(asked: Asked, named: Annotated[str, Path(alias=name, max_length=MOST_CODE)]) -> Response:
        return way.answer(server, asked, named)


def _post(api: APIRouter, server: Server, way: _Way) -> None:
    @api.post(f"{way.path}.{{extension}}", **way.told(posts=True))
    def give(posted: Posted) -> Response:
        return way.answer(server, posted)
