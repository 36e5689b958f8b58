"""What one principal may ask and do about cases: the queue, its lights, figures, and steps."""

from collections.abc import Iterable

import narrowgate_cases as desk
from narrowgate_cases.clocks import Light
from narrowgate_cases.figures import By, Figures, figures
from narrowgate_cases.lifecycle import State, Step
from narrowgate_cases.queries import Case
from narrowgate_cases.queue import Filters, Lights, Order, QueuePage, lights, queue
from narrowgate_cases.requests import Told, reports_of
from narrowgate_cases.work import Asked, NoSuchCase, StepRefused, possible_steps, take_step
from narrowgate_console.faults import reading
from narrowgate_console.principals import NotThere, Scope, Unfit
from narrowgate_console.rights import Rights

MOST_REPORTS = 500


class DeskView(Rights):
    """One principal's desk, from any thread; raises as `View` says, and Unfit for a step that cannot be."""

    def queue(self, filters: Filters, order: Order, limit: int, after: str | None = None) -> QueuePage:
        """Give a page of visible cases."""
        self._need(Scope.CASES)
        try:
            with self._services.state(self._visible()) as connection:
                now_us = self.now_us()
                return queue(connection, filters, now_us=now_us, order=order, limit=limit, after=after)
        except ValueError as fault:
            raise Unfit(str(fault)) from None

    def shown_queue(self, filters: Filters, limit: int, after: str | None = None) -> QueuePage:
        """Give a page of the queue by its clocks, a moment old: pages ask again and again."""
        asked = ("queue", filters, limit, after)
        return self._kept(asked, lambda: self.queue(filters, Order.CLOCK, limit, after))

    def lights(self) -> Lights:
        """Count open cases by their light."""
        self._need(Scope.CASES)
        return self._kept("lights", self._lights)

    def _lights(self) -> Lights:
        with self._services.state(self._visible()) as connection:
            return lights(connection, self.now_us())

    def shown_figures(self, until_us: int | None, by: By, since_us: int | None) -> list[Figures]:
        """Give the desk's figures as of an instant, or now, a moment old: they read the whole history."""
        asked = ("figures", until_us, by, since_us)
        return self._kept(
            asked, lambda: self.figures(self.now_us() if until_us is None else until_us, by, since_us)
        )

    def figures(self, until_us: int, by: By, since_us: int | None = None) -> list[Figures]:
        """Give the desk's figures as of an instant [us]."""
        self._need(Scope.CASES)
        with self._services.state(self._visible()) as connection:
            return figures(connection, until_us, by, since_us)

    def reports(self, number: str) -> list[Told]:
        """Give what people reported of a visible case; who they are to who may see it."""
        self._need(Scope.CASES)
        self._find([number])
        with_people = self.principal.may(Scope.REPORTERS)
        with self._services.state(self._visible()) as connection:
            return reports_of(connection, number, with_people=with_people, limit=MOST_REPORTS)

    def light(self, case: Case) -> Light:
        """Give a case's light now."""
        return case.light(self.now_us(), self._services.sources.practice.calendar)

    def possible(self, state: State) -> list[Step]:
        """Give the steps that the principal may take from a state; none without the scope."""
        return [step for step in possible_steps(state) if self.principal.may(_scope_of(step))]

    def take(self, number: str, asked: Asked) -> State:
        """Take a step on a visible case; give where it stands."""
        self._need(_scope_of(asked.step))
        self._need(Scope.CASES)
        named = [number] if asked.into is None else [number, asked.into]
        self._find(named)
        sources = self._services.sources
        try:
            with reading("state"), sources.working() as connection:
                # Whose the case is may have changed since; while this transaction holds it cannot.
                self._find(named)
                return take_step(
                    connection, number, asked, self.principal.name, self.now_us(), sources.practice
                )
        except NoSuchCase as missing:
            raise NotThere(str(missing)) from None
        except StepRefused as refused:
            raise Unfit(str(refused)) from None

    def _find(self, numbers: Iterable[str]) -> None:
        """Raise NotThere for a case that is not there for the principal."""
        with self._services.state(self._visible()) as connection:
            for number in numbers:
                if desk.case(connection, number) is None:
                    raise NotThere(f"there is no case {number!r}")


_MENDING = frozenset({Step.STARTED, Step.RETURNED, Step.RESOLVED, Step.COMMENTED})


def _scope_of(step: Step) -> Scope:
    """Give what a step needs: who mends takes the steps of mending, the desk all of them."""
    return Scope.WORK if step in _MENDING else Scope.DECIDE
