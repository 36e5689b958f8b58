import pytest

from narrowgate_console.evidence import evidence_lines, first_picture, plain_value, report_text

WORDS = {"power_w": "Power", "limit_s": "Limit [s]", "address": "Address"}


def _word(name: str) -> str:
    return WORDS.get(name, name)


def test_evidence_is_told_in_figures_with_units() -> None:
    """Nobody reads floats and brackets: a whole number has no point, a measured one its unit, once."""
    evidence = {"power_w": 0.0, "voltage_v": 226.80000000000001, "limit_s": 7200.0, "dark_samples": 2.0}

    assert evidence_lines(evidence, _word) == {
        "power_w": "0 W", "voltage_v": "226.8 V", "limit_s": "7200", "dark_samples": "2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["a", "b"], "a, b"),
        ({"kind": "dark", "signs": ["a"]}, "kind: dark; signs: a"),
        (None, "–"),
        (True, "true"),
        ("<b>", "<b>"),
        ([], ""),
        (1e-7, "1e-07"),
    ],
)
def test_values_are_told_without_brackets(value: object, words: str) -> None:
    """Lists and objects are read as lists of words."""
    assert plain_value(value) == words


def test_a_report_is_its_words_and_what_else_was_told() -> None:
    """An address and answers stand below the words, each on a line."""
    details = {"address": "1 People Rd", "attributes": {"kind": "dark"}, "media_url": ["https://x/a.jpg"]}

    assert report_text("no light", details, _word) == "no light\nAddress: 1 People Rd\nkind: dark"
    assert report_text("", {}, _word) == ""


def test_pictures_lead_to_the_web_and_nowhere_else() -> None:
    """The first picture is a link; what is no address of the web leads nowhere."""
    told = ["javascript:alert(1)", "https://x.example/a.jpg", "https://x.example/b.jpg"]

    assert first_picture({"media_url": told}) == ("1 / 2", "https://x.example/a.jpg")
    assert first_picture({"media_url": told[:1]}) == ("–", "")
    assert first_picture({}) == ("–", "")
