"""Keys of devices: sealed on disk, two valid at once, never shown."""

import io
from pathlib import Path

import numpy as np
import pytest

from fleet_rows import WATER, csv_text, take
from narrowgate_fleet import Fleet, KeyChanges, Registry, RegistryFault, Seal, key_changes, resealed, seal_of

FIRST, SECOND, THIRD = ("00112233445566778899aabbccddeeff", "ff" * 16, "0f" * 16)
OLD, NEW = Seal([b"o" * 32]), Seal([b"n" * 32])
BOTH = Seal([b"n" * 32, b"o" * 32])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two devices."""
    take(tmp_path, csv_text("device,profile", f"w1,{WATER}", f"w2,{WATER}"))
    return tmp_path


def put(home: Path, *rows: str, seal: Seal = OLD) -> KeyChanges:
    """Import a file of keys."""
    content = io.BytesIO("\n".join(["device,key", *rows, ""]).encode())
    with Registry(home) as registry, registry.writing():
        changes = key_changes(content, registry.census().devices, registry.keys(), seal)
        if not changes.faults:
            registry.put_keys(changes.sealed)
    return changes


def keys(home: Path, seal: Seal | None = OLD) -> list[list[str]]:
    """Give the keys of both devices in hex."""
    fleet = Fleet.load(home / "registry", seal)
    return [[key.hex() for key in every] for every in fleet.keys(np.array([0, 1], np.int32))]


def test_a_key_comes_back_as_it_was_given(home: Path) -> None:
    """The fleet opens what an import sealed."""
    put(home, f"w2,{FIRST}")

    assert keys(home) == [[], [FIRST]]


def test_no_key_lies_on_disk_as_it_is(home: Path) -> None:
    """Neither the registry nor the snapshot holds a key that can be read."""
    put(home, f"w1,{FIRST}")
    files = [path.read_bytes() for path in (home / "registry").rglob("*") if path.is_file()]

    assert not any(bytes.fromhex(FIRST) in content or FIRST.encode() in content for content in files)


def test_the_two_newest_keys_are_valid(home: Path) -> None:
    """A third key drives out the first."""
    for key in (FIRST, SECOND, THIRD):
        put(home, f"w1,{key}")

    assert keys(home) == [[THIRD, SECOND], []]


def test_the_same_file_twice_changes_nothing(home: Path) -> None:
    """A key that is the newest already does not drive out the one before it."""
    put(home, f"w1,{FIRST}")
    put(home, f"w1,{SECOND}")
    again = put(home, f"w1,{SECOND}")

    assert (again.summary(), keys(home)) == (
        {"changed": 0, "unchanged": 1, "faults": 0},
        [[SECOND, FIRST], []],
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("w9," + FIRST, "f:2: device: 'w9': is not in the registry"),
        ("w1,xyz", "f:2: key: '': of device w1 must be 32 hex digits, it has 3 characters"),
        ("w1," + FIRST + "00", "f:2: key: '': of device w1 must be 32 hex digits, it has 34 characters"),
        ("w1", "f:2: has 1 cells, the header has 2"),
        (f"w1,{FIRST}\nw1,{SECOND}", "f:3: device: 'w1': stands in line 2 already"),
    ],
)
def test_what_is_wrong_is_told_without_a_key(home: Path, row: str, said: str) -> None:
    """A fault names line and device, never a key, and holds the file back."""
    changes = put(home, row)

    assert [fault.told("f") for fault in changes.faults] == [said]
    assert FIRST not in repr(changes.faults)


def test_another_file_is_refused(home: Path) -> None:
    """The first line says that the file is one of keys."""
    with Registry(home) as registry:
        changes = key_changes(io.BytesIO(b"key,device\n"), [], registry.keys(), OLD)

    assert [fault.should for fault in changes.faults] == ["the first line must be device,key"]


def test_a_changed_secret_opens_what_the_old_one_sealed(home: Path) -> None:
    """With both secrets everything opens; after sealing anew the old secret can go."""
    put(home, f"w1,{FIRST}", f"w2,{SECOND}")
    before = keys(home, BOTH)
    with Registry(home) as registry, registry.writing():
        anew = resealed(registry.keys(), BOTH)
        registry.put_keys(anew)
        left = resealed(registry.keys(), BOTH)

    assert (sorted(anew), left) == (["w1", "w2"], {})
    assert keys(home, NEW) == before == [[FIRST], [SECOND]]


def test_a_key_of_another_secret_is_left_out_and_named(home: Path) -> None:
    """What cannot be opened is told by device; the others go on."""
    put(home, f"w1,{FIRST}")
    fleet = Fleet.load(home / "registry", NEW)

    assert fleet.keys(np.array([0], np.int32)) == [()]
    assert fleet.key_faults == {"device w1: its key was sealed with a secret that is not in NARROWGATE_SEAL"}


def test_without_a_seal_no_device_has_a_key(home: Path) -> None:
    """A process that was given no secret works without keys."""
    put(home, f"w1,{FIRST}")

    assert keys(home, None) == [[], []]


def test_a_sealed_key_opens_for_its_own_device_only() -> None:
    """A key moved to another device's row is as good as damaged."""
    sealed = OLD.sealed(bytes.fromhex(FIRST), "w1")

    with pytest.raises(RegistryFault, match="w2: its sealed key is damaged"):
        OLD.opened(sealed, "w2")


@pytest.mark.parametrize("text", ["hunter2", "ab" * 31, "zz" * 32, ","])
def test_a_secret_that_is_none_is_refused_without_being_shown(text: str) -> None:
    """The fault says what would be right, not what was found."""
    with pytest.raises(RegistryFault) as caught:
        seal_of({"NARROWGATE_SEAL": text})

    assert "64 hex digits" in str(caught.value)
    assert text == "," or text not in str(caught.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """A secret is its user's alone."""
    path = tmp_path / "seal"
    path.write_text("ab" * 32 + "\n")
    path.chmod(0o640)
    with pytest.raises(RegistryFault, match="chmod 600"):
        seal_of({"NARROWGATE_SEAL_FILE": str(path)})
    path.chmod(0o600)

    assert isinstance(seal_of({"NARROWGATE_SEAL_FILE": str(path)}), Seal)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The fault names the file and the reason."""
    with pytest.raises(RegistryFault, match="seal: cannot be read as the file of the seal: No such file"):
        seal_of({"NARROWGATE_SEAL_FILE": str(tmp_path / "seal")})


def test_nothing_set_is_no_seal() -> None:
    """An installation without encrypted devices needs no secret."""
    assert seal_of({}) is None
