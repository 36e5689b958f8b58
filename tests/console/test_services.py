import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from console_stand import Stand, StandingClock, fill
from narrowgate_console import Services, StoreUnreadable
from narrowgate_console.board import look
from narrowgate_console.recent import Recent
from narrowgate_schema.words import Family


def test_many_readers_cost_one_question(filled: Stand) -> None:
    """However many browsers look at once, the core is asked for its ledger once."""
    services = Services(filled, StandingClock(), keep_s=60.0)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: services.overview(), range(40)))

    assert (filled.asked, len({id(overview) for overview in found})) == (1, 1)


def test_a_failed_question_is_asked_again(filled: Stand) -> None:
    """A fault is not kept: the next who asks gets the answer as soon as there is one."""
    services = Services(filled, StandingClock(), keep_s=60.0)
    aside = filled.state_path.rename(filled.state_path.with_suffix(".aside"))
    with pytest.raises(StoreUnreadable, match="state: unable to open"):
        services.overview()
    aside.rename(filled.state_path)

    assert services.overview().cases.open == 15


def test_kept_answers_are_bounded() -> None:
    """Whatever is asked, only so many answers are kept."""
    recent = Recent(60.0)
    for question in range(10 * Recent.MOST):
        recent.get(question, lambda: b"")

    assert len(recent._answers) <= Recent.MOST


@pytest.mark.parametrize(
    ("took_s", "later_s", "asked"), [(0.0, 0.9, 1), (0.0, 1.1, 2), (0.5, 9.9, 1), (0.5, 10.1, 2)]
)
def test_a_dear_answer_is_kept_longer(took_s: float, later_s: float, asked: int) -> None:
    """An answer is kept for its time, or for twenty times as long as it took."""
    now = [0.0]
    asks: list[float] = []

    def ask() -> None:
        asks.append(now[0])
        now[0] += took_s

    recent = Recent(1.0, lambda: now[0])
    recent.get("chart", ask)
    now[0] += later_s
    recent.get("chart", ask)

    assert len(asks) == asked


def test_one_dead_store_hides_no_other(filled: Stand, services: Services) -> None:
    """What can be read is shown, and what cannot is named."""
    filled.drop(Family.PARKING)
    board = look(services)

    assert [family for family, series in board.charts.items() if series is None] == [Family.PARKING]
    assert ([fault.what for fault in board.faults], board.is_ready) == (["telemetry"], False)
    assert board.overview is not None


def test_readers_beside_a_writer_see_whole_cases(stand: Stand, services: Services) -> None:
    """The desk can be read from many threads while it is written."""
    with ThreadPoolExecutor(4) as pool:
        writing = pool.submit(fill, stand)
        seen = [services.overview().cases.open for _ in range(30)]
        writing.result()

    assert max(seen) <= 15
    assert services.overview().cases.open == 15


def test_importing_the_console_loads_no_page_toolkit(tmp_path: Path) -> None:
    """A process that only hands the console its sources does not pay for pages."""
    program = "import sys, narrowgate_console; print('nicegui' in sys.modules, 'fastapi' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)

    assert run.stdout.split() == ["False", "False"]
