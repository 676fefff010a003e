"""Test `spikelet flash`: its dry run, its refusals, and the state after a failure."""

import json
import sys
from pathlib import Path

import pytest
from random_networks import random_network

from spikelet.flashing import files_by_repl, upload
from spikelet.link.link import Link
from spikelet.networks.lif_file import save_network


@pytest.fixture
def lif(tmp_path):
    """Return the files of two networks."""
    made = []
    for seed in (3, 4):
        made.append(tmp_path / f"{seed}.lif")
        save_network(random_network(seed), made[-1])
    return made


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def is_one_sentence(err: str) -> bool:
    return err.count("\n") == 1 and "Traceback" not in err


def test_flash_dry_run_lists_files_and_changes_no_file(spikelet, virtual, lif):
    status, out, _ = spikelet("flash", lif[0], "--dry-run")
    assert status == 0
    assert "no file was changed" in out
    assert files_in(virtual) == {}
    assert spikelet("flash", lif[0])[0] == 0
    before = files_in(virtual)
    status, out, _ = spikelet("flash", lif[1], "--dry-run", "--json")
    plan = json.loads(out)
    assert status == 0
    assert files_in(virtual) == before
    assert spikelet("flash", lif[1])[0] == 0
    after = files_in(virtual)
    assert set(plan["send"]) == {path for path in after if before.get(path) != after[path]}
    assert set(plan["remove"]) == before.keys() - after.keys()
    assert len(plan["remove"]) == 1
    assert {**plan["send"], **plan["keep"]} == {path: len(data) for path, data in after.items()}


def test_erasing_asks_first(spikelet, virtual, lif, monkeypatch):
    spikelet("flash", lif[0])
    (virtual / "mine.txt").write_text("mine")
    before = files_in(virtual)
    status, _, err = spikelet("flash", "--erase")
    assert status == 2
    assert is_one_sentence(err)
    assert "--yes" in err
    assert files_in(virtual) == before
    asked = []

    def answer(question):
        asked.append(question)
        return "n"

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    status, _, err = spikelet("flash", "--erase")
    assert (status, len(asked)) == (1, 1)
    assert f"Spikelet's files on virtual: {len(before) - 1}" in asked[0]
    assert files_in(virtual) == before
    status = spikelet("flash", "--erase", "--dry-run")[0]
    assert (status, files_in(virtual)) == (0, before)
    assert spikelet("flash", "--erase", "--yes")[0] == 0
    assert files_in(virtual) == {"mine.txt": b"mine"}
    assert spikelet("flash", "--erase", "--all", "--yes")[0] == 0
    assert files_in(virtual) == {}
    status, _, err = spikelet("verify", lif[0])
    assert status == 1
    assert "no Spikelet runtime" in err


def test_the_wrong_board_is_refused_before_anything_is_written(spikelet, virtual, lif):
    spikelet("flash", lif[0])
    before = files_in(virtual)
    status, _, err = spikelet("flash", lif[1], "--board", "pico")
    assert status == 3
    assert is_one_sentence(err)
    assert ", not pico; the board is unchanged" in err
    assert files_in(virtual) == before
    status, _, err = spikelet("flash", lif[1], "--board", "nonsense")
    assert status == 2
    assert "no board is called 'nonsense'" in err


def test_a_network_that_does_not_load_is_never_put_to_use(spikelet, virtual, lif, monkeypatch):
    spikelet("flash", lif[0])
    before = (virtual / "spikelet" / "active").read_bytes()
    hello = Link.hello

    def failing(link, kernel=""):
        info = hello(link, kernel)
        return type(info)(**{**vars(info), "problem": "MemoryError: too little"})

    monkeypatch.setattr(Link, "hello", failing)
    status, _, err = spikelet("flash", lif[1])
    assert status == 1
    assert is_one_sentence(err)
    assert "MemoryError" in err
    assert "it was not activated, and the board keeps its old files" in err
    assert (virtual / "spikelet" / "active").read_bytes() == before
    monkeypatch.setattr(Link, "hello", hello)
    assert spikelet("verify", lif[0])[0] == 0
    assert spikelet("flash", lif[1])[0] == 0
    assert spikelet("verify", lif[1])[0] == 0
    assert len(list(virtual.rglob("*.lif"))) == 1


