"""A user's file with the name of a built-in module is found before anything is written."""

from pathlib import Path

import pytest
from board_in_folder import FolderBoard

from spikelet.errors import SpikeletError
from spikelet.flashing import hidden_modules
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.runtime import bytecode

RUNTIME = bytecode.sources()


def check(*paths, content=b"", new=RUNTIME):
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    board = FolderBoard()
    try:
        hidden_modules.check(BoardFiles(board), "pico", new)
    finally:
        assert board.count == 0


@pytest.mark.parametrize("folder", ["", "lib/"])
@pytest.mark.parametrize("form", ["{}.py", "{}.mpy", "{}/__init__.py", "{}/notes.txt"])
@pytest.mark.parametrize("module", ["array", "struct", "time", "json", "errno", "select"])
def test_check_finds_file_that_hides_module(tmp_path, monkeypatch, folder, form, module):
    monkeypatch.chdir(tmp_path)
    path = folder + form.format(module)
    with pytest.raises(SpikeletError) as error:
        check(path, "mine.py", "lib/mine.mpy")
    top = path if path.endswith(("py",)) and "/" not in form else folder + module
    sentence = str(error.value)
    assert sentence.startswith(f"{top} on pico has the name of the module {module}, ")
    assert "nothing was written: rename it" in sentence


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("mine.py", b""),
        ("lib/adafruit_mpu6050.mpy", b""),
        # Interpreters take these before files.
        ("gc.py", b""),
        ("micropython.py", b""),
        ("time.txt", b""),
        ("data/time.py", b""),
        # The user writes app.py for Spikelet.
        ("app.py", b""),
        # micropython-lib adds to built-in modules.
        ("lib/time.py", b"from utime import *\n\ndef strftime(): pass\n"),
        ("lib/os/__init__.py", b"# Replace built-in os module.\nfrom os import *\n"),
    ],
)
def test_check_allows_file_that_hides_no_module(tmp_path, monkeypatch, path, content):
    monkeypatch.chdir(tmp_path)
    check(path, content=content)


def test_check_allows_module_that_chosen_files_do_not_import(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    new = {path: data for path, data in RUNTIME.items() if "circuit" not in path}
    assert "board" in hidden_modules.imported(RUNTIME)
    assert "board" not in hidden_modules.imported(new)
    check("board.py", new=new)


def test_imported_names_each_module_from_outside():
    names = hidden_modules.imported(RUNTIME)
    assert {"array", "struct", "time", "json", "os", "errno", "machine", "ulab"} <= names
    assert not {"spikert", "app", "gc"} & names
    assert hidden_modules.imported({path.replace(".py", ".mpy"): b"" for path in RUNTIME}) == names
