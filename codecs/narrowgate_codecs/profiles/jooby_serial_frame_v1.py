"""Jooby's serial frame: commands of an analog module behind a serial line, as gateways hand them on.

Source: jooby-dev/jooby-docs and jooby-dev/jooby-codec, analog frame:

    7E  payload ..  SS SS  7E     S check sum of the payload, low byte first

* The payload is said as bytes: which kind of module sent it, and whether up or down, is told by nothing in
  it.
* Bytes 7D and 7E of payload or check sum travel as 7D and the byte combined with 20. A frame that has such
  bytes is refused as damaged: its check sum is of the bytes before that.
"""

from narrowgate_codecs.elements import Check, Const, Mark, Rest
from narrowgate_codecs.layout import Body
from narrowgate_codecs.profile import Profile
from narrowgate_schema.words import Family

_FLAG = b"\x7e"

PROFILE = Profile(
    name="jooby_serial_frame_v1",
    family=Family.WATER,
    device="Jooby radio module behind a serial line",
    source="jooby-dev/jooby-codec, analog frame",
    up=(
        Const(_FLAG),
        Mark("payload_starts"),
        Body(3, (Rest("payload"),)),
        Check("crc16_x25", since="payload_starts", order="little"),
        Const(_FLAG),
    ),
    down=(),
    readings=(),
)
