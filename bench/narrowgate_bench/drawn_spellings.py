"""Codes for words that stand for every code without a word of its own: any of them, not one for all."""

import random
from collections.abc import Iterable

from narrowgate_codecs import elements as el
from narrowgate_codecs import layout as lay
from narrowgate_codecs.scope import Said
from narrowgate_codecs.soundness import every

_SHARE = 0.5
"""Of frames in which such a word takes the place of another one."""


class Spellings:
    """Draws the codes of one direction's frames."""

    def __init__(self, fields: tuple[lay.Element, ...], rng: random.Random) -> None:
        """Take the declaration; where a check sum or a cipher is over the bytes they are left as they are."""
        elements = list(every(fields))
        is_proven = any(isinstance(one, (el.Check, lay.Encrypted, lay.FormatA)) for one in elements)
        choosing = {one.on for one in elements if isinstance(one, (lay.Switch, lay.When))}
        named = {one.name for one in elements if isinstance(one, el.Named) and one.otherwise is not None}
        self.names = frozenset[str]() if is_proven else frozenset(named - choosing)
        """Names whose code can be another one, and nothing else changes."""
        self._rng = rng

    def drawn(self, frame: bytes, said: Iterable[Said]) -> bytes:
        """Give a frame with other codes.

        Args:
            frame: as it was written.
            said: its own elements, and where they stand.
        """
        spelled = bytearray(frame)
        for one in said:
            element = one.element
            if isinstance(element, el.Named) and element.name in self.names and self._rng.random() < _SHARE:
                known = dict(element.words)
                codes = [code for code in range(1 << 8 * element.width) if code not in known]
                spelled[one.start : one.stop] = self._rng.choice(codes).to_bytes(element.width)
        return bytes(spelled)
