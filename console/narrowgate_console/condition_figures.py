"""How many devices do how, as the figures of tiles."""

from collections.abc import Iterator, Mapping

from narrowgate_console.markup import Figure
from narrowgate_console.page import Frame
from narrowgate_console.places import Condition


def condition_figures(said: Mapping[Condition, str], frame: Frame) -> Iterator[Figure]:
    """Yield a figure for each condition, in its colour."""
    for condition in Condition:
        yield Figure(said[condition], frame.word(f"condition_{condition}"), f"ng-mark-{condition}")
