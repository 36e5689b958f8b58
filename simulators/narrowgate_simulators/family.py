"""What a city asks of each family of its devices."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.faults import Fault


class Family(Protocol):
    """All devices of one family, as arrays."""

    @property
    def family(self) -> str:
        """Give the family's name."""
        ...

    @property
    def devices(self) -> Sequence[str]:
        """Give the device ids."""
        ...

    @property
    def truth(self) -> tuple[Fault, ...]:
        """Give the faults that were put in."""
        ...

    def emissions(self, after_us: int, until_us: int) -> Iterator[Emission]:
        """Give what the devices send in (after, until] [us], in no special order."""
        ...

    def rows(self) -> Iterator[dict[str, str]]:
        """Give the registry's rows."""
        ...

    def report_every_us(self, row: int) -> int:
        """Give how often a device is heard at least [us]."""
        ...

    def last_words_us(self, row: int) -> NDArray[np.int64]:
        """Give the uplinks of one device after which its silence is nothing but silence, (n,) [us]."""
        ...
