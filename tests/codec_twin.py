"""What each profile of a test owes: plan and construct mean the same, and the plan reads all of it."""

import random

from codec_fixtures import RECEIVED_AT_US
from narrowgate_bench.codec_frames import Sender
from narrowgate_bench.codec_fuzz import both, differences, worn


def differing(profile: str, seed: int) -> list[int]:
    """Give the rows, of 24 sound frames and of damaged ones, that mean something else by plan."""
    rng = random.Random(seed)
    sender = Sender(profile, "up", rng)
    frames = [sender.sent() for _ in range(24)]
    return differences(
        frames + worn(frames, profile, "up", rng), profile, "up", received_at_us=RECEIVED_AT_US
    )


def read_by_row(profile: str) -> int:
    """Give how many of 300 sound frames the plan leaves to the row engine."""
    sender = Sender(profile, "up", random.Random(5))
    _, _, by_row = both([sender.sent() for _ in range(300)], profile, "up")
    return by_row
