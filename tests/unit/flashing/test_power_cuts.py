"""After a power cut at any moment of a flash, a board starts with the old or the new network."""

from pathlib import Path

import pytest
from board_in_folder import FolderBoard, PowerCut, boot
from thorough import quick

from spikelet import installation
from spikelet.boards import start_code
from spikelet.errors import SpikeletError
from spikelet.flashing import erase, stage
from spikelet.flashing import layout as board_layout
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.layout import Layout
from spikert.session.crash_count import CrashCount

ENTRY = dict.fromkeys(installation.ENTRY_POINTS, installation.entry_point())
RUNTIMES = {
    "old": {"spikert/__init__.py": b"old", "spikert/kernels/plain.py": b"o" * 1500},
    "new": {"spikert/__init__.py": b"new", "spikert/kernels/plain.py": b"n" * 1700},
}
OLD = {**RUNTIMES["old"], "network.lif": b"1" * 1100, "samples.bin": b"2" * 10, **ENTRY}
NEW = {**RUNTIMES["new"], "network.lif": b"3" * 1300, **ENTRY}
SAME_RUNTIME = {**RUNTIMES["old"], "network.lif": b"3" * 1300, "sensor.json": b"{}", **ENTRY}
OLD_MAIN = b'''"""MicroPython starts here: serve the host until it says goodbye or sends Ctrl-C."""

from spikert import session

session.main()
'''
# Earlier versions flashed boards like this.
IN_THE_ROOT = {
    **RUNTIMES["old"],
    "network.lif": b"1" * 1100,
    "main.py": OLD_MAIN,
    "code.py": OLD_MAIN.replace(b"Micro", b"Circuit"),
}


def started(files):
    """Return (runtime, files) that a board with these files starts."""
    runtime = {path: data for path, data in files.items() if path.startswith("spikert/")}
    others = {name: files[name] for name in start_code.ENDINGS if name in files}
    return runtime, others


