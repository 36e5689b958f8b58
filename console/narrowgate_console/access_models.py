"""What the API of access takes and answers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from narrowgate_console.access import MOST_NAME
from narrowgate_console.administration import MOST_TOKEN_DAYS, AuditRow, Token, User
from narrowgate_console.instants import instant
from narrowgate_console.passwords import LEAST_CHARACTERS, MOST_CHARACTERS
from narrowgate_console.principals import Principal, Role, Scope, Tenants

Tenant = Annotated[str, Field(min_length=1, max_length=200)]
OwnTenants = Annotated[
    list[Tenant] | None, Field(max_length=1000, description="whose devices are seen; null is everybody's")
]
Password = Annotated[str, Field(min_length=LEAST_CHARACTERS, max_length=MOST_CHARACTERS)]


Unit = Annotated[
    str | None, Field(max_length=100, description="of a contractor, who then sees no cases but this unit's")
]


class _Asked(BaseModel):
    """A body that says what is to be so: unknown words are faults."""

    model_config = ConfigDict(extra="forbid")


def tenants_of(names: list[str] | None) -> Tenants:
    """Give tenants as principals hold them."""
    return None if names is None else frozenset(names)


def _named(tenants: Tenants) -> list[str] | None:
    return None if tenants is None else sorted(tenants)


class MeModel(BaseModel):
    """Who asks."""

    name: str
    scopes: list[Scope]
    tenants: list[str] | None
    unit: Annotated[str | None, Field(description="whose cases alone are seen")]
    csrf: Annotated[str | None, Field(description="what changes must carry as X-CSRF-Token; null for tokens")]

    @classmethod
    def of(cls, principal: Principal) -> "MeModel":
        """Make it from the principal."""
        return cls(
            name=principal.name,
            scopes=sorted(principal.scopes),
            tenants=_named(principal.tenants),
            unit=principal.unit,
            csrf=principal.csrf,
        )


class UserModel(BaseModel):
    """A user."""

    name: str
    role: Role
    tenants: list[str] | None
    unit: Annotated[str | None, Field(description="whose cases alone a contractor sees")]
    enabled: bool
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserModel":
        """Make it from the user."""
        return cls(
            name=user.name,
            role=user.role,
            tenants=_named(user.tenants),
            unit=user.unit,
            enabled=user.is_enabled,
            created_at=instant(user.created_at_us),
        )


class NewUserModel(_Asked):
    """A user to be added."""

    name: Annotated[str, Field(pattern=rf"^[A-Za-z0-9._@-]{{1,{MOST_NAME}}}$")]
    role: Role
    tenants: OwnTenants = None
    unit: Unit = None
    password: Password


class UserChangeModel(_Asked):
    """What is to change of a user; what is null stays."""

    role: Role | None = None
    enabled: bool | None = None
    password: Password | None = None


class TokenModel(BaseModel):
    """A token without its secret."""

    token: str
    label: str
    scopes: list[Scope]
    tenants: list[str] | None
    created_by: str
    created_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, token: Token) -> "TokenModel":
        """Make it from the token."""
        return cls(
            token=token.token,
            label=token.label,
            scopes=sorted(token.scopes),
            tenants=_named(token.tenants),
            created_by=token.created_by,
            created_at=instant(token.created_at_us),
            ends_at=instant(token.ends_at_us),
        )


class NewTokenModel(_Asked):
    """A token to be made."""

    label: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    tenants: OwnTenants = None
    days: Annotated[int, Field(ge=1, le=MOST_TOKEN_DAYS)]


class MadeTokenModel(BaseModel):
    """A token's text, given this once."""

    secret: Annotated[str, Field(description="send it as `Authorization: Bearer …`")]


class AuditRowModel(BaseModel):
    """Who did what to what."""

    at: datetime
    principal: str
    action: str
    object: str
    detail: str

    @classmethod
    def of(cls, row: AuditRow) -> "AuditRowModel":
        """Make it from the row."""
        return cls(
            at=instant(row.at_us),
            principal=row.principal,
            action=row.action,
            object=row.object,
            detail=row.detail,
        )
