"""Transport headers of EN 13757-7: what stands between the CI byte and the records.

    72   I I I I M M V T  a s cc cc   long: the meter's identity, maker, version, type; then as 7A
    7A   a s cc cc                    short: access number, status, configuration
    73   7B                           as 72 and 7A, and the records' heads are left out
    78                                none
    79                                none, and the records' heads are left out
    s    b2 power low, b3 permanent error, b4 temporary error, b5-7 the maker's own
    cc   b8-12 mode of encryption, b4-7 its blocks of 16 bytes; mode 7 has a byte more
    8C   cc a, then a CI again        8D  cc a nnnn, then the same behind a check sum, by AES counter mode
    8E   cc a M M A A A A V T         8F  both
    90   l ff m kkkk .., then a CI again: f fragment, m message control, k message counter, a code

Sources: EN 13757-7:2018, clauses 6 and 7, and annex A; OMS specification, volume 2, clause 9.

* Mode 5 chains from the identity (that of a long header, else that of the radio) and eight times the access
  number; mode 7 from zeros, with a key of its own for each message counter. Plain text begins with 2F2F.
* What begins with 2F2F already was opened on its way, and the mode was left as it was.
* Other modes that encrypt are refused as `key_missing`; a mode that no norm knows hides nothing.
"""

from dataclasses import dataclass

from narrowgate_codecs.elements import Bits, Code, Const, Hex, Int, Part, Rest
from narrowgate_codecs.layout import Body, Case, Element, Encrypted, Sized, Switch
from narrowgate_codecs.profiles.en13757.records import FORMATS, alone, records
from narrowgate_schema.words import Reason

OPENED = b"\x2f\x2f"
"""What encrypted content begins with once it is open."""
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
_ACCESS = "access_number"
_SHORT = (Int(_ACCESS, 1, default=0), STATUS, CONFIGURATION)
_LONG = (
    Hex("meter_id", 4, "little"),
    Code("meter_maker", 2, "little"),
    Int("meter_version", 1, default=0),
    Int("meter_type", 1, default=7),
)
_SEALED_MODES = (1, 2, 3, 4, 8, 9, 10, 13)
"""Modes whose content nobody can take for plain; of the others some meters make a use of their own."""
_FRAGMENT = 0x2C00
"""A message in one piece, with message control, counter and code."""
_Fields = tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Whose:
    """Names of the elements that say who sent a frame."""

    maker: str
    identity: str
    version: str
    type: str

    @property
    def address(self) -> tuple[str, ...]:
        """The names in the order of a radio address."""
        return (self.maker, self.identity, self.version, self.type)


RADIO = Whose("maker", "identity", "version", "type")
METER = Whose("meter_maker", "meter_id", "meter_version", "meter_type")
FAR = Whose("link_maker", "link_id", "link_version", "link_type")


def _sealed(content: _Fields, whose: Whose | None, *, is_counted: bool) -> Switch:
    """Give the content behind a header, by the mode of its encryption.

    Args:
        content: what is encrypted.
        whose: who sent it, None if nothing in the frame says so.
        is_counted: a message counter stands before it.
    """
    opened = (Const(OPENED, Reason.KEY_MISSING), *content)
    cbc: _Fields = opened
    derived: _Fields = opened
    if whose is not None:
        cbc = (_chained((*whose.address, *(_ACCESS,) * 8), (), opened),)
    if whose is not None and is_counted:
        seed = (b"\x00", "message_counter", whose.identity, b"\x07" * 7)
        derived = (_chained((bytes(16),), seed, opened),)
    return Switch(
        "mode",
        (
            Case("plain", (0,), content),
            Case("cbc", (5,), cbc),
            Case("cbc_derived", (7,), (Code("key_derivation", 1, default=0x10), *derived)),
            Case("sealed", _SEALED_MODES, opened),
        ),
        default=Case("other_mode", (), content),
    )


