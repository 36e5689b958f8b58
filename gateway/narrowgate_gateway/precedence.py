"""Who goes first where both processes want a core: devices wait for the edge, people for the core."""

import os
from contextlib import suppress
from pathlib import Path

CORE_NICENESS = 10
"""By how much the core is nicer than who started it: a tenth of the edge's weight where both want a core."""
_NICEST = 19


def give_way() -> None:
    """Have this process wait for the edge, with all threads that it has and will have."""
    # Linux has a niceness for each thread; libraries start some while they are imported.
    tasks = [int(task.name) for task in Path("/proc/self/task").glob("[0-9]*")]
    for task in tasks or [0]:
        with suppress(OSError):  # the thread has ended
            now = os.getpriority(os.PRIO_PROCESS, task)
            os.setpriority(os.PRIO_PROCESS, task, min(now + CORE_NICENESS, _NICEST))
