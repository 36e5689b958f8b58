"""A file of the core's own cannot be opened: devices are answered, the core comes when it is mended."""

from pathlib import Path

import pytest

from coap_wire import device, exchange, request
from gateway_home import Ports, Running, kept_rows, make_home, run_arguments, running, write_config
from narrowgate_gateway.status import read_status

STORES = ["state.db", "telemetry.duckdb", "quarantine/quarantine.db", "access.db"]
NONSENSE = b"nonsense" * 1000


def said_without_edge(gateway: Running) -> list[str]:
    """Give what core and supervisor said; the edge may tell of the state that it cannot ask."""
    return [line for line in gateway.said() if not line.startswith("narrowgate edge: ")]


@pytest.mark.parametrize("name", STORES)
def test_a_damaged_store_leaves_devices_answered(tmp_path: Path, name: str) -> None:
    """The edge acknowledges, the core names the file at each try and comes up once it is out of the way."""
    home, ports = make_home(tmp_path / "home"), Ports()
    damaged = home.root / name
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(NONSENSE)
    with running(home, *run_arguments(write_config(tmp_path / "a.toml", ports), home)) as gateway:
        gateway.until_ready("edge")
        gateway.until(lambda: len(said_without_edge(gateway)) >= (3 if name == "state.db" else 2))
        with device(ports.coap) as one:
            answers = [exchange(one, request(n)).code for n in range(3)]
        is_core_up = read_status(home.run, "core") is not None
        damaged.rename(tmp_path / "damaged")
        gateway.until_ready("core")
        code = gateway.end()

    assert (answers, is_core_up, code) == (["2.04"] * 3, False, 0)
    assert len(kept_rows(home.journal)) == 3
    first, second, *more = said_without_edge(gateway)
    assert first.startswith(f"narrowgate core: {damaged}: ")
    assert set(more) <= {first}
    assert (
        second == "narrowgate: devices are answered, nothing is decoded until core is up; starting it again"
    )


def test_a_core_alone_says_it_and_ends(tmp_path: Path) -> None:
    """Run apart, a core with a damaged store is one line and exit code 1."""
    home = make_home(tmp_path / "home")
    home.state.write_bytes(NONSENSE)
    config = write_config(tmp_path / "a.toml", Ports())
    with running(home, *run_arguments(config, home, "--role", "core")) as core:
        code = core.process.wait(200)

    assert code == 1
    assert core.said() == [f"narrowgate core: {home.state}: file is not a database"]


def test_a_damaged_file_of_users_keeps_an_open_console_shut_and_the_edge_at_work(tmp_path: Path) -> None:
    """Where others can reach the console, the check before the start does not stumble over the file."""
    home, ports = make_home(tmp_path / "home"), Ports()
    damaged = home.root / "access.db"
    damaged.write_bytes(NONSENSE)
    behind = 'behind_proxy = true\nproxy_allow = ["127.0.0.1/32"]'
    config = write_config(tmp_path / "a.toml", ports, more=behind)
    with running(home, *run_arguments(config, home)) as gateway:
        gateway.until_ready("edge")
        gateway.until(lambda: bool(gateway.said()))
        code = gateway.end()

    assert code == 0
    assert gateway.said()[0] == f"narrowgate core: {damaged}: file is not a database"
