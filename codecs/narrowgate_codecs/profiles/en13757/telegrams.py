"""Telegrams of wireless M-Bus, as radio modules hand them on.

    L C MM IIII V T CI ..     L length, C control, M maker, I identity, V version, T type

Source: EN 13757-4:2019, frame format A.

* Its check sums (two bytes behind the first ten and behind every sixteen more) are verified and taken out
  where they are there; most modules do so themselves.
* Receivers and converters change what follows L and leave L as it was: it is told, not believed.
"""

from narrowgate_codecs.elements import Code, Hex, Int
from narrowgate_codecs.layout import Element, FormatA, Sized
from narrowgate_codecs.profiles.en13757.headers import RADIO, application


def telegram(content: tuple[Element, ...] | None = None) -> tuple[Element, ...]:
    """Give a telegram, its length byte first.

    Args:
        content: what stands behind the header; None: data records.
    """
    return wireless(application(content, RADIO, linked=True))


def wireless(inside: tuple[Element, ...]) -> tuple[Element, ...]:
    """Give a telegram with everything from the CI byte on."""
    head = (
        Int("control", 1, default=0x44),
        Code("maker", 2, "little"),
        Hex("identity", 4, "little"),
        Int("version", 1, default=0),
        Int("type", 1, default=7),
    )
    return (FormatA((Sized(1, (*head, *inside), is_believed=False),)),)
