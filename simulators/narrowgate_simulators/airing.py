"""What a radio makes of a city's uplinks: late, lost, doubled, out of order, from another port."""

import heapq
from collections.abc import Iterable
from itertools import count

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.radio import Radio
from narrowgate_simulators.span import SECOND_US

_BEHIND_US = SECOND_US
"""An overtaken uplink arrives this long after the one that overtook it [us]."""


class Airing:
    """The uplinks that are on their way, in the order of arrival; at most a few a device."""

    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._coming: list[tuple[int, str, int, int, Emission]] = []
        self._held: dict[str, Emission] = {}
        self._count = count()

    def through(self, meant: Iterable[Emission], instant_us: int) -> list[Emission]:
        """Take what devices send up to an instant [us], in their order, and give what has arrived by then."""
        for emission in meant:
            self._send(emission)
        arrived = []
        while self._coming and self._coming[0][0] <= instant_us:
            arrived.append(heapq.heappop(self._coming)[-1])
        return arrived

    def _send(self, emission: Emission) -> None:
        device, number = emission.device, emission.sequence
        flight = self._radio.flight(device, number)
        if flight.delay_s is None:
            return
        facts = self._radio.facts(device, number)
        aired = emission._replace(
            due_us=_after(emission.due_us, flight.delay_s),
            radio=facts,
            binding=self._radio.binding(device, number) + self._radio.boots(device, number),
        )
        held = self._held.pop(device, None)
        if held is None and self._radio.is_overtaken(device, number):
            self._held[device] = aired
            return
        self._arrives(aired, aired.due_us)
        if flight.again_s is not None:
            self._arrives(aired, _after(emission.due_us, flight.again_s))
        if held is not None:
            self._arrives(held, max(held.due_us, aired.due_us + _BEHIND_US))

    def _arrives(self, emission: Emission, at_us: int) -> None:
        arrival = emission._replace(due_us=at_us)
        heapq.heappush(self._coming, (at_us, emission.device, emission.sequence, next(self._count), arrival))


def _after(time_us: int, delay_s: float) -> int:
    return time_us + round(delay_s * SECOND_US)
