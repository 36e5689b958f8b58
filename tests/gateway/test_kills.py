"""kill -9 of edge, core and both under load: nothing acknowledged is lost, nothing is there twice."""

import os
import random
import sqlite3
import threading
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from district import Life, kills, live
from gateway_home import wait_until
from narrowgate_cases import outbox_counts
from narrowgate_cases.sending import Patience, Sender
from narrowgate_cases.webhook import Endpoint
from narrowgate_gateway.settings import Home
from webhook_receiver import CLOSE, STALL, Receiver, Reply

SEED = 7
DEVICES = 60
HOURS = 28.0
STEPS = int(HOURS * 12)
KILLS = 7
ROUNDS = int(os.environ.get("NARROWGATE_CHAOS", "1"))
SECRET = b"a secret of the test's own"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The same district with nobody killed."""
    return live(tmp_path_factory.mktemp("undisturbed"), seed=SEED, devices=DEVICES, hours=HOURS)


@pytest.mark.parametrize("seed", range(13, 13 + ROUNDS))
def test_kills_lose_nothing_double_nothing_and_change_no_finding(
    tmp_path: Path, undisturbed: Life, seed: int
) -> None:
    """Ten kills, amid posts too: acknowledged is stored, findings are as ever, and each step is told."""
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    home = Home(tmp_path / "home")
    plan = kills(seed, STEPS, KILLS, [("edge", "core"), ("edge",), ("core",)])
    with Receiver().listening() as receiver:
        ways: list[Reply | str] = [Reply(204), Reply(500), CLOSE, STALL]
        receiver.plan = random.Random(seed).choices(ways, k=12)
        more = f'[webhook]\nurl = "{receiver.url}"\nsecret_file = "{secret}"\ntimeout_s = 0.3\n'
        life = live(home.root, seed=SEED, devices=DEVICES, hours=HOURS, plan=plan, more=more)
        _send_rest(home, receiver)

    assert undisturbed.summary.objections == []
    assert life.killed >= KILLS + 3
    assert life.summary.objections == []
    assert life.readings == undisturbed.readings
    assert life.findings == undisturbed.findings
    assert life.cases == undisturbed.cases
    _hold_letters(home, receiver)


def _hold_letters(home: Home, receiver: Receiver) -> None:
    """Hold that each step of a case arrived, that repeats are equal, and that cases kept their order."""
    bodies = defaultdict(set)
    for post in receiver.posts:
        bodies[post.key].add(post.body)
    first_seen = list(dict.fromkeys(receiver.keys))
    with closing(sqlite3.connect(home.state)) as state:
        steps = [
            f"{finding}-{number}"
            for finding, number in state.execute(
                "SELECT finding, row_number() OVER (PARTITION BY case_id ORDER BY case_steps.id)"
                " FROM case_steps JOIN cases ON cases.id = case_id"
            )
        ]

    assert sorted(bodies) == sorted(steps)
    assert {len(each) for each in bodies.values()} == {1}
    for finding in {key.partition("-")[0] for key in steps}:
        own = [key for key in first_seen if key.startswith(finding)]
        assert own == sorted(own)


def _send_rest(home: Home, receiver: Receiver) -> None:
    """Send what the gateway's end left in the outbox."""
    sender = Sender(home.state, "webhook", Endpoint(receiver.url, [SECRET]), Patience(first_pause_s=0.05))
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        wait_until(lambda: _pending(home) == 0)
    finally:
        sender.stop()
        thread.join()


def _pending(home: Home) -> int:
    with closing(sqlite3.connect(home.state)) as state:
        return outbox_counts(state).pending
