"""What every set of questions stands on: one principal's scopes and devices, over one core's services."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

from narrowgate_console.principals import Denied, Principal, Scope
from narrowgate_console.visibility import Visible

if TYPE_CHECKING:
    from narrowgate_console.services import Services

Answer = TypeVar("Answer")


class Rights:
    """One principal's rights. Every question needs a scope first, and asks about visible devices only."""

    def __init__(self, services: "Services", principal: Principal) -> None:
        self._services = services
        self.principal = principal
        self.timezone = services.timezone

    def _need(self, scope: Scope) -> None:
        if not self.principal.may(scope):
            raise Denied(scope)

    def _need_everything(self, scope: Scope) -> None:
        """Need a scope over all tenants: what is asked cannot be told apart by tenant."""
        if not self.principal.sees_all:
            raise Denied(scope)
        self._need(scope)

    def _visible(self) -> Visible:
        return self._services.visible(self.principal)

    def _kept(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        return self._services.kept((question, self.principal.tenants, self.principal.unit), ask)

    def now_us(self) -> int:
        """Give event time [us]."""
        return self._services.now_us()
