"""A meter that nobody builds: radio frames in blocks, content encrypted in every way there is."""

from narrowgate_codecs.elements import Bits, Code, Const, Filler, Hex, Int, Part
from narrowgate_codecs.layout import Case, Encrypted, FormatA, Records, Sized, Switch, Tail
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_schema.words import Family

_BEGIN = b"\x2f\x2f"
_CONTENT = (
    Const(_BEGIN),
    Int("volume_m3", 4, "little", per=1000),
    Filler(0x2F, at_most=64),
    Tail((Int("temperature_c", 1, signed=True, limits=(-20, 40)), Hex("spare", 2), Filler(0x2F, at_most=64))),
)
_LISTED = (Records("records", 1, (Case("t", (1,), (Int("temperature_c", 1),)), Case("idle", (0x2F,), ()))),)
_FIRST = ("maker", "address", "access", "access", "access", "access", "access", "access", "access", "access")

_UP = (
    FormatA(
        (
            Int("length", 1, default=0),
            Code("control", 1, default=0x44),
            Hex("maker", 2),
            Hex("address", 6),
            Code("mode", 1),
            Int("access", 1),
            Bits("configuration", 1, (Part("blocks", 0, 2),)),
            Switch(
                "mode",
                (
                    Case("plain", (0,), _CONTENT),
                    Case(
                        "chained",
                        (5,),
                        (Encrypted("aes_cbc", _FIRST, _CONTENT, _BEGIN, blocks="blocks", may_be_plain=True),),
                    ),
                    Case(
                        "derived",
                        (7,),
                        (
                            Hex("counter", 4),
                            Encrypted(
                                "aes_cbc",
                                (bytes(16),),
                                _CONTENT,
                                _BEGIN,
                                derived_from=(b"\x00", "counter", "address", b"\x07" * 5),
                            ),
                        ),
                    ),
                    Case(
                        "counted",
                        (8,),
                        (
                            Hex("session", 4),
                            Encrypted(
                                "aes_ctr",
                                ("maker", "address", "session", b"\x00\x00\xff\xfe"),
                                _LISTED,
                                crc="crc16_en13757",
                            ),
                        ),
                    ),
                    Case("sized", (9,), (Sized(1, (Encrypted("aes_cbc", (bytes(16),), _CONTENT, _BEGIN),)),)),
                ),
            ),
        )
    ),
)

SECRET = Profile(
    name="nobody_secret_v1",
    family=Family.WATER,
    device="A meter that keeps its readings secret",
    source="the vocabulary of declarations",
    up=_UP,
    down=(),
    readings=(
        *(
            Reading(message, (Carry("volume_m3"), Carry("temperature_c")))
            for message in ("plain", "chained", "derived", "sized")
        ),
        Reading("counted", (Carry("temperature_c"),), records="records"),
    ),
    identity="address",
)
