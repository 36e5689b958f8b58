"""The core gives way to the edge, and gives back what it freed."""

import os
from pathlib import Path

from narrowgate_gateway.precedence import CORE_NICENESS
from operator_verbs import make_site


def test_the_core_waits_for_the_edge(tmp_path: Path) -> None:
    """Where both want the processor devices come first: the core and all its threads are nicer."""
    site = make_site(tmp_path)
    with site.running() as gateway:
        edge, core = gateway.pid("edge"), gateway.pid("core")
        threads = [int(task.name) for task in Path(f"/proc/{core}/task").iterdir()]
        niceness = {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads}
        edges = os.getpriority(os.PRIO_PROCESS, edge)
        assert gateway.end() == 0

    assert niceness == {min(edges + CORE_NICENESS, 19)}
