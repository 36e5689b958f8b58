"""What came into a home before, and its registry as it was then."""

import bisect
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from narrowgate_fleet import Fleet, FleetReader, Registry, seal_of
from narrowgate_gateway.settings import Home
from narrowgate_ingest import hearing_again
from narrowgate_ingest.archive_files import check_format
from narrowgate_ingest.warming import Past

REGISTRIES = ("then", "now")


@contextmanager
def past_of(home: Home, which: str = "then") -> Iterator[Past]:
    """Give the past of a home, with the registry as it was `then` or as it is `now`.

    Raises:
        ValueError: another format version wrote its archive.
        RegistryFault: there is no registry.
    """
    check_format(home.archive)
    seal = seal_of(os.environ)
    newest = FleetReader(home.registry, seal).fleet
    with closing(Registry(home.root, create=False)) as registry:
        turns_us = registry.turns_us() if which == "then" else []
        fleets: dict[int, Fleet] = {len(turns_us): newest}

        def fleet_at(at_us: int) -> Fleet:
            place = bisect.bisect_right(turns_us, at_us)
            if place not in fleets:
                fleets[place] = Fleet(registry.tables(at_us=at_us), seal)
            return fleets[place]

        yield Past(home.journal, home.archive, hearing_again.Registry(fleet_at, turns_us))
