"""What a test needs of the machine beyond Python: it skips where that is missing, and fails under CI=true."""

import os
import shutil

import pytest


def debian(program: str, package: str) -> str:
    """Give the path of a program of a Debian package.

    Args:
        program: the command's name.
        package: the package that brings it.
    """
    path = shutil.which(program)
    if path is not None:
        return path
    reason = f"needs {program}: apt-get install {package}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


long = pytest.mark.skipif("NARROWGATE_CHAOS" not in os.environ, reason="long: make chaos runs it")
"""Marks what `make test` has no time for; its file names NARROWGATE_CHAOS, by which `make chaos` finds it."""
