"""Milesight WS558 light controller with eight relays and a meter.

Source: TheThingsNetwork/lorawan-devices, vendor/milesight-iot/ws558.js, and Milesight's user guide. What all
their sensors say and can be told: profiles/milesight/channels.py. Low byte first:

    03 74 VV VV       voltage [0.1 V]      04 80 PPPP   power [W]     05 81 f   power factor [%]
    06 83 EEEE        energy [Wh]          07 C9 II II  current [mA]
    08 31 c s         c relays that changed, s their states, b0 relay 1 .. b7 relay 8
    down  08 m s FF   m relays to switch, s their states

* All channels of a frame are of one instant, which reception dates. The meter counts the sum of all relays,
  which is the series without a name; each relay is a series of its own.
"""

from narrowgate_codecs.elements import Bits, Const, Int, Part
from narrowgate_codecs.layout import Case, Records
from narrowgate_codecs.orders import Above, Answer, Item, Order, Template
from narrowgate_codecs.profile import Carry, Profile, Reading
from narrowgate_codecs.profiles.milesight.channels import ABOUT, ORDERS, SETTINGS, channels, number
from narrowgate_schema.commands import CommandKind
from narrowgate_schema.words import Family

_RELAYS = range(1, 9)
_STATES = Bits("states", 1, tuple(Part(f"relay_{relay}", relay - 1) for relay in _RELAYS))
_METER = (
    Case("voltage", (0x0374,), (Int("voltage_v", 2, "little", per=10),)),
    Case("power", (0x0480,), (number("power_w", 4),)),
    Case("power_factor", (0x0581,), (Int("power_factor", 1, per=100),)),
    Case("energy", (0x0683,), (Int("energy_kwh", 4, "little", per=1000),)),
    Case("current", (0x07C9,), (Int("current_a", 2, "little", per=1000),)),
    Case(
        "relays",
        (0x0831,),
        (Bits("changes", 1, tuple(Part(f"relay_{relay}_changed", relay - 1) for relay in _RELAYS)), _STATES),
    ),
)

UP = channels(*ABOUT, *_METER, *SETTINGS)
DOWN = Records(
    "records",
    1,
    (
        Case(
            "switch",
            (0x08,),
            (
                Bits("switched", 1, tuple(Part(f"switch_{relay}", relay - 1) for relay in _RELAYS)),
                _STATES,
                Const(b"\xff"),
            ),
        ),
        Case("report_interval", (0xFF,), (Const(b"\x03"), number("report_interval_s"))),
    ),
)


def _switched(relays: tuple[int, ...], series: str) -> Order:
    """Give how relays are switched: there is no level between off and on."""
    says: list[tuple[str, Template]] = [("record", "switch")]
    for relay in _RELAYS:
        says.append((f"switch_{relay}", relay in relays))
        says.append((f"relay_{relay}", Above("level_pct") if relay in relays else False))
    return Order(
        CommandKind.LAMP_LEVEL,
        "records",
        (("records", (Item(tuple(says)),)),),
        only=(("level_pct", (0, 100)), ("series", (series,))),
        answer=Answer("records", item=("records", "relays")),
    )


PROFILE = Profile(
    name="milesight_ws558_v1",
    family=Family.LIGHTING,
    device="Milesight WS558 light controller",
    source="TheThingsNetwork/lorawan-devices, vendor/milesight-iot/ws558.js",
    up=(UP,),
    down=(DOWN,),
    single_message="records",
    readings=(
        Reading(
            "records",
            tuple(
                Carry(name) for name in ("voltage_v", "power_w", "power_factor", "energy_kwh", "current_a")
            ),
            records="records",
        ),
        *(
            Reading("records", (Carry("on", f"relay_{relay}"),), records="records", series=f"relay_{relay}")
            for relay in _RELAYS
        ),
    ),
    orders=(
        _switched(tuple(_RELAYS), ""),
        *(_switched((relay,), f"relay_{relay}") for relay in _RELAYS),
        *ORDERS[:1],
    ),
)
