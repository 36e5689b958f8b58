"""kill -9 between finding, outbox, POST and answer: one request for a case, and one update for a step."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

import open311_worker
from district import kills, live
from fault_plans import Faults, Strike, in_force
from findings_rows import cleared, raised
from gateway_home import wait_until
from georeport_city import WAYS, running, stored_in
from narrowgate_cases import outbox_counts
from narrowgate_gateway.settings import Home
from narrowgate_simulators.ports import free_tcp_port
from needs import long

ROLE = "open311"
CASES = 8
KILLS = 8
ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))


def _strikes(draw: Random, port: int, number: int) -> Iterator[Strike]:
    """Draw where processes end: within the transactions of desk and links, before and after a request."""
    places = [
        ("send", f"tcp:{port}", "after", 4),
        ("send", f"tcp:{port}", "before", 4),
        ("write", "state.db-wal", "amid", 24),
        ("send", f"tcp:{port}", "after", 6),
        ("sync", "state.db-wal", "before", 3),
        ("write", "state.db-wal", "after", 24),
        ("sync", "state.db-wal", "after", 3),
    ]
    yield Strike("send", f"tcp:{port}", "after", 2)  # the head and the body of the first POST
    for n in range(number - 1):
        call, needle, when, within = places[n % len(places)]
        yield Strike(call, needle, when, 1 + draw.randrange(within))  # type: ignore[arg-type]


def _plan(draw: Random, place: Path) -> set[str]:
    """Write batches of findings; give the names of all letters that follow."""
    names = [f"f{n}" for n in range(1, CASES + 1)]
    over = draw.sample(names, CASES // 2)
    rows = [[raised(name)] for name in names] + [[cleared(name)] for name in over]
    place.write_text("\n".join(map(json.dumps, rows)))
    return {f"{name}-{n}" for name in names for n in range(1, 5 if name in over else 2)}


def _live(faults: Faults, home: Path, plan: Path, url: str, form: str, kills: int) -> int:
    """Start the process anew whenever it is killed, until it ends by itself; give how often it was."""
    program = str(Path(open311_worker.__file__))
    command = [sys.executable, program, "narrowgate_gateway.process", ROLE, str(plan), str(home), url, form]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(program).parent)])}
    killed = 0
    while True:
        ended = subprocess.run(command, env=environment, check=False, capture_output=True, timeout=300)
        if ended.returncode == 0:
            break
        assert ended.returncode == -9, ended.stderr.decode()
        killed += 1
    assert killed == faults.done(ROLE)
    return killed


def _fall(tmp_path: Path, seed: int, form: str, kills: int) -> int:
    draw = Random(seed)
    home, plan, log = tmp_path / "home", tmp_path / "plan", tmp_path / "log"
    home.mkdir()
    letters = _plan(draw, plan)
    port = free_tcp_port()
    ways = ["right", *draw.choices(WAYS, k=3 * len(letters))]  # the first POST is stored as its sender dies
    with running(port, log, ways) as url, in_force(tmp_path / "faults") as faults:
        faults.plan(ROLE, list(_strikes(draw, port, kills)))
        killed = _live(faults, home, plan, url, form, kills)
    stored = stored_in(log)
    marks = Counter(row["description"].rpartition("\n")[2] for kind, row in stored if kind == "request")
    updates = Counter(row["description"].rpartition("\n")[2] for kind, row in stored if kind == "update")
    ids = {row["service_request_id"] for kind, row in stored if kind == "request"}
    with closing(sqlite3.connect(home / "state.db")) as state:
        links = {request for (request,) in state.execute("SELECT request_id FROM open311_requests")}
        [(cases, steps)] = state.execute("SELECT count(DISTINCT case_id), count(*) FROM case_steps")
        dead = state.execute("SELECT count(*) FROM outbox_deliveries").fetchone()[0]
    print(f"seed {seed} {form}: {killed} killed, {len(stored)} stored")  # noqa: T201 - to be run again by its seed

    assert (cases, steps, dead) == (CASES, len(letters), 0)
    assert marks == Counter(f"[ng-f{n}]" for n in range(1, CASES + 1))
    assert updates == Counter(f"[ng-{name}]" for name in letters if not name.endswith("-1"))
    assert links == ids
    return killed


def test_a_few_kills_leave_one_request_for_a_case(tmp_path: Path) -> None:
    """Processes that end at places in their code, before a server that does all it may, tell all once."""
    assert _fall(tmp_path, seed=1, form="xml", kills=KILLS) > 0


@long
@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_many_kills_leave_one_request_for_a_case(tmp_path: Path, seed: int, form: str) -> None:
    """Eight kills for each seed and form, hundreds in all: one request a case, one update a step."""
    assert _fall(tmp_path, seed=100 + seed, form=form, kills=KILLS) > 0


_CONFIG = """
[[open311]]
name = "city"
url = "{url}"
format = "xml"
api_key_file = "{key}"
service_codes = {{ lamp_out = "LAMP", "*" = "WATER" }}
attributes.LAMP.POLE = "{{asset}} {{device}}"
updates = true
ask_after_s = 0.1
timeout_s = 1.0
"""


@long
@pytest.mark.parametrize("seed", range(31, 34))
def test_a_core_that_falls_tells_a_city_once(tmp_path: Path, seed: int) -> None:
    """A whole gateway whose core is killed while a district lives: one request a case, one update a step."""
    draw, port = Random(seed), free_tcp_port()
    key, log = tmp_path / "key", tmp_path / "log"
    key.write_text(open311_worker.KEY)
    with running(port, log, draw.choices(WAYS, k=60)) as url:
        plan = kills(seed, 28 * 12, 5, [("core",)])
        more = _CONFIG.format(url=url, key=key)
        life = live(tmp_path / "life", seed=7, devices=60, hours=28.0, plan=plan, more=more)
        state = Home(tmp_path / "life").state
        sender = open311_worker.sender_of(state, url, "xml")
        sending = threading.Thread(target=sender.run)
        sending.start()
        wait_until(lambda: _waiting(state) == 0)
        sender.stop()
        sending.join()
    marks = Counter(row["description"].rpartition("\n")[2] for _, row in stored_in(log))
    with closing(sqlite3.connect(state)) as opened:
        steps = opened.execute(
            "SELECT finding, row_number() OVER (PARTITION BY case_id ORDER BY case_steps.id)"
            " FROM case_steps JOIN cases ON cases.id = case_id"
        ).fetchall()
        links = dict(opened.execute("SELECT finding, stage FROM open311_requests JOIN cases ON id = case_id"))
    print(f"seed {seed}: {life.killed} killed, {len(links)} cases there, {marks.total()} stored")  # noqa: T201

    assert life.killed >= 5
    assert life.summary.objections == []
    assert set(links.values()) == {"known"}
    expected = {
        f"[ng-{finding}]" if n == 1 else f"[ng-{finding}-{n}]" for finding, n in steps if finding in links
    }
    assert marks == Counter(expected)


def _waiting(state: Path) -> int:
    with closing(sqlite3.connect(state)) as opened:
        return outbox_counts(opened).pending
