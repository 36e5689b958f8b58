"""Devices that send and that nobody has registered: what they are, guessed from their frames.

Every profile is tried on the newest frames of a device. One that takes all of them is a candidate; it is
believed where what speaks for it (in bits, see `narrowgate_codecs.detect`), summed up over the frames, is
ahead of the next candidate, or of nothing, by the lead that one frame needs.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from narrowgate_codecs.detect import LEAD, ranked
from narrowgate_codecs.known import Known
from narrowgate_gateway.instants import rfc3339
from narrowgate_gateway.quarantine_files import found
from narrowgate_gateway.settings import Home

LOOKED_AT = 8
"""The newest frames of a device that are looked at."""
_STRANGERS = (
    "SELECT device, json_extract(transport_facts, '$.port') AS port, payload, frames, first, last FROM ("
    " SELECT *, row_number() OVER newest AS nth, count(*) OVER whole AS frames,"
    " min(received_at) OVER whole AS first, max(received_at) OVER whole AS last FROM frames"
    " WHERE reason = 'unknown' AND device <> ''"
    " WINDOW newest AS (PARTITION BY device ORDER BY frame DESC), whole AS (PARTITION BY device)"
    ") WHERE nth <= ?1 ORDER BY device, frame DESC"
)


@dataclass(frozen=True)
class Stranger:
    """A device that nobody has registered."""

    device: str
    frames: int
    """Of it in quarantine."""
    first_received_at: str
    last_received_at: str
    profile: str | None
    """What it is believed to be; None: no profile takes its frames, or several may."""
    candidates: list[str]
    """The profiles that take all frames that were looked at, the likeliest first."""
    why: str
    """What the guess rests on."""

    def told(self) -> dict[str, Any]:
        """Give it as JSON."""
        return asdict(self)


def strangers(home: Home, devices: Iterable[str] = ()) -> Iterator[Stranger]:
    """Give the devices of the quarantine that nobody has registered, by name.

    Args:
        home: its quarantine is read, beside a running core too.
        devices: only these; all if there are none.

    Raises:
        click.ClickException: the quarantine cannot be read.
    """
    wanted = set(devices)
    rows = found(home.quarantine / "quarantine.db", _STRANGERS, (LOOKED_AT,))
    for device, newest in groupby(rows, key=lambda row: str(row["device"])):
        if not wanted or device in wanted:
            yield _guessed(device, list(newest))


def _guessed(device: str, rows: list[dict[str, Any]]) -> Stranger:
    bits: defaultdict[str, float] = defaultdict(float)
    takers: Counter[str] = Counter()
    nearest = ""
    for row in rows:
        tried = ranked(row["payload"], "up", Known(row["port"]))
        for one in tried:
            if one.refused is None:
                takers[one.profile] += 1
                bits[one.profile] += one.bits
        if tried and tried[0].refused is not None:
            nearest = f"; nearest is {tried[0].profile}, which says {tried[0].refused}"
    names = sorted(
        (name for name, frames in takers.items() if frames == len(rows)), key=lambda name: -bits[name]
    )
    ahead = bits[names[0]] - (bits[names[1]] if len(names) > 1 else 0.0) if names else 0.0
    is_clear = bool(names) and ahead >= LEAD
    newest = rows[0]
    return Stranger(
        device,
        newest["frames"],
        rfc3339(newest["first"]),
        rfc3339(newest["last"]),
        names[0] if is_clear else None,
        names,
        _why(names, ahead, len(rows), nearest),
    )


def _why(names: list[str], ahead: float, frames: int, nearest: str) -> str:
    looked = f"of {frames} frames" if frames > 1 else "of 1 frame"
    if not names:
        return f"no profile takes all {looked}{nearest}"
    if len(names) == 1:
        verdict = "that is little" if ahead < LEAD else "and no other profile does"
        return f"takes all {looked}, {ahead:.0f} bits speak for it, {verdict}"
    verdict = (
        f"{names[1]} fits nearly as well" if ahead < LEAD else f"ahead of {names[1]} by {ahead:.0f} bits"
    )
    return f"takes all {looked}, {verdict}"


def sheet(found_: Iterable[Stranger], tenant: str) -> bytes:
    """Give the devices whose profile is believed as a CSV that the registry takes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["device", "profile", "tenant"])
    writer.writerows([each.device, each.profile, tenant] for each in found_ if each.profile is not None)
    return text.getvalue().encode()


def write_sheet(path: Path, found_: Iterable[Stranger]) -> None:
    """Write all of them as a CSV to be filled in; a profile that is not believed is left empty.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["device", "profile", "asset"])
        writer.writerows([each.device, each.profile or "", ""] for each in found_)
