"""The part of the HTTP API that tells who asks, and manages who may."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from narrowgate_console.access_models import (
    AuditRowModel,
    MadeTokenModel,
    MeModel,
    NewTokenModel,
    NewUserModel,
    TokenModel,
    UserChangeModel,
    UserModel,
    tenants_of,
)
from narrowgate_console.api import NOT_FOUND, REFUSALS
from narrowgate_console.asking import Administering, Asker
from narrowgate_console.models import ErrorModel

Name = Annotated[str, Path(max_length=64)]
_REFUSED: dict[int | str, dict[str, object]] = {
    400: {"model": ErrorModel, "description": "The body cannot be read"},
    409: {"model": ErrorModel, "description": "It cannot be so, and why"},
    411: {"model": ErrorModel, "description": "The body does not say its length"},
    413: {"model": ErrorModel, "description": "The body is too long"},
}


def router() -> APIRouter:
    """Give the routes."""
    api = APIRouter(prefix="/api/v1", responses=REFUSALS)

    @api.get("/me", summary="Who asks, and what they may")
    def me(asker: Asker) -> MeModel:
        return MeModel.of(asker)

    @api.get("/audit", summary="Changes of access, the newest first")
    def audit(
        administer: Administering, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> list[AuditRowModel]:
        return [AuditRowModel.of(row) for row in administer.audit(limit)]

    _users(api)
    _tokens(api)
    return api


def _users(api: APIRouter) -> None:
    @api.get("/users", summary="The users")
    def users(administer: Administering) -> list[UserModel]:
        return [UserModel.of(user) for user in administer.users()]

    @api.post("/users", summary="Add a user", status_code=201, response_class=Response, responses=_REFUSED)
    def add_user(administer: Administering, user: NewUserModel) -> Response:
        administer.add_user(user.name, user.role, tenants_of(user.tenants), user.password, user.unit)
        return Response(status_code=201)

    @api.patch(
        "/users/{name}",
        summary="Change a user; their sessions end",
        status_code=204,
        responses={**NOT_FOUND, **_REFUSED},
    )
    def change_user(administer: Administering, name: Name, change: UserChangeModel) -> Response:
        administer.change_user(name, role=change.role, enabled=change.enabled, password=change.password)
        return Response(status_code=204)

    @api.delete(
        "/users/{name}", summary="Remove a user", status_code=204, responses={**NOT_FOUND, **_REFUSED}
    )
    def remove_user(administer: Administering, name: Name) -> Response:
        administer.remove_user(name)
        return Response(status_code=204)


def _tokens(api: APIRouter) -> None:
    @api.get("/tokens", summary="The tokens, without their secrets")
    def tokens(administer: Administering) -> list[TokenModel]:
        return [TokenModel.of(token) for token in administer.tokens()]

    @api.post("/tokens", summary="Make a token", status_code=201, responses=_REFUSED)
    def make_token(administer: Administering, token: NewTokenModel) -> MadeTokenModel:
        secret = administer.make_token(token.label, token.scopes, tenants_of(token.tenants), token.days)
        return MadeTokenModel(secret=secret)

    @api.delete("/tokens/{token}", summary="Revoke a token", status_code=204, responses=NOT_FOUND)
    def revoke_token(administer: Administering, token: Name) -> Response:
        administer.revoke_token(token)
        return Response(status_code=204)
