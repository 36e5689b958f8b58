"""Every golden frame means what its file says."""

from pathlib import Path

import pytest

from codec_fixtures import CASES, case_name, golden_of, load, readings, without_nulls


@pytest.mark.parametrize("path", CASES, ids=case_name)
def test_golden_frame_gives_its_readings(path: Path) -> None:
    """A golden frame gives exactly the readings of its file, the time included."""
    case = load(path)

    result = golden_of(path)

    assert case.get("readings", []) == readings(result)


@pytest.mark.parametrize("path", CASES, ids=case_name)
def test_golden_frame_gives_its_refusal(path: Path) -> None:
    """A golden frame is stored, partly stored or refused as its file says, for that reason."""
    case = load(path)

    result = golden_of(path)

    reasons = result.refusals.column("reason").to_pylist()
    assert (case["disposition"], [case["refused"]] if "refused" in case else []) == (
        result.dispositions[0],
        reasons,
    )


@pytest.mark.parametrize("path", CASES, ids=case_name)
def test_golden_frame_says_its_values(path: Path) -> None:
    """A golden frame says every value of its file under its declared name, and its message and identity."""
    case = load(path)

    result = golden_of(path)

    assert (case.get("values", {}), case.get("message"), case.get("identity")) == (
        without_nulls(result.values[0]),
        result.messages[0],
        result.identities[0],
    )


@pytest.mark.parametrize("path", [path for path in CASES if "carried" in load(path)], ids=case_name)
def test_every_key_of_a_source_is_accounted_for(path: Path) -> None:
    """A key that a source states is carried into a name we say, or is listed with the reason why not."""
    case = load(path)
    result = golden_of(path)

    said = str(result.values[0])
    missing = [ours for ours in case["carried"].values() if f"'{ours}'" not in said]

    assert (missing, all(case.get("not_carried", {"": "?"}).values())) == ([], True)
