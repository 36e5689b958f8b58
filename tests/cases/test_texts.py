import sqlite3

import pytest

from findings_rows import batch, raised
from narrowgate_cases import DEFAULT_PRACTICE, Step, apply
from narrowgate_cases.texts import clean_line, clean_text
from narrowgate_cases.work import Asked, StepRefused, take_step


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  a b \n", "a b"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("e\u0301", "é"),
        ("\ufeff\u202edark\u202c", "dark"),
        ("a\u200b\u00adb", "ab"),
        ("👩\u200d🔧 نمی\u200cدانم", "👩\u200d🔧 نمی\u200cدانم"),
        ("路灯不亮", "路灯不亮"),
        ("<b>'; --", "<b>'; --"),
        ("", ""),
        (" \u200b\u2060\u3000 ", ""),
        ("\u200d\u200c", ""),
        ("\u3164\u115f\u2800", ""),
        ("\u0301", ""),
        ("…", "…"),
    ],
)
def test_a_text_is_kept_as_it_is_seen(typed: str, kept: str) -> None:
    """Line ends are made one, what only steers the display goes, and what shows nothing is nothing."""
    assert clean_text(typed, 100, "it") == kept


@pytest.mark.parametrize("typed", ["a\x00b", "a\x1bb", "a\x85b", "a\ud800b", "a\ue000b", "a\uffffb"])
def test_what_is_no_letter_is_refused(typed: str) -> None:
    """Control characters, half surrogates, private letters and none at all are named and refused."""
    with pytest.raises(ValueError, match=r"it holds U\+[0-9A-F]{4}, which is no letter"):
        clean_text(typed, 100, "it")


def test_a_text_is_bounded_and_a_line_is_one() -> None:
    """A text of so many letters is taken, one more is refused; a line has no second."""
    assert clean_text("x" * 100, 100, "it") == "x" * 100
    with pytest.raises(ValueError, match="at most 100 letters, not 101"):
        clean_text("x" * 101, 100, "it")
    with pytest.raises(ValueError, match="it is one line"):
        clean_line("a\tb", 100, "it")


@pytest.mark.parametrize("reason", ["\u200b", "\u202e\u2066", "\u200d", "\u3164", "\u2800 \u00ad"])
def test_a_reason_in_which_nothing_is_seen_is_none(connection: sqlite3.Connection, reason: str) -> None:
    """A step that needs a reason is not taken with one of letters that show nothing."""
    apply(connection, batch(raised("f1")), 0)

    with pytest.raises(StepRefused, match="commented needs a reason"):
        take_step(connection, "C-000001", Asked(Step.COMMENTED, reason), "user:ann", 1, DEFAULT_PRACTICE)
