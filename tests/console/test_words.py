import pytest

from narrowgate_cases import State
from narrowgate_console.words import _WORDS, choose_language, word
from narrowgate_fleet import CommandReason, CommandState
from narrowgate_rules import RULES, Rule


@pytest.mark.parametrize(
    ("asked", "accepted", "expected"),
    [
        ("zh", "en-GB,en", "zh"),
        ("en", "zh-CN", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "de,en;q=0.5,zh;q=0.7", "zh"),
        (None, "zh;q=0,en", "en"),
        (None, "fr", "en"),
        (None, None, "en"),
        (None, ";;q=x,,zh", "zh"),
        ("fr", "zh-TW", "zh"),
        ("<script>", None, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_accepted(
    asked: str | None, accepted: str | None, expected: str
) -> None:
    """The URL decides, then the browser's wishes by weight, then English."""
    assert choose_language(asked, accepted) == expected


def test_every_word_is_in_both_languages() -> None:
    """No word of the catalogue is empty in a language."""
    assert [name for name, pair in _WORDS.items() if not all(pair)] == []


def test_whatever_becomes_of_a_command_has_its_word() -> None:
    """Where a command stands and each reason of the closed set is told in the page's language."""
    names = [*(f"command_{state}" for state in CommandState), *(f"why_{reason}" for reason in CommandReason)]

    assert [name for name in names if name not in _WORDS] == []


@pytest.mark.parametrize("state", State)
def test_every_state_of_a_case_has_its_word(state: State) -> None:
    """Where a case stands, and how many have ended so, is told in the page's language."""
    ended = State.CLOSED, State.VOID, State.MERGED
    names = [f"state_{state}", *([f"{state}_cases_counted"] if state in ended else [])]

    assert [name for name in names if name not in _WORDS] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_a_rule_goes_by_has_its_words(rule: Rule) -> None:
    """A rule and the columns that its evidence shows are told in the page's language."""
    assert [name for name in (rule.name, *rule.inputs) if name not in _WORDS] == []


def test_an_unknown_word_stands_for_itself() -> None:
    """A rule that the catalogue does not know yet is shown by its own name."""
    assert word("meter_stuck", "zh") == "meter_stuck"
