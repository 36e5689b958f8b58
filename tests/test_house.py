"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST_MODULE_LINES = 400
MAY_CATCH_ALL = {"gateway/narrowgate_gateway/app.py", "ingest/narrowgate_ingest/stage.py"}
ROOMS = ["bench", "cases", "codecs", "console", "fleet", "gateway", "ingest", "rules", "schema", "simulators"]


def tracked(*patterns: str) -> list[Path]:
    """Give the files of the tree that match, those that git ignores aside."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def named(paths: list[Path]) -> list[str]:
    """Give paths as they are written below the root."""
    return [path.relative_to(ROOT).as_posix() for path in paths]


def test_no_module_passes_400_lines() -> None:
    """A module that passes 400 lines holds a second idea."""
    long = [
        p for p in tracked("*.py") if len(p.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE_LINES
    ]

    assert named(long) == []


def test_each_room_is_a_typed_package() -> None:
    """Every room is a folder with one package that says that it is typed."""
    packages = [path.parent.relative_to(ROOT).as_posix() for path in tracked("*/py.typed")]

    assert sorted(packages) == [f"{room}/narrowgate_{room}" for room in ROOMS]


def test_tests_are_no_packages() -> None:
    """No stray __init__.py stands among the tests."""
    assert named(tracked("tests/**/__init__.py", "tests/__init__.py")) == []


def test_only_two_places_catch_everything() -> None:
    """What catches every fault stands in the stage runner and at the program's end; others raise it on."""
    catching = set()
    for path in tracked("*/narrowgate_*/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and _keeps_everything(node):
                catching.add(path)

    assert set(named(sorted(catching))) <= MAY_CATCH_ALL


@pytest.mark.parametrize(
    ("handler", "keeps"),
    [
        ("except: pass", True),
        ("except Exception: pass", True),
        ("except BaseException: pass", True),
        ("except builtins.Exception: pass", True),
        ("except (OSError, Exception) as error: pass", True),
        ("except* Exception: pass", True),
        ("except BaseException as error:\n  if error: raise", True),
        ("except BaseException:\n  close()\n  raise", False),
        ("except Exception:\n  raise", True),
        ("except (OSError, ValueError): pass", False),
    ],
)
def test_a_handler_that_catches_everything_is_seen(handler: str, keeps: bool) -> None:
    """However it is written; `except BaseException` may tidy up if it always raises on."""
    nodes = ast.walk(ast.parse(f"try: work()\n{handler}"))
    (found,) = (node for node in nodes if isinstance(node, ast.ExceptHandler))

    assert _keeps_everything(found) is keeps


def _keeps_everything(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.attr if isinstance(kind, ast.Attribute) else getattr(kind, "id", "") for kind in kinds}
    if names == {"BaseException"}:
        last = handler.body[-1]
        return not (isinstance(last, ast.Raise) and last.exc is None)
    return handler.type is None or bool(names & {"Exception", "BaseException"})


def test_no_wait_can_lose_a_cancellation() -> None:
    """`asyncio.wait_for` loses one that comes in the step of the result (Python 3.11); `timeout` does not."""
    rooms = tracked("*/narrowgate_*/*.py")

    assert named([path for path in rooms if "asyncio.wait_for(" in path.read_text(encoding="utf-8")]) == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "for now", "NotImplementedError"])
def test_no_promises_are_left_in_the_tree(word: str) -> None:
    """What is not done is an issue, not a comment."""
    found = [
        path
        for path in tracked("*.py", "*.md", "*.toml", "Makefile")
        if path != Path(__file__) and re.search(rf"\b{word}\b", path.read_text(encoding="utf-8"))
    ]

    assert named(found) == []


def test_decisions_are_numbered_and_tell_good_and_bad() -> None:
    """Every ADR has its own number, the three headings, and consequences of both kinds."""
    paths = sorted((ROOT / "docs/adr").glob("*.md"))
    numbers = [path.name[:4] for path in paths]
    lacking = [
        path.name
        for path in paths
        for heading in ("## Context", "## Decision", "## Consequences", "Good", "Bad")
        if heading not in path.read_text(encoding="utf-8")
    ]

    assert len(set(numbers)) == len(numbers)
    assert lacking == []


def test_every_dependency_has_its_reason() -> None:
    """Each library of pyproject.toml stands in the ADR on dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (ROOT / "docs/adr/0002-dependencies.md").read_text(encoding="utf-8")
    names = [re.split(r"[<>=\[ ]", wanted)[0] for wanted in project["dependencies"]]

    assert [name for name in names if name not in reasons] == []


def test_changelog_fragments_have_a_known_type() -> None:
    """A fragment is named topic.type.md with a type that the changelog knows."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    types = {each["directory"] for each in config["type"]}
    wrong = [
        path.name for path in (ROOT / "changelog.d").glob("*.md") if path.name.split(".")[-2] not in types
    ]

    assert wrong == []


def test_links_between_documents_lead_somewhere() -> None:
    """A relative link of a document names a file of the tree."""
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in tracked("*.md")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]

    assert broken == []
