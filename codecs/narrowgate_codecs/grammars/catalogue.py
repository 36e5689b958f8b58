"""The grammars by name: a closed set, like the elements."""

from types import MappingProxyType

from narrowgate_codecs.grammars.en13757 import En13757
from narrowgate_codecs.grammars.grammar import Grammar

GRAMMARS: MappingProxyType[str, Grammar] = MappingProxyType({"en13757": En13757()})
"""By the name that a Described gives."""
