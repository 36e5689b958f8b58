"""Frames of the journal told one by one, with what they mean."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from narrowgate_codecs import PROFILES
from narrowgate_fleet import FleetReader, RegistryFault
from narrowgate_gateway.instants import rfc3339
from narrowgate_ingest.decoding import DecodeStage, Decoding

_ORIGIN = frozenset({"device", "profile", "frame", "received_at", "late"})


class Tap:
    """Picks frames and tells them."""

    def __init__(
        self, fleet: FleetReader, zone: ZoneInfo, device: str | None, family: str | None, *, raw: bool
    ) -> None:
        """Tell the frames of a device, of a family, or all.

        Args:
            fleet: the registry.
            zone: of clocks that state none.
            device: only its frames; None = of all.
            family: only frames of its devices; None = of all.
            raw: hex instead of readings.
        """
        self._fleet = fleet
        self._decode = DecodeStage(zone)
        self._device = device
        self._family = family
        self._raw = raw

    def told(self, uplinks: pa.RecordBatch) -> Iterator[dict[str, Any]]:
        """Give an object for each picked frame, in journal order."""
        if self._device is not None:
            uplinks = uplinks.filter(pc.equal(uplinks["claimed_device"], self._device))
        decoding = self._decode.run(uplinks, self._newest())
        readings = _by_frame(decoding)
        received_at_us = uplinks["received_at"].cast(pa.int64()).to_pylist()
        for row, uplink in enumerate(uplinks.to_pylist()):
            profile = decoding.profiles[row]
            if self._family is not None and (profile is None or PROFILES[profile].family != self._family):
                continue
            line = {
                "frame": uplink["frame"],
                "received_at": rfc3339(received_at_us[row]),
                "device": uplink["claimed_device"],
                "transport": uplink["transport"],
                "listener": uplink["listener"],
                "path": uplink["path"],
                "bytes": len(uplink["payload"]),
                "profile": profile,
            }
            if self._raw:
                yield {**line, "hex": uplink["payload"].hex()}
            else:
                meant = _meant(decoding, row)
                yield {**line, **meant, "readings": readings.get(uplink["frame"], [])}

    def _newest(self) -> Any:
        try:
            return self._fleet.refresh()
        except RegistryFault:
            return self._fleet.fleet  # the last good one: a view need not end for it


def _meant(decoding: Decoding, row: int) -> dict[str, Any]:
    refusal = decoding.refusals.get(row)
    refused = None if refusal is None else {"reason": refusal[0], "detail": refusal[1]}
    return {"disposition": decoding.dispositions[row], "refused": refused}


def _by_frame(decoding: Decoding) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for rows in decoding.readings.values():
        times_us = rows["time"].cast(pa.int64()).to_pylist()
        for time_us, row in zip(times_us, rows.to_pylist(), strict=True):
            said = {name: value for name, value in row.items() if value is not None and name not in _ORIGIN}
            found.setdefault(row["frame"], []).append({**said, "time": rfc3339(time_us)})
    return found
