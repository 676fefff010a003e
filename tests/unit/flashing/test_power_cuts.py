"""A flash cut at any moment leaves a board that starts with the old or the new, never neither."""

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
IN_THE_ROOT = {  # as boards were flashed before
    **RUNTIMES["old"],
    "network.lif": b"1" * 1100,
    "main.py": OLD_MAIN,
    "code.py": OLD_MAIN.replace(b"Micro", b"Circuit"),
}


def started(files):
    """Return what a board starts on which these files were put."""
    runtime = {path: data for path, data in files.items() if path.startswith("spikert/")}
    given = {name: files[name] for name in start_code.ENDINGS if name in files}
    return runtime, given


def seen(first=("code.py", "main.py")):
    found = boot(first)
    return None if found is None else (found.runtime, found.files)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a function that makes a new folder of a board the current one."""
    made = []

    def fresh(files) -> FolderBoard:
        made.append(tmp_path / str(len(made)))
        made[-1].mkdir()
        monkeypatch.chdir(made[-1])
        if "main.py" in files and files["main.py"] == OLD_MAIN:
            for path, data in files.items():
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_bytes(data)
        elif files:
            flash(FolderBoard(), files)
        return FolderBoard()

    return fresh


def flash(board, files):
    return list(stage.install_files(BoardFiles(board, fast=False), board_layout.of(files)))


@pytest.mark.parametrize("files", [OLD, NEW, SAME_RUNTIME], ids=["old", "new", "same runtime"])
def test_a_board_starts_with_what_was_flashed(folder, files):
    folder({})
    flash(FolderBoard(), files)
    assert seen() == started(files)
    assert seen(("main.py",)) == started(files)
    assert not list(Path().rglob("*.new"))


@pytest.mark.parametrize("fat", [False, True], ids=["littlefs", "FAT"])
@pytest.mark.parametrize("new", [NEW, SAME_RUNTIME], ids=["new runtime", "same runtime"])
@pytest.mark.parametrize("old", [{}, OLD, IN_THE_ROOT], ids=["empty", "flashed", "old layout"])
def test_the_power_can_go_at_any_operation(folder, old, new, fat):
    folder(old)
    board = FolderBoard(fat=fat)
    flash(board, new)
    operations = board.count
    assert operations > 10
    allowed = [started(new), started(old) if old else None]
    # A MicroPython on littlefs starts with main.py; CircuitPython, on FAT, with code.py, else main.py.
    first = ("code.py", "main.py") if fat else ("main.py",)
    found = []
    for cut in range(operations):
        folder(old)
        board = FolderBoard(fat=fat)
        board.cut_at = cut
        with pytest.raises(PowerCut):
            flash(board, new)
        found.append(allowed.index(seen(first)))
        again = FolderBoard(fat=fat)
        flash(again, new)
        assert seen(first) == started(new)
        left = {path.as_posix() for path in Path().rglob("*") if path.is_file()}
        layout = board_layout.of(new)
        assert left == {*layout.staged, *layout.entries, start_code.ACTIVE}
    assert found == sorted(found, reverse=True)  # first the old, from one moment on the new
    assert set(found) == {0, 1}


@pytest.mark.parametrize("every", quick((1, 4), (4,)))
@pytest.mark.parametrize("fat", [False, True], ids=["littlefs", "FAT"])
def test_two_cuts_in_a_row_hurt_no_more_than_one(folder, fat, every):
    other = {**OLD, "network.lif": b"5" * 100}
    allowed = [started(files) for files in (OLD, SAME_RUNTIME, other)]
    most = 20  # more than either has operations
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
            assert seen() in allowed
            moments += cuts
            pairs += cuts == 2
    assert pairs > 100 // every
    assert moments < 2 * len(firsts) * most  # so every operation was among them


def test_what_a_cut_left_makes_room_before_anything_else_is_sent(folder):
    folder(OLD)
    board = FolderBoard()
    board.cut_at = 8
    with pytest.raises(PowerCut):
        flash(board, NEW)
    left = set(board_layout.of(NEW).staged) - set(board_layout.of(OLD).staged)
    assert any(Path(path).exists() for path in left)
    again = FolderBoard()
    again.room = 0
    with pytest.raises(SpikeletError, match="No space left"):
        flash(again, SAME_RUNTIME)
    assert not any(Path(path).exists() for path in left)
    assert seen() == started(OLD)


def test_what_a_cut_flash_has_sent_is_not_sent_again(folder):
    folder(OLD)
    board = FolderBoard()
    board.cut_at = 11
    with pytest.raises(PowerCut):
        flash(board, NEW)
    there = [path for path in board.written if not path.startswith("spikelet/active")][:-1]
    assert there
    again = FolderBoard()
    steps = flash(again, NEW)
    assert not set(there) & set(again.written)
    assert steps[0][0] == sum(
        len(data) for path, data in board_layout.of(NEW).staged.items() if path + ".new" in there
    )


def test_flashing_the_same_again_writes_nothing(folder):
    folder(OLD)
    board = FolderBoard()
    flash(board, OLD)
    assert board.count == 0


def test_a_board_that_was_given_up_is_tried_again(folder):
    folder(OLD)
    Path(CrashCount.path).write_text("3\nValueError: no such pin")
    flash(FolderBoard(), OLD)
    assert not Path(CrashCount.path).exists()


def test_a_main_py_of_the_user_s_own_stays(folder):
    board = folder({})
    Path("main.py").write_text("print('mine')")
    files, layout = BoardFiles(board, fast=False), board_layout.of(NEW)
    list(stage.stage(files, layout))
    assert stage.activate(files, layout) == ("main.py",)
    stage.clean(files, layout)
    assert Path("main.py").read_text() == "print('mine')"
    note = stage.own_entries_note(("main.py",))
    assert "import code; code.start()" in note


def test_circuitpython_s_own_hello_is_replaced(folder):
    folder({})
    Path("code.py").write_text('print("Hello World!")\n')
    flash(FolderBoard(), NEW)
    assert seen(("code.py",)) == started(NEW)


def test_the_old_layout_stays_where_the_user_s_own_main_py_may_use_it(folder):
    folder(IN_THE_ROOT)
    Path("main.py").write_bytes(b"# mine\n" + OLD_MAIN)
    flash(FolderBoard(), NEW)
    assert Path("network.lif").exists()
    assert Path("spikert/__init__.py").exists()


def test_a_torn_list_is_not_believed():
    whole = board_layout.listing({"runtime": "spikelet/r1", "network.lif": "spikelet/2.lif"})
    assert board_layout.listed(whole) == {"runtime": "spikelet/r1", "network.lif": "spikelet/2.lif"}
    for size in range(len(whole)):
        assert board_layout.listed(whole[:size]) is None
    for at in range(len(whole)):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        assert board_layout.listed(changed) is None
    assert board_layout.listed(None) is None


def test_the_board_takes_a_torn_list_for_none_as_well(folder, capsys):
    folder(OLD)
    whole = Path("spikelet/active").read_bytes()
    for size in range(0, len(whole), 7):
        Path("spikelet/active").write_bytes(whole[:size])
        assert seen() is None
    assert "run spikelet flash" in capsys.readouterr().out
    Path("spikelet/active.new").write_bytes(whole)
    assert seen() == started(OLD)


def test_a_plan_says_what_a_flash_does_and_changes_nothing(folder):
    folder(OLD)
    board = FolderBoard()
    files, layout = BoardFiles(board, fast=False), board_layout.of(SAME_RUNTIME)
    plan = stage.plan(files, layout)
    assert board.count == 0
    before = {path.as_posix() for path in Path().rglob("*") if path.is_file()}
    flash(board, SAME_RUNTIME)
    after = {path.as_posix() for path in Path().rglob("*") if path.is_file()}
    assert set(plan.send) == {path.removesuffix(".new") for path in board.written}
    assert set(plan.remove) == before - after
    assert {*plan.send, *plan.keep} == after


def test_erasing_leaves_what_is_not_spikelet_s(folder):
    folder(IN_THE_ROOT)
    flash(FolderBoard(), OLD)
    for path in ("mine.py", "data/1.bin"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(b"x")
    files = BoardFiles(FolderBoard())
    erase.erase(files, erase.ours(files))
    assert {path.as_posix() for path in Path().rglob("*")} == {"mine.py", "data", "data/1.bin"}
    Path("boot_out.txt").write_text("of CircuitPython")
    erase.erase(files, erase.everything(files))
    assert [path.name for path in Path().iterdir()] == ["boot_out.txt"]


def test_an_erase_that_is_cut_leaves_a_board_that_starts_with_it_or_nothing(folder):
    folder(OLD)
    board = FolderBoard()
    erase.erase(BoardFiles(board), erase.ours(BoardFiles(board)))
    for cut in range(board.count):
        folder(OLD)
        board = FolderBoard()
        board.cut_at = cut
        files = BoardFiles(board)
        with pytest.raises(PowerCut):
            erase.erase(files, erase.ours(files))
        assert seen() in (started(OLD), None)


def test_a_full_board_goes_on_with_what_it_had(folder):
    folder(OLD)
    board = FolderBoard()
    board.room = 900
    with pytest.raises(SpikeletError, match="goes on with what it had"):
        flash(board, NEW)
    assert seen() == started(OLD)


def test_what_arrives_damaged_is_not_put_to_use(folder):
    folder(OLD)
    board = FolderBoard()
    board.corrupt = True
    with pytest.raises(SpikeletError, match="damaged"):
        flash(board, NEW)
    assert seen() == started(OLD)
