"""Who the devices are: registry, assets with validity, places, tenants."""

from narrowgate_fleet.columns import COLUMNS, Column
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
    "Column",
    "Fault",
    "Fleet",
    "FleetReader",
    "Imported",
    "KeyChanges",
    "Registry",
    "RegistryFault",
    "Seal",
    "dimming_curve",
    "export_csv",
    "import_csv",
    "key_changes",
    "resealed",
    "seal_of",
    "stay_limit_s",
]
