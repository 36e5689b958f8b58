"""How many journal rows the next batch should have: few while little comes, many while there is much to do.

A batch has a price of its own, so a core that is behind takes longer strides; a batch that takes long to
decode and judge keeps what came behind it waiting, so strides end where they take too long. What a store
takes is left out: a slow disk costs each batch the same, and shorter strides would only make it worse.
"""

_LEAST_ROWS = 1024
_LONG_S = 0.5


class Stride:
    """The rows of the next batch, by how long the last ones took."""

    def __init__(self, most_rows: int) -> None:
        """Begin short.

        Args:
            most_rows: of a batch.
        """
        self._most_rows = most_rows
        self.rows = min(_LEAST_ROWS, most_rows)

    def took(self, rows: int, seconds: float) -> None:
        """Take in what the last batch was.

        Args:
            rows: that it had.
            seconds: that decoding and judging took.
        """
        if seconds > 2 * _LONG_S:
            self.rows = max(min(_LEAST_ROWS, self._most_rows), self.rows // 2)
        elif rows >= self.rows and seconds < _LONG_S:
            self.rows = min(2 * self.rows, self._most_rows)
