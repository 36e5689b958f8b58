import pytest

from narrowgate_cases.lifecycle import CITY_WORDS, OPEN_STATES, TRANSITIONS, State, Step, advance


def test_a_new_case_is_reported() -> None:
    """A case begins with the step that reports it."""
    assert advance(None, Step.REPORTED) is State.REPORTED


def test_a_step_outside_the_table_cannot_be_taken() -> None:
    """A transition that the table does not hold is refused, whoever asks."""
    missing = [(state, step) for state in (None, *State) for step in Step if (state, step) not in TRANSITIONS]
    refused = []
    for state, step in missing:
        with pytest.raises(ValueError, match="cannot be"):
            advance(state, step)
        refused.append((state, step))

    assert refused == missing


def test_every_case_can_come_to_its_end() -> None:
    """From every state in which a case waits, steps lead to where it is over."""
    leads = {state: {to for (source, _), to in TRANSITIONS.items() if source is state} for state in State}
    ends, known = {State.CLOSED}, set[State]()
    while ends != known:
        known = set(ends)
        ends |= {state for state in OPEN_STATES if leads[state] & known}

    assert ends >= OPEN_STATES


def test_the_whole_way_of_a_case() -> None:
    """A case goes from its report by the desk and whoever mends it to its end."""
    state: State | None = None
    way = ["reported", "accepted", "dispatched", "started", "resolved", "verified", "closed"]
    for step in way:
        state = advance(state, Step(step))

    assert state is State.CLOSED


def test_the_refusal_names_what_is_possible() -> None:
    """Who asks for an impossible step is told which ones there are."""
    with pytest.raises(
        ValueError, match="a case that is closed cannot be reported; possible: void, reopened, commented"
    ):
        advance(State.CLOSED, Step.REPORTED)


def test_every_step_has_the_citys_word() -> None:
    """Each step is named as the desks of urban management name it."""
    assert set(Step) == set(CITY_WORDS)
