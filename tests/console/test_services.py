import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from console_stand import Stand, StandingClock, fill
from narrowgate_console import LOCAL, Services, StoreUnreadable
from narrowgate_console.page import Look
from narrowgate_console.recent import Recent
from narrowgate_console.view import View
from narrowgate_schema.words import Family


def test_many_readers_cost_one_question(filled: Stand) -> None:
    """However many browsers look at once, the core is asked for its ledger once."""
    view = Services(filled, StandingClock(), keep_s=60.0).of(LOCAL)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: view.overview(), range(40)))

    assert (filled.asked, len({id(overview) for overview in found})) == (1, 1)


def test_a_failed_question_is_asked_again(filled: Stand) -> None:
    """A fault is not kept: the next who asks gets the answer as soon as there is one."""
    view = Services(filled, StandingClock(), keep_s=60.0).of(LOCAL)
    aside = filled.state_path.rename(filled.state_path.with_suffix(".aside"))
    with pytest.raises(StoreUnreadable, match="state: unable to open"):
        view.overview()
    aside.rename(filled.state_path)

    assert view.overview().cases.open == 15


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


def test_one_dead_store_hides_no_other(filled: Stand, view: View) -> None:
    """What can be read is shown, and what cannot is named."""
    filled.drop(Family.PARKING)
    look = Look()
    found = [look.part(partial(view.city.series, family, 24)) for family in Family]

    assert [series is None for series in found] == [False, True, False]
    assert [fault.what for fault in look.faults] == ["telemetry"]


def test_readers_beside_a_writer_see_whole_cases(stand: Stand, view: View) -> None:
    """The desk can be read from many threads while it is written."""
    with ThreadPoolExecutor(4) as pool:
        writing = pool.submit(fill, stand)
        seen = [view.overview().cases.open for _ in range(30)]
        writing.result()

    assert max(seen) <= 15
    assert view.overview().cases.open == 15


def test_importing_the_console_loads_no_page_toolkit(tmp_path: Path) -> None:
    """A process that only hands the console its sources does not pay for pages."""
    program = "import sys, narrowgate_console; print('nicegui' in sys.modules, 'fastapi' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)

    assert run.stdout.split() == ["False", "False"]
