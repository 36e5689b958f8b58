"""Where in a path the device and its message port stand: `nb/{device}/{port}/up`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_CAPTURE = re.compile(r"\{([a-z]+)\}")
_KNOWN = ("device", "port")


@dataclass(frozen=True)
class PathTemplate:
    """The segments of a path; None in `literals` where something is captured."""

    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "PathTemplate":
        """Read a template; ValueError says what is wrong with it."""
        segments = tuple(text.strip("/").split("/"))
        captures = [match[1] for match in map(_CAPTURE.fullmatch, segments) if match is not None]
        if any("{" in segment and _CAPTURE.fullmatch(segment) is None for segment in segments):
            raise ValueError("a capture is a whole segment, such as nb/{device}/up")
        if unknown := [name for name in captures if name not in _KNOWN]:
            raise ValueError(f"{{{unknown[0]}}} is not captured; {{device}} and {{port}} are")
        if captures.count("device") != 1 or captures.count("port") > 1:
            raise ValueError("a path holds {device} once and {port} at most once")
        if "" in segments:
            raise ValueError("a path has no empty segments")
        return cls(segments)

    @property
    def subscription(self) -> str:
        """Give the MQTT topic filter that takes every path of the template, and others too."""
        return "/".join("+" if "{" in segment else segment for segment in self.segments)

    def match(self, path: Sequence[str]) -> tuple[str, int | None] | None:
        """Give (device, port or None) of a path, or None if it is another path.

        A device is 1 to 64 printable characters; a port is a number from 0 to 255.
        """
        if len(path) != len(self.segments):
            return None
        device, port = "", None
        for wanted, given in zip(self.segments, path, strict=True):
            if wanted == "{device}":
                device = given
            elif wanted == "{port}":
                if not given.isdecimal() or not given.isascii() or int(given) > 255:
                    return None
                port = int(given)
            elif wanted != given:
                return None
        if not 1 <= len(device) <= 64 or not device.isprintable():
            return None
        return device, port
