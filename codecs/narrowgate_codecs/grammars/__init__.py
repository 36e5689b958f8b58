"""The grammars of content that describes itself: what a profile's Described can name."""

from narrowgate_codecs.grammars.catalogue import GRAMMARS
from narrowgate_codecs.grammars.grammar import Grammar

__all__ = ["GRAMMARS", "Grammar"]