FULL = """
class Full:
    room = {room}
    def __init__(self, path, mode):
        self.file = _open(path, mode)
    def __enter__(self):
        return self
    def __exit__(self, *_):
        self.file.close()
    def write(self, data):
        Full.room -= len(data)
        if Full.room < 0:
            raise OSError(28, "No space left on device")
        return self.file.write(data)
    def close(self):
        self.file.close()
_open = open
def open(path, mode="r"):
    return Full(path, mode) if "r" not in mode else _open(path, mode)
"""
READ_ONLY = """
_open = open
def open(path, mode="r"):
    if "r" not in mode:
        raise OSError(30, "Read-only filesystem")
    return _open(path, mode)
"""


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (FULL.format(room=700), ("No space left", "flash --erase", "it keeps its old files")),
        (READ_ONLY, ("read-only", "CIRCUITPY", "storage.disable_usb_drive()")),
    ],
    ids=["full", "read-only"],
)
@pytest.mark.parametrize("fast", [True, False], ids=["receiver", "commands"])
def test_a_file_system_that_takes_no_more(spikelet, virtual, lif, monkeypatch, fault, words, fast):
    spikelet("flash", lif[0])
    active = (virtual / "spikelet" / "active").read_bytes()
    faulty = {**files_by_repl.ON_BOARD, "_replace": files_by_repl.ON_BOARD["_replace"] + fault}
    monkeypatch.setattr(files_by_repl, "ON_BOARD", faulty)
    if not fast:
        monkeypatch.setattr(upload, "RECEIVER", "import no_such_module\n")
    status, _, err = spikelet("flash", lif[1])
    assert status == 1
    assert is_one_sentence(err)
    assert all(word in err for word in words), err
    assert (virtual / "spikelet" / "active").read_bytes() == active
    monkeypatch.undo()
    monkeypatch.setenv("SPIKELET_CACHE", str(virtual.parents[1]))
    assert spikelet("verify", lif[0], "--port", "virtual")[0] == 0


def test_flash_keeps_and_reports_main_py_of_user(spikelet, virtual, lif):
    virtual.mkdir(parents=True)
    (virtual / "main.py").write_text("import mine\n")
    status, out, _ = spikelet("flash", lif[0])
    assert status == 0
    assert (
        "main.py is yours, and stays; to start Spikelet from it: import code; code.start()" in out
    )
    assert (virtual / "main.py").read_text() == "import mine\n"
    assert spikelet("verify", lif[0])[0] == 0


def test_flash_keeps_and_names_files_of_user(spikelet, virtual, lif):
    theirs = {
        "code.py": b'print("Hello World!")\n\nimport board\n# a month of my own work\n',
        "network.lif": lif[1].read_bytes(),
        "spikert/session.py": b"def main(): pass",
        "spikelet/my [red] recording.csv": b"1,2,3",
        "spikelet/active": b"not at all",
    }
    for path, data in theirs.items():
        (virtual / path).parent.mkdir(parents=True, exist_ok=True)
        (virtual / path).write_bytes(data)
    plan = json.loads(spikelet("flash", lif[0], "--dry-run", "--json")[1])
    assert files_in(virtual) == theirs
    status, out, _ = spikelet("flash", lif[0])
    assert status == 0
    assert "kept, because Spikelet did not write it: code.py, network.lif, spikert/, " in out
    assert "spikelet/my [red] recording.csv" in out
    assert "it is spikelet/active.bak now" in out
    recording = "spikelet/my [red] recording.csv"
    assert plan["others"] == ["code.py", "network.lif", "spikert/", recording]
    assert plan["backups"] == {"spikelet/active": "spikelet/active.bak"}
    kept = {**theirs, "spikelet/active.bak": theirs.pop("spikelet/active")}
    kept.pop("spikelet/active")
    assert kept.items() <= files_in(virtual).items()
    status, out, _ = spikelet("flash", "--erase", "--yes")
    assert "kept, because Spikelet did not write it: code.py" in out
    assert files_in(virtual) == kept


def test_flash_finds_file_that_hides_module_before_it_writes(spikelet, virtual, lif):
    (virtual / "lib").mkdir(parents=True)
    (virtual / "lib" / "array.py").write_text("# mine")
    for arguments in ((), ("--dry-run",)):
        status, _, err = spikelet("flash", lif[0], *arguments)
        assert status == 1
        assert is_one_sentence(err)
        assert "lib/array.py on virtual has the name of the module array" in err
    assert files_in(virtual) == {"lib/array.py": b"# mine"}


def test_flash_without_arguments_mentions_erase(spikelet, virtual):
    status, _, err = spikelet("flash")
    assert status == 2
    assert is_one_sentence(err)
    assert "--erase" in err
