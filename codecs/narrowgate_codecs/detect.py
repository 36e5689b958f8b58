"""Which profile a frame belongs to, where nobody has registered its sender."""

from narrowgate_codecs.gathered import read
from narrowgate_codecs.known import Known
from narrowgate_codecs.layout import Direction
from narrowgate_codecs.refusal import FrameRefused
from narrowgate_codecs.registry import PROFILES


def candidates(payload: bytes, direction: Direction = "up", port: int | None = None) -> list[str]:
    """Give the names of the profiles that take the whole frame: structure, check sum and every record."""
    return [name for name in PROFILES if _takes(name, direction, payload, Known(port))]


def _takes(name: str, direction: Direction, payload: bytes, known: Known) -> bool:
    try:
        scope, _ = read(PROFILES[name], direction, payload, known)
    except FrameRefused:
        return False
    return not scope.faults
