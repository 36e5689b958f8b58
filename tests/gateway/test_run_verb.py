"""`narrowgate run` as its user meets it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coap_wire import device, exchange, request
from gateway_home import Ports, kept_rows, make_home, run_arguments, running, write_config
from narrowgate_gateway.app import narrowgate
from narrowgate_gateway.settings import Home
from narrowgate_gateway.status import read_status


def run(*arguments: str) -> Result:
    """Run the verb in this process, as far as it comes without a gateway."""
    return CliRunner().invoke(narrowgate, ["run", *arguments])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a home with a registry."""
    return make_home(tmp_path / "home")


def test_a_missing_configuration_is_named(home: Home) -> None:
    """Without its file nothing starts: one line, exit code 1."""
    done = run("--config", "none.toml", "--home", str(home.root))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "narrowgate: none.toml: No such file or directory\n"


def test_every_fault_of_a_configuration_is_a_line(tmp_path: Path, home: Home) -> None:
    """A bad configuration starts nothing and is told in one line a fault."""
    config = tmp_path / "bad.toml"
    config.write_text("[console]\nport = 0\n[rules.overstay]\ndelay_s = -1\n")
    done = run("--config", str(config), "--home", str(home.root))

    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"narrowgate: {config}: console.port = 0: input should be greater than or equal to 1",
        f"narrowgate: {config}: rules.overstay.delay_s = -1: wants 0 to 3600 [s]",
    ]


def test_a_home_without_registry_is_told_what_makes_one(tmp_path: Path) -> None:
    """A first start without devices names the verb that imports them."""
    config = write_config(tmp_path / "a.toml", Ports())
    done = run("--config", str(config), "--home", str(tmp_path / "new"))

    assert done.exit_code == 1
    assert done.stderr.endswith("no registry was published here; `narrowgate fleet import` makes one\n")


def test_a_home_that_is_no_directory_is_wrong_use(tmp_path: Path) -> None:
    """A file in the place of the home is refused as wrong use."""
    file = tmp_path / "file"
    file.write_text("")
    done = run("--config", str(write_config(tmp_path / "a.toml", Ports())), "--home", str(file))

    assert done.exit_code == 2
    assert f"'{file}' is a file" in done.stderr


def test_a_home_that_takes_no_file_is_named(tmp_path: Path, home: Home) -> None:
    """Where the home cannot be written the gateway names the place: one line, exit code 1."""
    (home.root / "run").write_text("in the way")
    with running(home, *run_arguments(write_config(tmp_path / "a.toml", Ports()), home)) as gateway:
        code = gateway.process.wait(200)

    assert code == 1
    assert gateway.said() == [f"narrowgate: File exists: {home.root}/run"]


def test_an_unknown_role_is_wrong_use() -> None:
    """Only edge and core are roles."""
    assert run("--role", "console").exit_code == 2


def test_help_has_an_example() -> None:
    """The help shows a call."""
    assert "Example: narrowgate run --config" in run("--help").stdout


def test_edge_and_core_run_apart(tmp_path: Path, home: Home) -> None:
    """Each role runs alone: the edge keeps and answers without a core, which later works it off."""
    ports = Ports()
    config = write_config(tmp_path / "a.toml", ports)
    with running(home, *run_arguments(config, home, "--role", "edge")) as edge:
        edge.until_ready("edge")
        with device(ports.coap) as one:
            codes = [exchange(one, request(n)).code for n in range(3)]
        edge_code = edge.end()
    with running(home, *run_arguments(config, home, "--role", "core")) as core:
        core.until_ready("core")
        is_edge_up = read_status(home.run, "edge") is not None
        core_code = core.end()

    assert (edge_code, core_code, is_edge_up) == (0, 0, False)
    assert codes == ["2.04"] * 3
    assert len(kept_rows(home.journal)) == 3
    assert core.said() == []


def test_a_role_runs_once(tmp_path: Path, home: Home) -> None:
    """A second edge in a home is refused in one line with exit code 1."""
    config = write_config(tmp_path / "a.toml", Ports())
    with running(home, *run_arguments(config, home, "--role", "edge")) as first:
        first.until_ready("edge")
        with running(home, *run_arguments(config, home, "--role", "edge")) as second:
            code = second.process.wait(200)
        first.end()

    assert code == 1
    assert second.said() == [f"narrowgate edge: {home.root}: a gateway's edge is running here already"]
