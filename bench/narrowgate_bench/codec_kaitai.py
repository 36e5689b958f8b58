"""The same frames read with Kaitai Struct's Python runtime, in the shape that its compiler gives.

The runtime has neither check sums, nor scales, nor refusals of values: the parsers give the raw fields only.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from kaitaistruct import KaitaiStream, KaitaiStruct


class Cjt188(KaitaiStruct):  # type: ignore[misc]  # kaitaistruct is untyped
    """A reply with current data."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._io = stream
        self.start = stream.read_bytes(1)
        if self.start != b"\x68":
            raise ValueError("no start")
        self.meter_type = stream.read_u1()
        self.address = stream.read_bytes(7)
        self.control = stream.read_u1()
        self.length = stream.read_u1()
        self.data_identifier = stream.read_u2be()
        self.serial = stream.read_u1()
        self.volume = stream.read_bytes(4)
        self.volume_unit = stream.read_u1()
        self.settlement_volume = stream.read_bytes(4)
        self.settlement_unit = stream.read_u1()
        self.clock = stream.read_bytes(7)
        self.status = stream.read_u2be()
        self.check = stream.read_u1()
        self.end = stream.read_bytes(1)


class Huati(KaitaiStruct):  # type: ignore[misc]
    """A report."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._io = stream
        self.start = stream.read_bytes(2)
        if self.start != b"\xaa\x72":
            raise ValueError("no start")
        self.type = stream.read_u1()
        self.more = stream.read_u1()
        self.length = stream.read_u2be()
        self.command = stream.read_u1()
        self.register = stream.read_u2be()
        self.power = stream.read_u2be()
        self.voltage = stream.read_u2be()
        self.current = stream.read_u2be()
        self.power_factor = stream.read_u2be()
        self.registers_17 = stream.read_bytes(22)
        self.energy = stream.read_u4be()
        self.registers_43 = stream.read_bytes(22)
        self.signal = stream.read_u2be()
        self.registers_67 = stream.read_bytes(4)
        self.check = stream.read_u1()


class PlacePod(KaitaiStruct):  # type: ignore[misc]
    """Records back to back."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._io = stream
        self.records = []
        while not stream.is_eof():
            self.records.append(PlacePodRecord(stream))


class PlacePodRecord(KaitaiStruct):  # type: ignore[misc]
    """One record."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._io = stream
        self.tag = stream.read_u2be()
        if self.tag >> 8 in (5, 6):
            self.value = stream.read_bytes_full()
        elif self.tag == 0x0267:
            self.value = stream.read_s2be()
        elif self.tag == 0x0302:
            self.value = stream.read_u2be()
        else:
            self.value = stream.read_u1()


_PARSERS: dict[str, Any] = {"cjt188_water_v2004": Cjt188, "huati_nb_v1": Huati, "pni_placepod_v1": PlacePod}


def reader(profile: str) -> Callable[[Sequence[bytes]], list[Any]] | None:
    """Give what reads a list of frames of a profile; None for one that has no class here."""
    parser = _PARSERS.get(profile)
    return (
        None if parser is None else lambda frames: [parser(KaitaiStream(BytesIO(frame))) for frame in frames]
    )
