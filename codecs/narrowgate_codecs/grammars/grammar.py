"""What a grammar is: it finds leaves in content, and writes content that has them."""

from typing import Protocol

from narrowgate_codecs.layout import Described
from narrowgate_codecs.scope import Wanted
from narrowgate_codecs.sketch import Reader, Sketch


class Grammar(Protocol):
    """The way some content describes itself."""

    def sketch(self, reader: Reader, element: Described) -> Sketch:
        """Give where the leaves of some content stand; it looks at bytes through the reader only.

        Raises:
            FrameRefused: nothing of the content can be trusted.
        """
        ...

    def write(self, element: Described, wanted: Wanted) -> bytes:
        """Give content that says the list of the element's name; ValueError if the values make none."""
        ...
