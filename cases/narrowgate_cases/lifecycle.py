"""A case's life: which step leads from which state to which, and the city's words for them.

One literal. A step that is not in it cannot be taken, by a device or by a person.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a case stands: the word of the step that brought it there."""

    REPORTED = "reported"
    CLOSED = "closed"
    VOID = "void"


class Step(StrEnum):
    """What is done to a case."""

    REPORTED = "reported"
    """A finding became a case."""
    CLOSED = "closed"
    """What was wrong is over."""
    VOID = "void"
    """What was reported never happened."""
    REOPENED = "reopened"
    """What seemed over is not: a revision of the finding says so."""


TRANSITIONS: dict[tuple[State | None, Step], State] = {
    (None, Step.REPORTED): State.REPORTED,
    (State.REPORTED, Step.CLOSED): State.CLOSED,
    (State.REPORTED, Step.VOID): State.VOID,
    (State.CLOSED, Step.VOID): State.VOID,
    (State.CLOSED, Step.REOPENED): State.REPORTED,
    (State.VOID, Step.CLOSED): State.CLOSED,
    (State.VOID, Step.REOPENED): State.REPORTED,
}
"""(state, step) → the state that follows; None is no case yet."""

CITY_WORDS: dict[Step, str] = {
    Step.REPORTED: "上报",
    Step.CLOSED: "结案",
    Step.VOID: "作废",
    Step.REOPENED: "重新立案",
}
"""The words of urban management's desks (数字城管) for each step."""

OPEN_STATES: frozenset[State] = frozenset({State.REPORTED})
"""The states in which a case waits for somebody."""


def advance(state: State | None, step: Step) -> State:
    """Give the state that follows a step.

    Args:
        state: where the case stands; None = there is none yet.
        step: what is done to it.

    Raises:
        ValueError: the step cannot be taken from that state.
    """
    following = TRANSITIONS.get((state, step))
    if following is None:
        possible = ", ".join(str(known) for source, known in TRANSITIONS if source == state)
        raise ValueError(
            f"a case that is {state or 'not there'} cannot be {step}; possible: {possible or 'nothing'}"
        )
    return following
