"""A case's life: which step leads from which state to which, and the city's words for them.

One literal. A step that is not in it cannot be taken, by a device or by a person.
"""

from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a case stands."""

    REPORTED = "reported"
    """Nobody has looked at it."""
    ACCEPTED = "accepted"
    """The desk says that it is one, and that somebody must be sent."""
    DISPATCHED = "dispatched"
    """Somebody is told to mend it."""
    IN_PROGRESS = "in_progress"
    """It is being mended."""
    DEFERRED = "deferred"
    """It waits by agreement; its clock stands."""
    RESOLVED = "resolved"
    """Somebody, or the device, says that it is mended."""
    VERIFIED = "verified"
    """It is mended indeed."""
    CLOSED = "closed"
    VOID = "void"
    """It never was one."""
    MERGED = "merged"
    """It is told under another number."""


class Step(StrEnum):
    """What is done to a case."""

    REPORTED = "reported"
    """A finding, or somebody, made it a case."""
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    """Somebody is told to mend it, or somebody else than before."""
    STARTED = "started"
    """Who was sent has begun."""
    RETURNED = "returned"
    """Who was sent gives it back to the desk."""
    DEFERRED = "deferred"
    """It may wait: the clock stands from here on."""
    RESUMED = "resumed"
    """It need wait no longer: the clock goes on."""
    EXTENDED = "extended"
    """There is more time for it."""
    RESOLVED = "resolved"
    """It is said to be mended."""
    VERIFIED = "verified"
    """Somebody, or the device, saw that it is mended."""
    REWORKED = "reworked"
    """It is not mended well: who was sent does it again."""
    CLOSED = "closed"
    """What was wrong is over."""
    VOID = "void"
    """What was reported never happened."""
    REOPENED = "reopened"
    """What seemed over is not."""
    MERGED = "merged"
    """Another case tells of it from here on."""
    JOINED = "joined"
    """More belongs to it: a member of the group, a finding, a report, another case."""
    WORSENED = "worsened"
    """It matters more than before."""
    ESCALATED = "escalated"
    """Its time is up: whoever oversees the desk is told."""
    COMMENTED = "commented"


_AT_THE_DESK = (State.REPORTED, State.ACCEPTED)
_OUT = (State.DISPATCHED, State.IN_PROGRESS)
_UNDER_WAY = (*_AT_THE_DESK, *_OUT, State.DEFERRED)
_SAID_TO_BE_MENDED = (State.RESOLVED, State.VERIFIED)
_OVER = (State.CLOSED, State.VOID)

OPEN_STATES: frozenset[State] = frozenset((*_UNDER_WAY, *_SAID_TO_BE_MENDED))
"""The states in which a case waits for somebody."""
RUNNING_STATES: frozenset[State] = frozenset((*_AT_THE_DESK, *_OUT))
"""The states in which a case's clock runs."""

_REMARKS = (Step.JOINED, Step.WORSENED, Step.ESCALATED)
ASIDE: frozenset[Step] = frozenset((*_REMARKS, Step.COMMENTED))
"""The steps that decide nothing: who saw a case before them has seen it as it stands."""

TRANSITIONS: MappingProxyType[tuple[State | None, Step], State] = MappingProxyType(
    {
        (None, Step.REPORTED): State.REPORTED,
        (State.REPORTED, Step.ACCEPTED): State.ACCEPTED,
        **{(state, Step.DISPATCHED): State.DISPATCHED for state in (State.ACCEPTED, *_OUT)},
        (State.DISPATCHED, Step.STARTED): State.IN_PROGRESS,
        **{(state, Step.RETURNED): State.ACCEPTED for state in _OUT},
        **{(state, Step.DEFERRED): State.DEFERRED for state in (State.ACCEPTED, *_OUT)},
        (State.DEFERRED, Step.RESUMED): State.ACCEPTED,
        **{(state, Step.EXTENDED): state for state in (State.ACCEPTED, *_OUT)},
        **{(state, Step.RESOLVED): State.RESOLVED for state in _UNDER_WAY},
        (State.RESOLVED, Step.VERIFIED): State.VERIFIED,
        **{(state, Step.REWORKED): State.IN_PROGRESS for state in _SAID_TO_BE_MENDED},
        (State.VERIFIED, Step.CLOSED): State.CLOSED,
        (State.VOID, Step.CLOSED): State.CLOSED,
        **{(state, Step.VOID): State.VOID for state in (*_UNDER_WAY, *_SAID_TO_BE_MENDED, State.CLOSED)},
        **{(state, Step.REOPENED): State.REPORTED for state in (*_SAID_TO_BE_MENDED, *_OVER)},
        **{(state, Step.MERGED): State.MERGED for state in (*_UNDER_WAY, *_SAID_TO_BE_MENDED)},
        (State.MERGED, Step.REOPENED): State.REPORTED,
        **{(state, remark): state for state in sorted(OPEN_STATES) for remark in _REMARKS},
        **{(state, Step.COMMENTED): state for state in State},
    }
)
"""(state, step) → the state that follows; None is no case yet."""

CITY_WORDS: dict[Step, str] = {
    Step.REPORTED: "上报",
    Step.ACCEPTED: "立案",
    Step.DISPATCHED: "派遣",
    Step.STARTED: "处理",
    Step.RETURNED: "回退",
    Step.DEFERRED: "挂账",
    Step.RESUMED: "恢复",
    Step.EXTENDED: "延时",
    Step.RESOLVED: "处置反馈",
    Step.VERIFIED: "核查",
    Step.REWORKED: "返工",
    Step.CLOSED: "结案",
    Step.VOID: "作废",
    Step.REOPENED: "重新立案",
    Step.MERGED: "合并",
    Step.JOINED: "并入",
    Step.WORSENED: "升级",
    Step.ESCALATED: "督办",
    Step.COMMENTED: "批注",
}
"""The words of urban management's desks (数字城管) for each step."""


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
        possible = ", ".join(steps_from(state))
        raise ValueError(
            f"a case that is {state or 'not there'} cannot be {step}; possible: {possible or 'nothing'}"
        )
    return following


def steps_from(state: State | None) -> list[Step]:
    """Give the steps that can be taken from a state, in the order of the set."""
    return [step for step in Step if (state, step) in TRANSITIONS]
