"""Telling refused points from written ones where the server does not name them.

Writing a point again changes nothing, so what is uncertain is sent again in smaller parts until each part is
written or refused as a whole. The server's words choose the parts: a batch with points outside the retention
costs one more request, a field of another type two, anything else two for each halving.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_ingest.influx_answer import Outcome, Refusal, Verdict
from narrowgate_ingest.influx_points import Points

ENOUGH_DOUBTFUL = 64
"""So many points refused in words not understood, and none written, speak against the endpoint."""

Send = Callable[[Points], Verdict]
"""Sends points until the server says WRITTEN, REFUSED or TOO_LARGE of them."""


@dataclass(frozen=True)
class Refused:
    """Points refused for good, each with the server's words."""

    points: Points
    words: list[str]


class EndpointRefuses(Exception):
    """Point after point was refused and none written, in words that are not known to be about data."""


def write_around(points: Points, send: Send) -> list[Refused]:
    """Write points and give those that were refused for good.

    Raises:
        EndpointRefuses: the server's objection is probably not to the points; nothing counts as refused.
    """
    refused: list[Refused] = []
    doubtful, most_doubtful = 0, min(len(points), ENOUGH_DOUBTFUL)
    pending = [points] if len(points) else []
    while pending:
        part = pending.pop()
        verdict = send(part)
        if verdict.outcome is Outcome.WRITTEN:
            most_doubtful = len(points) + 1
            continue
        smaller = _smaller(part, verdict, refused)
        if smaller is not None:
            pending += [each for each in reversed(smaller) if len(each)]
            continue
        refused.append(Refused(part, [verdict.words] * len(part)))
        doubtful += 0 if verdict.refusal is None or verdict.refusal.is_understood else len(part)
        if doubtful >= most_doubtful:
            raise EndpointRefuses(verdict.words)
    return refused


def _smaller(part: Points, verdict: Verdict, refused: list[Refused]) -> list[Points] | None:
    """Give the parts to send next, noting what is named as refused; None if all of `part` is refused."""
    refusal = verdict.refusal
    if refusal is None:
        return None if len(part) == 1 else list(part.halves())
    if refusal.named:
        return _without_named(part, refusal, refused)
    if len(part) == 1 or refusal.dropped >= len(part):
        return None
    if refusal.oldest:
        # Asked once more alone: the words that go into quarantine are then those of these very points.
        return [part.by_time().take(np.arange(refusal.oldest))]
    suspects = _suspects(part, refusal)
    if suspects.all() or not suspects.any():
        return list(part.by_time().halves())
    return [part.where(~suspects), part.where(suspects)]


def _without_named(part: Points, refusal: Refusal, refused: list[Refused]) -> list[Points]:
    """Note the points that the server named; give the rest if it may not have been written."""
    places = sorted(place for place in refusal.named if 0 <= place < len(part))
    if not places:
        return list(part.halves()) if len(part) > 1 else _all_named(part, refusal, refused)
    words = [refusal.named[place] for place in places]
    refused.append(Refused(part.take(np.array(places, np.int64)), words))
    rest = np.ones(len(part), np.bool_)
    rest[places] = False
    return [] if refusal.rest_is_written else [part.where(rest)]


def _all_named(part: Points, refusal: Refusal, refused: list[Refused]) -> list[Points]:
    """A single point was refused, whatever number its line was given."""
    refused.append(Refused(part, [next(iter(refusal.named.values()))]))
    return []


def _suspects(part: Points, refusal: Refusal) -> NDArray[np.bool_]:
    """Tell which points (n,) the server's words fit."""
    lines = part.rows["line"]
    if refusal.conflict is not None:
        measurement, field = refusal.conflict
        has_field = pc.match_substring_regex(lines, f"[ ,]{_quoted_regex(field)}=")
        return _mask(pc.and_(pc.equal(part.rows["family"], measurement), has_field))
    if refusal.quoted:
        texts = pc.utf8_rtrim(lines, "\n").to_pylist()
        return np.array([text in refusal.quoted for text in texts], np.bool_)
    return np.zeros(len(part), np.bool_)


def _quoted_regex(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "_" else "." for letter in text)


def _mask(flags: pa.BooleanArray) -> NDArray[np.bool_]:
    return np.asarray(flags.to_numpy(zero_copy_only=False), dtype=np.bool_)
