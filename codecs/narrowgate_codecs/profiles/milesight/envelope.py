"""The envelope in which Milesight's NB-IoT sensors send their channels.

Source: Milesight-IoT/SensorDecoders, em-series/em400-tld. High byte first, the channels low byte first:

    02 II II LL LL F CC CC P  f x4 h x4  s x16 e x15 i x15 c x20  Q DD DD channels
    I packet  L bytes behind it  F flag  C frames sent  P protocol  f h firmware and hardware, ASCII
    s serial  e IMEI  i IMSI  c ICCID, ASCII  Q signal quality as in 3GPP TS 27.007 +CSQ  D bytes of channels

* The frame has no clock: reception dates it. Its count tells a frame that was lost.
* A quality of 0 to 31 is -113 dBm and 2 dB a step; any other is unknown.
"""

from narrowgate_codecs.elements import Bits, Const, Int, Part, Text
from narrowgate_codecs.layout import Element, Records, Sized
from narrowgate_codecs.profile import Carry

_QUALITIES = tuple(-113 + 2 * quality for quality in range(32))
SENT = (Carry("sequence", "frame_count"), Carry("rssi_dbm"))
"""What the envelope says for a reading."""


def envelope(channels: Records) -> tuple[Element, ...]:
    """Give frames of channels in an envelope."""
    return (
        Const(b"\x02"),
        Int("packet", 2, default=1),
        Sized(
            2,
            (
                Int("flag", 1, default=0),
                Int("frame_count", 2, default=0),
                Int("protocol", 1, default=1),
                Text("firmware", 4),
                Text("hardware", 4),
                Text("serial_number", 16),
                Text("imei", 15),
                Text("imsi", 15),
                Text("iccid", 20),
                Bits("signal_byte", 1, (Part("csq", 0, 8), Part("rssi_dbm", 0, 8, numbers=_QUALITIES))),
                Sized(2, (channels,)),
            ),
        ),
    )
