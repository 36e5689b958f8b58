"""How many journal rows the next batch should have: few while little comes, many while there is much to do.

A batch has a price of its own, so a core that is behind takes longer strides; a batch that takes long to
decode and judge keeps what came behind it waiting, so strides end where they take too long. Only processor
time counts: a slow disk, or a machine that others keep busy, costs each batch the same, and shorter strides
would only make it worse. A frame may tell one reading or a day of them: memory is bounded by what is told.
"""

_LEAST_ROWS = 1024
_FEWEST_ROWS = 64
"""Where each of them tells very much."""
_LONG_S = 0.5


class Stride:
    """The rows of the next batch, by what the last ones gave and how long they took."""

    def __init__(self, most_rows: int) -> None:
        """Begin short.

        Args:
            most_rows: of a batch; as many readings are aimed at, at most.
        """
        self._most_rows = most_rows
        self.rows = min(_LEAST_ROWS, most_rows)

    def took(self, rows: int, readings: int, seconds: float) -> None:
        """Take in what the last batch was.

        Args:
            rows: that it had.
            readings: that they told.
            seconds: of processor time that decoding and judging took.
        """
        if readings > self._most_rows:
            self.rows = max(min(_FEWEST_ROWS, self._most_rows), rows * self._most_rows // readings)
        elif seconds > 2 * _LONG_S:
            self.rows = max(min(_LEAST_ROWS, self._most_rows), self.rows // 2)
        elif rows >= self.rows and seconds < _LONG_S and 2 * readings <= self._most_rows:
            self.rows = min(2 * self.rows, self._most_rows)
