"""Water meters on wired M-Bus, as a level converter or a gateway hands their answers on.

    68 L L 68 C A CI .. S 16     L length from C to before S, C control, A address, S sum of the same bytes

Source: EN 13757-2 and -3. From the CI on: en13757/headers.py; the records: grammars/en13757.py; the fixed
structure of old meters: en13757/fixed.py.
"""

from narrowgate_codecs.elements import Check, Const, Int
from narrowgate_codecs.layout import Sized
from narrowgate_codecs.profile import Profile
from narrowgate_codecs.profiles.en13757 import application, readings
from narrowgate_codecs.profiles.en13757.fixed import FIXED, FIXED_READING
from narrowgate_schema.words import Family, Reason

PROFILE = Profile(
    name="en13757_mbus_water_v1",
    family=Family.WATER,
    device="Water meter on wired M-Bus",
    source="EN 13757-2 and EN 13757-3",
    up=(
        Const(b"\x68"),
        Sized(
            1,
            (
                Int("control", 1, default=8),
                Int("bus_address", 1, default=0),
                *application(fixed=FIXED),
            ),
            again=b"\x68",
            mark="start",
        ),
        Check("sum8", since="start"),
        Const(b"\x16", Reason.INTEGRITY),
    ),
    down=(),
    identity="meter_id",
    key="clock",
    readings=(*readings(), FIXED_READING),
)
