"""Shelves: findings that an operator does not want to hear of for a while."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from narrowgate_rules.causes.ledger import Ledger
from narrowgate_rules.columns import Instants, Mask


@dataclass(frozen=True)
class Shelf:
    """What is shelved: of a rule, of a device or group, or one rule of one device."""

    rule: str
    """'' = every rule."""
    device: str
    """'' = every device."""
    until_us: int
    """It ends by itself [us]."""

    def __post_init__(self) -> None:
        """Refuse a shelf for everything."""
        if not self.rule and not self.device:
            raise ValueError("a shelf names a rule, a device or both")


def is_shelved(ledger: Ledger, shelves: Iterable[Shelf], at_us: int | Instants) -> Mask:
    """Mark the rows that lie on a shelf at an instant; safety lies on none, (n,)."""
    shelved = np.zeros(len(ledger), np.bool_)
    for shelf in shelves:
        own = np.asarray(at_us < np.int64(shelf.until_us)) & np.ones(len(ledger), np.bool_)
        if shelf.rule:
            own &= ledger["rule"] == shelf.rule
        if shelf.device:
            own &= ledger["device"] == shelf.device
        shelved |= own
    shelved &= ledger["severity"] != "safety"
    return shelved
