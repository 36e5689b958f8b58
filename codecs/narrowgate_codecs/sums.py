"""A number that several numbers of a frame make together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sum:
    """No byte: what earlier numbers make together, each taken raw and times its weight.

    Makers split registers: into one counter up to a reading and one since, or around a nibble of flags.
    """

    name: str
    of: tuple[tuple[str, int], ...]
    """(name, weight): an earlier number or part, and what one of its raw counts counts here."""
    per: int = 1
    """What the sum is divided by."""
    is_whole: bool = False
    """True: the sum is an int, and divided by nothing; False: it is a float."""
