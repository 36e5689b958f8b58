"""Numbers that travel as text, a byte a digit, and back; the plan's half is in plan_leaves.py."""

from narrowgate_codecs import elements as el
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.scope import Scope
from narrowgate_schema.words import Reason

SPELLED = "0123456789abcdef"
"""The digits of base 16, those of base 10 first."""


def digits_value(element: el.Digits, raw: bytes, scope: Scope) -> int:
    """Give the number that the characters spell; FrameRefused as `sanity` if they spell none."""
    text = raw.lower()
    if not all(byte in SPELLED[: element.base].encode() for byte in text):
        raise FrameRefused(Reason.SANITY, f"{scope.at(element.name)}: {raw!r} is no number")
    return int(text, element.base)


def digits_raw(element: el.Digits, number: int) -> bytes:
    """Give the characters that spell a number which has room."""
    kind = "X" if element.base == el.HEXADECIMAL else "d"
    return f"{number:0{element.width}{kind}}".encode()
