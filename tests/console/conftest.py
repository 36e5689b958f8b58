"""Stands, the API in memory, the console in a process of its own, and a browser."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from browser import Browser, chromium
from console_api import Api
from console_stand import Stand, StandingClock, fill
from narrowgate_console import LOCAL, Access, Services
from narrowgate_console.app import create_app
from narrowgate_console.view import View
from open311_stand import CLOSED, PUBLIC, City, Keys, keys_of, populate, served

STOP_WITHIN_S = 100
_PROGRAM = Path(__file__).parents[1] / "console_stand.py"


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Empty stores."""
    opened = Stand(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def filled(stand: Stand) -> Stand:
    """Stores with two days of a small district."""
    fill(stand)
    return stand


@pytest.fixture
def services(stand: Stand) -> Services:
    """Services on the stand that keep no answer."""
    return Services(stand, StandingClock(), keep_s=0.0)


@pytest.fixture
def access(stand: Stand) -> Iterator[Access]:
    """Nobody yet: this machine is the administrator."""
    opened = Access(stand.home)
    yield opened
    opened.close()


@pytest.fixture
def view(services: Services) -> View:
    """The questions of this machine's administrator."""
    return services.of(LOCAL)


@pytest.fixture
def api(services: Services, access: Access) -> Api:
    """The API on the stand, asked in memory under a loopback name."""
    return Api(create_app(services, access, offer=CLOSED))


@pytest.fixture
def city(stand: Stand, access: Access, services: Services) -> City:
    """The server of Open311 over a small district, open to anybody."""
    populate(stand)
    return City(Api(create_app(services, access, offer=PUBLIC)), stand, keys_of(access))


@pytest.fixture
def closed_city(stand: Stand, access: Access, services: Services) -> City:
    """The same, open to nobody without a key."""
    populate(stand)
    return City(Api(create_app(services, access, offer=CLOSED)), stand, keys_of(access))


@pytest.fixture(scope="module")
def open311_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Keys]]:
    """The server of Open311 on a port, over a small district, open to anybody: its address and keys."""
    folder = tmp_path_factory.mktemp("open311")
    stand, access = Stand(folder), Access(folder)
    populate(stand)
    keys = keys_of(access)
    with served(create_app(Services(stand, StandingClock(), keep_s=0.0), access, offer=PUBLIC)) as address:
        yield address, keys
    access.close()
    stand.close()


@pytest.fixture(scope="session")
def serve_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Give a function that starts a console with some content, once, and gives its address."""
    processes: dict[str, tuple[subprocess.Popen[str], str]] = {}

    def start(content: str) -> str:
        if content not in processes:
            folder = tmp_path_factory.mktemp(content)
            command = [sys.executable, str(_PROGRAM), str(folder), content]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
            assert process.stdout is not None
            processes[content] = process, process.stdout.readline().strip()
        return processes[content][1]

    yield start
    for process, _ in processes.values():
        process.terminate()
    for process, _ in processes.values():
        process.wait(STOP_WITHIN_S)


@pytest.fixture(scope="session")
def only_tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A tab of a real headless Chromium, for all tests."""
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def tab(only_tab: Browser) -> Browser:
    """The tab, in which nobody is signed in, whoever was before."""
    only_tab.sign_out()
    return only_tab
