"""What a pretend device sends, and the steps in which a world lets it be sent."""

from typing import NamedTuple

from narrowgate_simulators.radio import RadioFacts


class Emission(NamedTuple):
    """One uplink as the device meant it."""

    device: str
    path: str
    """Uri-Path, segments joined by '/'."""
    payload: bytes
    sequence: int
    """The device's own count of its uplinks, from 1."""
    time_us: int | None
    """What the clock inside the frame says [us]; None where the frame has no clock."""
    due_us: int
    """When the device sends; over a radio, when the uplink arrives [us]."""
    radio: RadioFacts | None = None
    """What the device's radio module says; None without a radio."""
    binding: int = 0
    """How often the device's source port has changed before."""


class Step(NamedTuple):
    """Everything that is due in (previous instant, instant]."""

    instant_us: int
    emissions: list[Emission]
    """In the order of (due_us, device)."""