def _chained(first: tuple[str | bytes, ...], seed: tuple[str | bytes, ...], content: _Fields) -> Encrypted:
    return Encrypted("aes_cbc", first, content, OPENED, blocks="blocks", derived_from=seed, may_be_plain=True)


def _headers(
    content: _Fields | None,
    whose: Whose | None,
    *,
    is_counted: bool = False,
    linked: bool = False,
    fixed: _Fields = (),
) -> tuple[Case, ...]:
    inside = alone() if content is None else (Body(0, content),)
    long = _sealed(inside, METER, is_counted=is_counted)
    short = _sealed(inside, whose, is_counted=is_counted)
    bare: tuple[Case, ...] = (Case("bare", (0x78,), inside),)
    if content is None and linked:
        bare = (
            Case("bare", (0x78,), (records(FORMATS, announces=True),)),
            Case("compact", (0x79,), (records(FORMATS, is_compact=True),)),
        )
    shortened: tuple[Case, ...] = ()
    if content is None and linked:
        left_out = (records(FORMATS, is_compact=True),)
        shortened = (
            Case("compact_long", (0x73,), (*_LONG, *_SHORT, _sealed(left_out, METER, is_counted=is_counted))),
            Case("compact_short", (0x7B,), (*_SHORT, _sealed(left_out, whose, is_counted=is_counted))),
        )
    return (
        Case("long", (0x72,) if fixed or shortened else (0x72, 0x73), (*_LONG, *_SHORT, long)),
        Case("short", (0x7A,), (*_SHORT, short)),
        *shortened,
        *bare,
        *((Case("fixed", (0x73,), fixed),) if fixed else ()),
    )


def _authenticated(content: _Fields | None, whose: Whose) -> Case:
    fragment = (
        Code("fragment", 2, "little", accepts=(_FRAGMENT,), default=_FRAGMENT),
        Code("message_control", 1, default=0x25),
        Int("message_counter", 4, "little", default=0),
        Rest("authentication"),
    )
    inner = Switch("ci_authenticated", _headers(content, whose, is_counted=True, linked=True))
    return Case("authenticated", (0x90,), (Sized(1, fragment), Code("ci_authenticated", 1), inner))


def _linked(content: _Fields | None) -> tuple[Case, ...]:
    inner = (
        Code("ci_linked", 1),
        Switch("ci_linked", (*_headers(content, RADIO, linked=True), _authenticated(content, RADIO))),
    )
    near = (Int("communication", 1, default=0x20), Int("link_access_number", 1, default=0))
    far = (
        *near,
        Code("link_maker", 2, "little"),
        Hex("link_id", 4, "little"),
        Int("link_version", 1, default=0),
        Int("link_type", 1, default=7),
    )
    return (
        Case("extended", (0x8C,), (*near, *inner)),
        Case("extended_session", (0x8D,), (*near, *_session(RADIO, inner))),
        Case("extended_far", (0x8E,), (*far, *inner)),
        Case("extended_far_session", (0x8F,), (*far, *_session(FAR, inner))),
    )


def _session(whose: Whose, inner: _Fields) -> _Fields:
    first: tuple[str | bytes, ...] = (*whose.address, "communication", "session", bytes(3))
    sealed = Encrypted("aes_ctr", first, inner, crc="crc16_en13757", may_be_plain=True)
    return (Int("session", 4, "little", default=0), sealed)


def application(
    content: _Fields | None = None,
    whose: Whose | None = None,
    *,
    linked: bool = False,
    fixed: tuple[Element, ...] = (),
) -> tuple[Element, ...]:
    """Give everything from the CI byte on.

    Args:
        content: what stands behind the header; None: data records.
        whose: who sent it, as the link layer says; None: it says nothing.
        linked: extended link layers may stand before the header.
        fixed: the fixed structure of wired meters; (): there is none.
    """
    cases = _headers(content, whose, linked=linked, fixed=fixed)
    if linked and whose is not None:
        cases = (*cases, *_linked(content), _authenticated(content, whose))
    return (Code("ci", 1), Switch("ci", cases))
