"""Transport headers of EN 13757-7: what stands between the CI byte and the records.

    72   I I I I M M V T  a s cc cc   long: the meter's identity, maker, version, type; then as 7A; Engelmann
                                      meters send 73 by radio
    7A   a s cc cc                    short: access number, status, configuration
    78                                none
    s    b2 power low, b3 permanent error, b4 temporary error, b5-7 the maker's own
    cc   b8-12 mode of encryption, b4-7 its blocks of 16 bytes
    8C   cc a, then a CI again        8D  cc a nnnn pp, then the same sealed by itself
    8E   cc a M M A A A A V T         8F  both
    90   l, l bytes of fragments, counters and codes, then a CI again

Sources: EN 13757-7:2018, clauses 6 and 7; OMS specification, volume 2.
"""

from narrowgate_codecs.elements import Bits, Code, Const, Hex, Int, Part, Rest
from narrowgate_codecs.layout import Case, Element, Sized, Switch
from narrowgate_codecs.profiles.en13757.records import alone
from narrowgate_schema.words import Reason

STATUS = Bits(
    "status",
    1,
    (
        Part("battery_low", 2, default=False),
        Part("permanent_error", 3, default=False),
        Part("temporary_error", 4, default=False),
    ),
)
CONFIGURATION = Bits(
    "configuration", 2, (Part("mode", 8, 5, default=0), Part("blocks", 4, 4, default=0)), "little"
)
_SHORT = (Int("access_number", 1, default=0), STATUS, CONFIGURATION)
_LONG = (
    Hex("meter_id", 4, "little"),
    Code("meter_maker", 2, "little"),
    Int("meter_version", 1, default=0),
    Int("meter_type", 1, default=7),
)
OPENED = b"\x2f\x2f"
"""What sealed content begins with once it is open: gateways hand it on without touching the mode."""
_SEALED_MODES = (1, 2, 3, 4, 8, 9, 10, 13)
"""Modes whose content nobody can take for plain; of the others some meters make a use of their own."""
_Fields = tuple[Element, ...]


def _sealed(content: _Fields) -> Switch:
    """Give the records behind a header, by the mode of its encryption."""
    opened = (Const(OPENED, Reason.KEY_MISSING), *content)
    return Switch(
        "mode",
        (
            Case("plain", (0,), content),
            Case("cbc", (5,), opened),
            Case("cbc_derived", (7,), (Code("key_derivation", 1, default=0x10), *opened)),
            Case("sealed", _SEALED_MODES, opened),
        ),
        default=Case("other_mode", (), content),
    )


def _headers(content: _Fields) -> tuple[Case, ...]:
    sealed = _sealed(content)
    return (
        Case("long", (0x72, 0x73), (*_LONG, *_SHORT, sealed)),
        Case("short", (0x7A,), (*_SHORT, sealed)),
        Case("bare", (0x78,), content),
    )


def _authenticated(content: _Fields) -> Case:
    fragment = (Bits("fragment", 2, (), "little"), Rest("authentication"))
    inner = Switch("ci_authenticated", _headers(content))
    return Case("authenticated", (0x90,), (Sized(1, fragment), Code("ci_authenticated", 1), inner))


def _linked(content: _Fields) -> tuple[Case, ...]:
    inner = (
        Code("ci_linked", 1),
        Switch("ci_linked", (*_headers(content), _authenticated(content))),
    )
    short = (Int("communication", 1, default=0x20), Int("link_access_number", 1, default=0))
    long = (
        *short,
        Code("link_maker", 2, "little"),
        Hex("link_id", 4, "little"),
        Int("link_version", 1, default=0),
        Int("link_type", 1, default=7),
    )
    session = (Int("session", 4, "little", default=0), Code("payload_check", 2, "little"))
    return (
        Case("extended", (0x8C,), (*short, *inner)),
        Case("extended_session", (0x8D,), (*short, *session, *inner)),
        Case("extended_far", (0x8E,), (*long, *inner)),
        Case("extended_far_session", (0x8F,), (*long, *session, *inner)),
    )


def application(content: _Fields | None = None, *, linked: bool = False) -> tuple[Element, ...]:
    """Give everything from the CI byte on.

    Args:
        content: what stands behind the header; None: data records.
        linked: extended link layers may stand before the header.
    """
    inside = alone() if content is None else content
    cases = _headers(inside)
    if linked:
        cases = (*cases, *_linked(inside), _authenticated(inside))
    return (Code("ci", 1), Switch("ci", cases))


def telegram(content: _Fields | None = None) -> tuple[Element, ...]:
    """Give a wireless telegram, its length byte first; `content` as in `application`."""
    return (
        Sized(
            1,
            (
                Int("control", 1, default=0x44),
                Code("maker", 2, "little"),
                Hex("identity", 4, "little"),
                Int("version", 1, default=0),
                Int("type", 1, default=7),
                *application(content, linked=True),
            ),
            is_believed=False,
        ),
    )
