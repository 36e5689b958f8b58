"""What holds for every test, whatever started the run."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

# A run starts hundreds of processes: each would compile all our modules anew where none may be kept.
# Workers and programs under test are started later, and inherit this.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

LONGEST = frozenset(
    f"test_{name}.py"
    for name in (
        "backup_verb", "demo_verb", "influx_server", "kill_matrix", "kills", "kills_mqtt", "mqtt_kills",
        "pipeline_crashes", "power_cuts", "psm_fleet", "quarantine_verb", "supervisor_signals",
    )
)  # fmt: skip
"""Files with tests of ten seconds and more."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest: begun last, one of them would leave all other workers idle."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard() -> Iterator[None]:
    """Let programs under test hear Ctrl-C: a run started in the background hands them a deaf ear."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
