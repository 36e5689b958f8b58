"""The webhook: a sender that is killed in its post, the receiver of its page, and what `check` says."""

import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from findings_rows import batch, cleared, raised
from gateway_home import wait_until
from narrowgate_cases import Wants, apply, install_outbox, outbox_counts
from narrowgate_cases.webhook import Endpoint
from narrowgate_ingest.state import State
from narrowgate_simulators.ports import free_tcp_port
from operator_verbs import make_site
from programs import started
from webhook_receiver import STALL, Receiver

SECRET = b"a secret of the test's own"
DOCS = Path(__file__).parents[2] / "docs"


_KILLED_IN_ITS_POST = """
import sys
from pathlib import Path
from narrowgate_cases.webhook import Endpoint
from narrowgate_cases.sending import Sender
Sender(Path(sys.argv[1]), "webhook", Endpoint(sys.argv[2], [sys.argv[3].encode()])).run()
"""


def test_a_sender_killed_after_its_post_sends_the_same_letter_again(tmp_path: Path) -> None:
    """The receiver stored it, the sender died before it knew: the letter comes again, to the byte."""
    path = tmp_path / "state.db"
    state = State(path)
    install_outbox(state.connection, [("webhook", Wants())])
    with state.transaction() as connection:
        apply(connection, batch(raised("f1"), cleared("f1")), 7)
    state.close()
    with Receiver().listening() as receiver:
        receiver.plan = [STALL, STALL]
        for number in (1, 2, 6):
            command = [sys.executable, "-c", _KILLED_IN_ITS_POST, str(path), receiver.url, SECRET.decode()]
            with started(command):
                receiver.until(number)
                if number == 6:
                    wait_until(lambda: _pending(path) == 0)
    first, again, delivered, *following = receiver.posts

    assert (first.key, first.body) == (again.key, again.body) == (delivered.key, delivered.body)
    assert [first.key, *(post.key for post in following)] == ["f1-1", "f1-2", "f1-3", "f1-4"]


def _pending(path: Path) -> int:
    with closing(sqlite3.connect(path)) as state:
        return outbox_counts(state).pending


def test_the_receiver_of_the_page_takes_letters_once(tmp_path: Path) -> None:
    """The example of docs/webhook.md runs as it stands, believes our signature and drops repeats."""
    [program] = re.findall(r"```python\n(.*?)```", (DOCS / "webhook.md").read_text(), re.DOTALL)
    (tmp_path / "receiver.py").write_text(program)
    port = free_tcp_port()
    environment = {**os.environ, "WEBHOOK_SECRET": SECRET.decode()}
    command = [sys.executable, str(tmp_path / "receiver.py"), str(port)]
    url = f"http://127.0.0.1:{port}/narrowgate"
    body = '{"case": "C-000001", "step": "reported", "service": "overstay", "device": "bay-1"}'
    with started(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        genuine, forged = Endpoint(url, [SECRET]), Endpoint(url, [b"somebody else's secret"])
        wait_until(lambda: genuine.post("f1-1", body, time.time()).is_delivered)
        repeated = genuine.post("f1-1", body, time.time())
        answers = [forged.post("f2-1", body, time.time()), genuine.post("f3-1", body, time.time() - 3600)]
        process.terminate()
        assert process.stdout is not None
        said = process.stdout.read()

    assert repeated.is_delivered
    assert [answer.words for answer in answers] == ["401 Unauthorized"] * 2
    assert said == "C-000001 reported overstay bay-1\n"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('url = "http://cases.example/"\nsecret_env = "X"', "https only"),
        ('url = "https://cases.example/"', "one of secret_file and secret_env"),
        ('url = "https://cases.example/"\nsecret_env = "NOT_THERE"', "has no such variable"),
        ('url = "https://cases.example/"\nsecret_file = "/not/there"', "No such file or directory"),
        ('url = "https://cases.example/"\nsecret_file = "/dev/null"', "one or two lines"),
        ('url = "https://cases.example/"\nsecret_env = "SECRET"\nca_file = "/not/there"', "No such file"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_told_by_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, words: str
) -> None:
    """Address, secret and certificates are checked without a network, and named by their keys."""
    monkeypatch.setenv("SECRET", SECRET.decode())
    result = make_site(tmp_path, more=f"[webhook]\n{more}\n").run_with_config("check")
    faults = result.stdout.splitlines()

    assert (result.exit_code, len(faults)) == (1, 1), result.output
    assert '"webhook' in faults[0]
    assert words in faults[0]
