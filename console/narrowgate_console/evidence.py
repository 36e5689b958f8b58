"""What decided a case, and what people told with a report, as lines that people read."""

from collections.abc import Callable, Mapping
from typing import Any

from narrowgate_schema.units import UNITS, WRITTEN

_UNIT_OF = {ending: WRITTEN.get(unit, unit) for unit, ending in UNITS.items() if ending}
_ENDINGS = sorted(_UNIT_OF, key=len, reverse=True)


def evidence_lines(evidence: Mapping[str, Any], word: Callable[[str], str]) -> dict[str, str]:
    """Give each value of a finding's evidence as text, a measured one with its unit."""
    return {name: _measured(name, value, word(name)) for name, value in evidence.items()}


def report_text(words: str, details: Mapping[str, Any], word: Callable[[str], str]) -> str:
    """Give what somebody reported: their words, and below them what else they told, but for pictures."""
    address, answers = details.get("address"), details.get("attributes")
    lines = [words, f"{word('address')}: {address}" if address else ""]
    if isinstance(answers, Mapping):
        lines += [f"{code}: {plain_value(answer)}" for code, answer in answers.items()]
    return "\n".join(filter(None, lines))


def first_picture(details: Mapping[str, Any]) -> tuple[str, str]:
    """Give how many pictures there are, in a word, and where the first is; '' where there is none."""
    told = details.get("media_url")
    pictures = [str(each) for each in told] if isinstance(told, list) else []
    web = [each for each in pictures if each.startswith(("https://", "http://"))]
    return (f"1 / {len(web)}" if len(web) > 1 else "1", web[0]) if web else ("–", "")


def plain_value(value: object) -> str:
    """Give a value of JSON as text: no brackets, and no digits that nobody measured."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {plain_value(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(plain_value, value))
    return "–" if value is None else str(value)


def _measured(name: str, value: object, label: str) -> str:
    words = plain_value(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or "[" in label:
        return words
    ending = next((each for each in _ENDINGS if name.endswith(each)), None)
    return words if ending is None else f"{words} {_UNIT_OF[ending]}"
