"""Who the devices are: registry, assets with validity, places, tenants; the commands that wait for them."""

from narrowgate_fleet.columns import COLUMNS, Column
from narrowgate_fleet.command_queue import CommandQueue
from narrowgate_fleet.command_rows import CommandFilters, CommandRow, CommandStep, Frame, Put, Wish
from narrowgate_fleet.command_sending import Claim, CommandSending, Heard, Ready
from narrowgate_fleet.command_states import CommandReason, CommandState
from narrowgate_fleet.device_keys import KeyChanges, key_changes, resealed
from narrowgate_fleet.dimming_curve import dimming_curve
from narrowgate_fleet.exchange import Imported, export_csv, import_csv
from narrowgate_fleet.faults import Fault, RegistryFault
from narrowgate_fleet.fleet import Fleet, FleetReader
from narrowgate_fleet.registry import Registry
from narrowgate_fleet.seal import Seal, seal_of
from narrowgate_fleet.stay_limit import stay_limit_s

__all__ = [
    "COLUMNS",
    "Claim",
    "Column",
    "CommandFilters",
    "CommandQueue",
    "CommandReason",
    "CommandRow",
    "CommandSending",
    "CommandState",
    "CommandStep",
    "Fault",
    "Fleet",
    "FleetReader",
    "Frame",
    "Heard",
    "Imported",
    "KeyChanges",
    "Put",
    "Ready",
    "Registry",
    "RegistryFault",
    "Seal",
    "Wish",
    "dimming_curve",
    "export_csv",
    "import_csv",
    "key_changes",
    "resealed",
    "seal_of",
    "stay_limit_s",
]
