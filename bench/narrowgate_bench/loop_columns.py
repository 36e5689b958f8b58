"""What struct loops make, and how they end on a frame that is not theirs."""

from typing import Any

Columns = dict[str, Any]
"""By field: an array, or a list where a field is text or has gaps."""


class NotThisLayoutError(ValueError):
    """A frame of another layout than the loop's."""
