"""How patient a pretend device is, and how bad the weather on its link: both parameters, both seeded."""

from dataclasses import dataclass

from narrowgate_simulators.noise import chance


@dataclass(frozen=True)
class Timing:
    """Retransmission after RFC 7252, section 4.2, and how long a device keeps a reading."""

    ack_timeout_s: float = 2.0
    """Least wait for the first answer [s]."""
    ack_random_factor: float = 1.5
    """The first wait is drawn from [ack_timeout_s, ack_timeout_s * this]."""
    max_retransmit: int = 4
    """Repeats of one message; after them the device begins anew with another message id."""
    longest_wait_s: float = 60.0
    """The doubling wait stops growing here [s]."""
    answer_s: float = 10.0
    """Wait for an answer that was announced by an empty acknowledgement [s]."""
    give_up_s: float = 300.0
    """The device drops its reading after this long [s]."""

    def __post_init__(self) -> None:
        """Check the bounds."""
        for name in ("ack_timeout_s", "longest_wait_s", "answer_s", "give_up_s"):
            if not 0 < getattr(self, name) <= 86_400:
                raise ValueError(f"{name}: {getattr(self, name)} is not in (0, 86400]")
        if not 1 <= self.ack_random_factor <= 10:
            raise ValueError(f"ack_random_factor: {self.ack_random_factor} is not from 1 to 10")
        if not 0 <= self.max_retransmit <= 20:
            raise ValueError(f"max_retransmit: {self.max_retransmit} is not from 0 to 20")

    def first_wait_s(self, draw: float) -> float:
        """Give the wait before the first repeat [s] for a draw in [0, 1)."""
        return self.ack_timeout_s * (1.0 + draw * (self.ack_random_factor - 1.0))


@dataclass(frozen=True)
class Weather:
    """What a network does to datagrams, decided by seed, device and count: never by the hour."""

    seed: int = 1
    twice_share: float = 0.01
    """Share of datagrams that arrive twice."""
    lost_share: float = 0.002
    """Share of transmissions whose answers are lost, so that a repeat follows."""

    def __post_init__(self) -> None:
        """Check the bounds."""
        for name in ("twice_share", "lost_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)} is not from 0 to 1")

    def sends_twice(self, device: str, sequence: int, transmission: int) -> bool:
        """Tell whether this transmission reaches the gateway twice."""
        return chance(self.seed, "twice", device, sequence, transmission) < self.twice_share

    def loses_answer(self, device: str, sequence: int, transmission: int) -> bool:
        """Tell whether what answers this transmission is lost."""
        return chance(self.seed, "lost", device, sequence, transmission) < self.lost_share
