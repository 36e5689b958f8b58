"""Texts that people type: bounded, composed, and of letters that are seen.

Rule 1: a text is kept and shown as text. What markup or SQL may be in it means nothing to anybody.
"""

import unicodedata

_NO_LETTERS = frozenset({"Cc", "Cs", "Cn", "Co"})
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that belong to words: Persian and Indic scripts and composed emoji need them."""
_SEEN = frozenset("LNPS")
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and signs by their category that show nothing: Hangul's fillers and Braille's blank."""


def clean_text(text: str, most: int, what: str) -> str:
    """Give a text as one that may be stored and shown: trimmed, composed, printable.

    Line ends are made one, and format characters that only steer how text is shown (directions, marks of byte
    order, tags) are left out; a text in which nothing is seen is empty.

    Args:
        text: as it was typed.
        most: how many letters it may have.
        what: its name in the refusal.

    Raises:
        ValueError: it is too long, or holds what no text holds.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    shown = "".join(letter for letter in composed if _is_shown(letter)).strip()
    if len(shown) > most:
        raise ValueError(f"{what} has at most {most} letters, not {len(shown)}")
    for letter in shown:
        if letter not in "\n\t" and unicodedata.category(letter) in _NO_LETTERS:
            raise ValueError(f"{what} holds U+{ord(letter):04X}, which is no letter")
    return shown if any(map(_is_seen, shown)) else ""


def clean_line(text: str, most: int, what: str) -> str:
    """Give a text as one line that may be stored and shown.

    Raises:
        ValueError: it is too long, more than one line, or holds what no text holds.
    """
    line = clean_text(text, most, what)
    if "\n" in line or "\t" in line:
        raise ValueError(f"{what} is one line")
    return line


def _is_shown(letter: str) -> bool:
    return letter in _JOINERS or unicodedata.category(letter) != "Cf"


def _is_seen(letter: str) -> bool:
    return unicodedata.category(letter)[0] in _SEEN and letter not in _BLANKS
