"""Who the devices are: registry, assets with validity, places, tenants."""

from narrowgate_fleet.columns import COLUMNS, Column
from narrowgate_fleet.dimming_curve import dimming_curve
from narrowgate_fleet.exchange import Imported, export_csv, import_csv
from narrowgate_fleet.faults import Fault, RegistryFault
from narrowgate_fleet.fleet import Fleet, FleetReader
from narrowgate_fleet.registry import Registry
from narrowgate_fleet.stay_limit import stay_limit_s

__all__ = [
    "COLUMNS",
    "Column",
    "Fault",
    "Fleet",
    "FleetReader",
    "Imported",
    "Registry",
    "RegistryFault",
    "dimming_curve",
    "export_csv",
    "import_csv",
    "stay_limit_s",
]
