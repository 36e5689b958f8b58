"""The data records of a water meter, and what they mean as readings.

`grammars/en13757.py` chooses among the records; here is what becomes of its choice:

* The register, flow, temperatures, pressure and battery voltage are one row, dated by the meter's own clock;
  a meter that sends none is dated by reception. Dates are local time of the city.
* Registers of tariffs are rows of their own series at the same instant, stored values rows of the series
  `history` at the instant they were stored.
"""

from narrowgate_codecs.bit_clocks import date_g, time_f
from narrowgate_codecs.layout import Described, Element, Leaf, Listed
from narrowgate_codecs.profile import Carry, Each, Reading
from narrowgate_codecs.wired import Wired

CARRIES = (
    Carry("volume_m3"),
    Carry("volume_reverse_m3"),
    Carry("flow_m3_per_h"),
    Carry("temperature_c"),
    Carry("ambient_temperature_c"),
    Carry("pressure_bar"),
    Carry("battery_v"),
)
"""What the main row carries."""
STATUS_CARRIES = (Carry("battery_low"), Carry("sensor_fault", "permanent_error"))
Table = tuple[tuple[int | str, ...], ...]
TARIFFS = (1, 2, 3)
MESSAGES = ("bare", "plain", "cbc", "cbc_derived", "sealed", "other_mode")
"""The messages that hold records: without a header, and by the mode of the header's encryption."""
HEADERLESS = ("bare", "compact")
FORMATS: Table = tuple(
    ("format", heads)
    for heads in (
        "02ff2004134413",
        "02ff200413523b",
        "02ff2004134413615b6167",
        "02ff2004134413615b5167",
        "02ff2004134413a1015b8101e7ff0f",
        "02ff20041392013ba1015b8101e7ff0f",
        "02ff2004134413426c523b615b616751678101e7ff0f06ff1b",
        "04ff2304134413426c023b92013ba2013b06ff1ba1015b91015ba10167",
        "04ff234413523b06ff1b426c61675167023b04138101e7ff0f",
        "426c441301fd17"
        "840113c40113840213c40213840313c40313840413c40413840513c40513840613c40613840713c40713840813"
        "046d0413",
    )
)
"""Heads of frames that meters of Kamstrup and, the last one, of Engelmann shorten; each is known by its own
check sum."""

BATTERY = Wired("battery_v")
"""The battery's voltage as a record of its own."""


def records(
    table: Table = (), battery: Leaf = BATTERY, *, is_compact: bool = False, announces: bool = False
) -> Described:
    """Give the records of a water meter up to the end of the region.

    Args:
        table: what the grammar must know of the maker.
        battery: how the battery's voltage is told.
        is_compact: their heads were left out.
        announces: later frames may leave their heads out.
    """
    return Described(
        "records",
        "en13757",
        says=(
            *(Wired(carry.name) for carry in CARRIES if carry.name != "battery_v"),
            battery,
            *(Wired(f"tariff_{tariff}_m3") for tariff in TARIFFS),
            time_f("clock"),
        ),
        lists=(Listed("history", (Wired("volume_m3"), Wired("volume_reverse_m3"), date_g("stored_at"))),),
        table=table,
        is_compact=is_compact,
        announces=announces,
    )


def readings(
    carries: tuple[Carry, ...] = CARRIES, messages: tuple[str, ...] = MESSAGES
) -> tuple[Reading, ...]:
    """Give how messages of records become rows; those with a header tell the meter's status too.

    Args:
        carries: what the main row carries.
        messages: the messages that hold records.
    """
    made: list[Reading] = []
    for message in messages:
        status = () if message in HEADERLESS else STATUS_CARRIES
        made.append(Reading(message, (*carries, *status), clock="clock"))
        made.extend(
            Reading(
                message,
                (Carry("volume_m3", f"tariff_{tariff}_m3"),),
                clock="clock",
                series=f"tariff_{tariff}",
            )
            for tariff in TARIFFS
            if f"tariff_{tariff}_m3" not in {carry.name for carry in carries}
        )
        made.append(
            Reading(
                message,
                (Carry("volume_m3"), Carry("volume_reverse_m3")),
                records="history",
                each=Each(clock="stored_at"),
                series="history",
            )
        )
    return tuple(made)


def alone(table: Table = (), battery: Leaf = BATTERY) -> tuple[Element, ...]:
    """Give the records as the whole of a region."""
    return (records(table, battery),)
