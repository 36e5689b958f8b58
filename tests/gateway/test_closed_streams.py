"""Verbs whose standard streams are closed or full say so in one line and exit 1."""

import subprocess
import sys
from pathlib import Path

import pytest


def shell(tmp_path: Path, call: str) -> "subprocess.CompletedProcess[str]":
    """Run `narrowgate CALL` as a shell would, redirections included."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m narrowgate_gateway.app {call}', sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("decode - <&-", "narrowgate: standard input is closed"),
        ("fleet import - --home home <&-", "narrowgate: standard input is closed"),
        ("users add wei --role viewer --password-file - <&-", "narrowgate: standard input is closed"),
        ("decode --profile pni_placepod_v1 156601 >&-", "narrowgate: standard output is closed"),
        ("profiles <&- >&-", "narrowgate: standard output is closed"),
        ("profiles --help >&-", "narrowgate: standard output is closed"),
        ("decode --profile pni_placepod_v1 156601 >/dev/full", "narrowgate: No space left on device"),
    ],
)
def test_a_closed_stream_is_named_in_one_line(tmp_path: Path, call: str, line: str) -> None:
    """What a verb wanted to read or write is named; it does not pass for success."""
    done = shell(tmp_path, call)

    assert (done.returncode, done.stdout, done.stderr.splitlines()) == (1, "", [line])


def test_a_closed_standard_error_hides_no_answer(tmp_path: Path) -> None:
    """Without a place to talk, data still come on standard output, and talk does not mingle with them."""
    answered, refused = (
        shell(tmp_path, "decode --profile pni_placepod_v1 156601 2>&-"),
        shell(tmp_path, "decode zz 2>&-"),
    )

    assert (answered.returncode, answered.stdout.count("\n")) == (0, 1)
    assert (refused.returncode, refused.stdout) == (2, "")


def test_a_reader_that_has_enough_ends_a_verb_quietly(tmp_path: Path) -> None:
    """`| head -1` is no fault."""
    done = shell(tmp_path, "profiles | head -1")

    assert (done.stdout.count("\n"), done.stderr) == (1, "")