def boot_result(first=("code.py", "main.py")):
    start = boot(first)
    return None if start is None else (start.runtime, start.files)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a function that makes a new folder of a board and changes to it."""
    folders = []

    def fresh(files) -> FolderBoard:
        folders.append(tmp_path / str(len(folders)))
        folders[-1].mkdir()
        monkeypatch.chdir(folders[-1])
        if "main.py" in files and files["main.py"] == OLD_MAIN:
            for path, data in files.items():
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_bytes(data)
        elif files:
            flash(FolderBoard(), files)
        return FolderBoard()

    return fresh


def flash(board, files):
    return list(stage.install_files(BoardFiles(board, fast=False), Layout.of_files(files)))


@pytest.mark.parametrize("files", [OLD, NEW, SAME_RUNTIME], ids=["old", "new", "same runtime"])
def test_flash_then_board_starts_with_new_files(folder, files):
    folder({})
    flash(FolderBoard(), files)
    assert boot_result() == started(files)
    assert boot_result(("main.py",)) == started(files)
    assert not list(Path().rglob("*.new"))


@pytest.mark.parametrize("fat", [False, True], ids=["littlefs", "FAT"])
@pytest.mark.parametrize("new", [NEW, SAME_RUNTIME], ids=["new runtime", "same runtime"])
@pytest.mark.parametrize("old", [{}, OLD, IN_THE_ROOT], ids=["empty", "flashed", "old layout"])
def test_power_cut_at_each_operation_starts_old_or_new(folder, old, new, fat):
    folder(old)
    board = FolderBoard(fat=fat)
    flash(board, new)
    operations = board.count
    assert operations > 10
    allowed = [started(new), started(old) if old else None]
    # A MicroPython on littlefs starts with main.py; CircuitPython, on FAT, with code.py, else main.py.
    first = ("code.py", "main.py") if fat else ("main.py",)
    starts = []
    for cut in range(operations):
        folder(old)
        board = FolderBoard(fat=fat)
        board.cut_at = cut
        with pytest.raises(PowerCut):
            flash(board, new)
        starts.append(allowed.index(boot_result(first)))
        again = FolderBoard(fat=fat)
        flash(again, new)
        assert boot_result(first) == started(new)
        left = {path.as_posix() for path in Path().rglob("*") if path.is_file()}
        layout = Layout.of_files(new)
        assert left == {*layout.staged, *layout.entries, start_code.ACTIVE}
    # The board starts the old network up to one moment, and the new one from then on.
    assert starts == sorted(starts, reverse=True)
    assert set(starts) == {0, 1}


@pytest.mark.parametrize("every", quick((1, 4), (4,)))
@pytest.mark.parametrize("fat", [False, True], ids=["littlefs", "FAT"])
def test_two_power_cuts_in_a_row_start_a_complete_network(folder, fat, every):
    other = {**OLD, "network.lif": b"5" * 100}
    allowed = [started(files) for files in (OLD, SAME_RUNTIME, other)]
    # More than either flash has operations.
    most = 20
    pairs = moments = 0
    firsts = range(0, most, every)
    for first in firsts:
        for second in range(most):
            folder(OLD)
            cuts = 0
            for cut, files in ((first, SAME_RUNTIME), (second, other)):
                board = FolderBoard(fat=fat)
                board.cut_at = cut
                try:
                    flash(board, files)
                except PowerCut:
                    cuts += 1
            assert boot_result() in allowed
            moments += cuts
            pairs += cuts == 2
    assert pairs > 100 // every
    assert moments < 2 * len(firsts) * most  # so every operation was among them


def test_stage_removes_files_of_cut_flash_first(folder):
    folder(OLD)
    board = FolderBoard()
    board.cut_at = 8
    with pytest.raises(PowerCut):
        flash(board, NEW)
    left = set(Layout.of_files(NEW).staged) - set(Layout.of_files(OLD).staged)
    assert any(Path(path).exists() for path in left)
    again = FolderBoard()
    again.room = 0
    with pytest.raises(SpikeletError, match="No space left"):
        flash(again, SAME_RUNTIME)
    assert not any(Path(path).exists() for path in left)
    assert boot_result() == started(OLD)


def test_stage_after_cut_sends_only_missing_files(folder):
    folder(OLD)
    board = FolderBoard()
    board.cut_at = 11
    with pytest.raises(PowerCut):
        flash(board, NEW)
    stored = [path for path in board.written if not path.startswith("spikelet/active")][:-1]
    assert stored
    again = FolderBoard()
    steps = flash(again, NEW)
    assert not set(stored) & set(again.written)
    assert steps[0][0] == sum(
        len(data) for path, data in Layout.of_files(NEW).staged.items() if path + ".new" in stored
    )


def test_flash_of_equal_files_writes_nothing(folder):
    folder(OLD)
    board = FolderBoard()
    flash(board, OLD)
    assert board.count == 0


def test_flash_resets_crash_count(folder):
    folder(OLD)
    Path(CrashCount.path).write_text("3\nValueError: no such pin")
    flash(FolderBoard(), OLD)
    assert not Path(CrashCount.path).exists()


def test_activate_keeps_main_py_of_user(folder):
    board = folder({})
    Path("main.py").write_text("print('mine')")
    files, layout = BoardFiles(board, fast=False), Layout.of_files(NEW)
    list(stage.stage(files, layout))
    assert stage.activate(files, layout) == ("main.py",)
    stage.clean(files, layout)
    assert Path("main.py").read_text() == "print('mine')"
    note = stage.own_entries_note(("main.py",))
    assert "import code; code.start()" in note


def test_activate_replaces_hello_of_circuitpython(folder):
    folder({})
    Path("code.py").write_text('print("Hello World!")\n')
    flash(FolderBoard(), NEW)
    assert boot_result(("code.py",)) == started(NEW)


def test_clean_keeps_old_layout_for_main_py_of_user(folder):
    folder(IN_THE_ROOT)
    Path("main.py").write_bytes(b"# mine\n" + OLD_MAIN)
    flash(FolderBoard(), NEW)
    assert Path("network.lif").exists()
    assert Path("spikert/__init__.py").exists()


def test_parse_listing_of_torn_content_is_none():
    whole = board_layout.listing({"runtime": "spikelet/r1", "network.lif": "spikelet/2.lif"})
    assert board_layout.parse_listing(whole) == {
        "runtime": "spikelet/r1",
        "network.lif": "spikelet/2.lif",
    }
    for size in range(len(whole)):
        assert board_layout.parse_listing(whole[:size]) is None
    for at in range(len(whole)):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        assert board_layout.parse_listing(changed) is None
    assert board_layout.parse_listing(None) is None


def test_board_ignores_torn_active_and_uses_new_one(folder, capsys):
    folder(OLD)
    whole = Path("spikelet/active").read_bytes()
    for size in range(0, len(whole), 7):
        Path("spikelet/active").write_bytes(whole[:size])
        assert boot_result() is None
    assert "run spikelet flash" in capsys.readouterr().out
    Path("spikelet/active.new").write_bytes(whole)
    assert boot_result() == started(OLD)


def test_plan_changes_match_flash_and_write_nothing(folder):
    folder(OLD)
    board = FolderBoard()
    files, layout = BoardFiles(board, fast=False), Layout.of_files(SAME_RUNTIME)
    plan = stage.plan_changes(files, layout)
    assert board.count == 0
    before = {path.as_posix() for path in Path().rglob("*") if path.is_file()}
    flash(board, SAME_RUNTIME)
    after = {path.as_posix() for path in Path().rglob("*") if path.is_file()}
    assert set(plan.send) == {path.removesuffix(".new") for path in board.written}
    assert set(plan.remove) == before - after
    assert {*plan.send, *plan.keep} == after


def test_erase_keeps_files_of_user(folder):
    folder(IN_THE_ROOT)
    flash(FolderBoard(), OLD)
    for path in ("mine.py", "data/1.bin"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(b"x")
    files = BoardFiles(FolderBoard())
    erase.erase(files, erase.own_files(files))
    assert {path.as_posix() for path in Path().rglob("*")} == {"mine.py", "data", "data/1.bin"}
    Path("boot_out.txt").write_text("of CircuitPython")
    erase.erase(files, erase.everything(files))
    assert [path.name for path in Path().iterdir()] == ["boot_out.txt"]


def test_power_cut_in_erase_starts_network_or_none(folder):
    folder(OLD)
    board = FolderBoard()
    erase.erase(BoardFiles(board), erase.own_files(BoardFiles(board)))
    for cut in range(board.count):
        folder(OLD)
        board = FolderBoard()
        board.cut_at = cut
        files = BoardFiles(board)
        with pytest.raises(PowerCut):
            erase.erase(files, erase.own_files(files))
        assert boot_result() in (started(OLD), None)


def test_flash_on_full_board_keeps_old_network(folder):
    folder(OLD)
    board = FolderBoard()
    board.room = 900
    with pytest.raises(SpikeletError, match="keeps its old files"):
        flash(board, NEW)
    assert boot_result() == started(OLD)


def test_flash_of_damaged_files_keeps_old_network(folder):
    folder(OLD)
    board = FolderBoard()
    board.corrupt = True
    with pytest.raises(SpikeletError, match="damaged"):
        flash(board, NEW)
    assert boot_result() == started(OLD)
