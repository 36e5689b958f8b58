"""Who asks, as routes get it: the view and the administration of the principal that the gate found."""

from typing import Annotated

from fastapi import Depends, Request

from narrowgate_console.access import Access
from narrowgate_console.administration import Administration
from narrowgate_console.principals import Principal
from narrowgate_console.services import Services
from narrowgate_console.view import View


def principal_of(request: Request) -> Principal:
    """Give the request's principal; the gate lets nobody else this far."""
    principal = request.state.principal
    if not isinstance(principal, Principal):
        raise TypeError(f"{request.url.path} is answered to strangers, yet asks who they are")
    return principal


def view_of(request: Request) -> View:
    """Give the questions of the request's principal."""
    services: Services = request.app.state.services
    return services.of(principal_of(request))


def administration_of(request: Request) -> Administration:
    """Give the administration as the request's principal may use it."""
    access: Access = request.app.state.access
    return Administration(access, principal_of(request))


Asker = Annotated[Principal, Depends(principal_of)]
Asking = Annotated[View, Depends(view_of)]
Administering = Annotated[Administration, Depends(administration_of)]
