"""The one way to say that a frame, or a record of it, gives no reading."""

from construct import ConstructError

from narrowgate_schema.words import Reason


class FrameRefused(ConstructError):  # type: ignore[misc]  # construct is untyped
    """What they did wrong: a reason of the closed set and a detail that names the place.

    It is a ConstructError so that construct's own leaves and ours end in the same narrow catch.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
