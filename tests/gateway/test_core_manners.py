"""The core gives way to the edge, and neither loads what it does not use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrowgate_gateway.precedence import CORE_NICENESS
from narrowgate_gateway.thrift import environment
from operator_verbs import make_site


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Edge and core of a gateway that runs."""
    with make_site(tmp_path_factory.mktemp("site")).running() as gateway:
        yield gateway.pid("edge"), gateway.pid("core")
        assert gateway.end() == 0


def test_the_core_waits_for_the_edge(processes: tuple[int, int]) -> None:
    """Where both want the processor devices come first: the core and all its threads are nicer."""
    edge, core = processes

    threads = [int(task.name) for task in Path(f"/proc/{core}/task").iterdir()]
    niceness = {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads}

    assert niceness == {min(os.getpriority(os.PRIO_PROCESS, edge) + CORE_NICENESS, 19)}


@pytest.mark.parametrize("spare", ["/pandas/", "/aiohttp/", "/pyarrow/_s3fs."])
def test_neither_loads_what_is_spare(processes: tuple[int, int], spare: str) -> None:
    """Libraries would load it where it is installed, as it is here, and nobody would use it."""
    loaded = [Path(f"/proc/{process}/maps").read_text() for process in processes]

    assert all("/pyarrow/" in maps and spare not in maps for maps in loaded)


def test_arrow_and_duckdb_let_the_core_have_back_what_they_free(processes: tuple[int, int]) -> None:
    """Allocators of their own would keep it: the core is started with others, the edge with what it had."""
    edge, core = (Path(f"/proc/{process}/environ").read_text().split("\0") for process in processes)

    wanted = {f"{name}={value}" for name, value in environment("core").items()}
    assert wanted
    assert wanted <= set(core)
    assert not wanted & set(edge)
