"""Whether the identity inside a frame is that of the device whose frame it claims to be.

The registry says what a device's frames carry: its `serial`, or, where that has 15 digits, its `imei`. A
device whose name is the identity needs neither. Where the registry states nothing, nothing can be held
against a frame.

An identity that agreed is known by its mark from then on, so that it is read once a device and not once a
frame.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_codecs.context import Decoded
from narrowgate_codecs.marks import NO_MARK, NONE
from narrowgate_fleet import Fleet
from narrowgate_schema.words import Disposition

_IMEI_DIGITS = 15


def of_others(uplinks: pa.RecordBatch) -> dict[int, str]:
    """Give the rows whose sender has proved to be another device than it claims, and what is wrong."""
    proved, claimed = uplinks["authenticated_as"], uplinks["claimed_device"]
    if proved.null_count == len(proved):
        return {}
    differs = pc.fill_null(pc.not_equal(proved, claimed), fill_value=False)
    rows = np.flatnonzero(differs.to_numpy(zero_copy_only=False)).tolist()
    names = [(proved[row].as_py()[:64], claimed[row].as_py()[:64]) for row in rows]
    return {row: f"{who!r} sent it as {name!r}" for row, (who, name) in zip(rows, names, strict=True)}


class Identities:
    """What was found to agree, by device, as long as the registry stays as it is."""

    def __init__(self) -> None:
        self._version = -1
        self._agreed: NDArray[np.uint64] = np.zeros(0, np.uint64)

    def strangers(self, made: Decoded, slots: NDArray[np.int32], fleet: Fleet) -> dict[int, str]:
        """Give the rows whose frames carry another device's identity, with what is wrong in words.

        Args:
            made: (n,) decoded frames.
            slots: (n,) the devices' slots, -1 where the registry does not know one.
            fleet: the registry.
        """
        self._follow(fleet)
        marks = made.identity_marks
        known = np.append(self._agreed, np.uint64(NONE))[slots]
        doubtful = (slots >= 0) & (marks != NONE) & ((marks == NO_MARK) | (marks != known))
        found: dict[int, str] = {}
        for row in np.flatnonzero(doubtful).tolist():
            if made.dispositions[row] is not Disposition.QUARANTINED:
                wrong = self._against(made.tell(row).identity, int(slots[row]), fleet)
                if wrong:
                    found[row] = wrong
                else:
                    self._agreed[slots[row]] = marks[row]
        return found

    def _follow(self, fleet: Fleet) -> None:
        if fleet.version != self._version or len(self._agreed) != fleet.slot_count:
            self._version, self._agreed = fleet.version, np.zeros(fleet.slot_count, np.uint64)

    @staticmethod
    def _against(identity: str | None, slot: int, fleet: Fleet) -> str:
        """Give what speaks against an identity; '' if nothing does."""
        if identity is None or identity == fleet.device(slot):
            return ""
        is_imei = len(identity) == _IMEI_DIGITS and identity.isdecimal()
        names = ("serial", "imei") if is_imei else ("serial",)
        registered = {name: fleet.column(name)[slot] for name in names}
        stated = {name: value for name, value in registered.items() if value is not None}
        if not stated or identity in stated.values():
            return ""
        said = ", ".join(f"{name} {value!r}" for name, value in stated.items())
        return f"the frame names {identity[:40]!r}, the registry {said}"
