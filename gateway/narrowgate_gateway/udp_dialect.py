"""What the bare frames of one profile say for themselves: who sent them, and what they are answered."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from narrowgate_codecs import PROFILES, Context, Decoded, Profile, decode, encode, messages, uplinks_from
from narrowgate_ingest.stage import Poisoned, run_rows

_ANY_ZONE = ZoneInfo("UTC")


class Dialect:
    """Identity, repeats and reply of one profile over UDP."""

    def __init__(self, profile: str, reply: str) -> None:
        """Prepare; ValueError if the profile has no such frames or no such reply.

        Args:
            profile: name of a profile whose frames carry an identity.
            reply: `none`, `message:NAME`, or `hex:BYTES`.
        """
        self._profile = _speaking(profile)
        self.reply = _reply(self._profile, reply)
        """What a kept frame is answered; None: nothing."""
        self.tells_repeats = self._profile.key == "clock"
        """Whether equal bytes are the same frame: they hold the device's clock."""

    def devices(self, payloads: Sequence[bytes]) -> list[str]:
        """Give who each frame says it is from; '' where it cannot be read, whatever its bytes are."""

        def stage(start: int, stop: int) -> Decoded:
            n = stop - start
            context = Context(devices=[""] * n, profiles=[self._profile.name] * n, timezone=_ANY_ZONE)
            return decode(uplinks_from(payloads[start:stop], received_at_us=0), context)

        devices = [""] * len(payloads)
        for part in run_rows(stage, 0, len(payloads)):
            if not isinstance(part, Poisoned):
                devices[part.start : part.stop] = [identity or "" for identity in part.made.identities]
        return devices


def _speaking(name: str) -> Profile:
    speaking = [each for each, profile in PROFILES.items() if profile.identity is not None]
    if name not in PROFILES:
        raise ValueError(f"no such profile; those whose frames carry an identity: {', '.join(speaking)}")
    if name not in speaking:
        raise ValueError(
            f"its frames carry no identity, and an address is none; those that do: {', '.join(speaking)}"
        )
    return PROFILES[name]


def _reply(profile: Profile, reply: str) -> bytes | None:
    kind, _, rest = reply.partition(":")
    if kind == "none":
        return None
    if kind == "hex":
        return bytes.fromhex(rest)
    known = messages(profile, "down")
    if rest not in known:
        said = ", ".join(known) or "none"
        raise ValueError(f"{profile.name} has no message {rest!r} to a device; it has {said}")
    return encode(profile.name, rest, {})
