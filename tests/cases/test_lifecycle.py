import pytest

from narrowgate_cases.lifecycle import CITY_WORDS, TRANSITIONS, State, Step, advance


def test_a_new_case_is_reported() -> None:
    """A case begins with the step that reports it."""
    assert advance(None, Step.REPORTED) is State.REPORTED


@pytest.mark.parametrize(
    ("state", "step"),
    [(source, step) for source in (None, *State) for step in Step if (source, step) not in TRANSITIONS],
)
def test_a_step_outside_the_table_cannot_be_taken(state: State | None, step: Step) -> None:
    """A transition that the table does not hold is refused, whoever asks."""
    with pytest.raises(ValueError, match="cannot be"):
        advance(state, step)


def test_the_refusal_names_what_is_possible() -> None:
    """Who asks for an impossible step is told which ones there are."""
    with pytest.raises(
        ValueError, match="a case that is closed cannot be reported; possible: void, reopened"
    ):
        advance(State.CLOSED, Step.REPORTED)


def test_every_step_has_the_citys_word() -> None:
    """Each step is named as the desks of urban management name it."""
    assert set(Step) == set(CITY_WORDS)
