"""After a power cut at any moment of a flash, a board starts with the old or the new network."""

from pathlib import Path

import pytest
from board_in_folder import FolderBoard, PowerCut, boot
from thorough import quick

from spikelet import installation
from spikelet.boards import start_code
from spikelet.errors import SpikeletError
from spikelet.flashing import erase, known_content, stage
from spikelet.flashing import layout as board_layout
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.fingerprint import fingerprint
from spikelet.flashing.layout import Layout
from spikelet.flashing.manifest import MANIFEST, suffix
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
# The first version flashed boards like this; nothing proves that these are not the user's files.
IN_THE_ROOT = {
    **RUNTIMES["old"],
    "network.lif": b"1" * 1100,
    "main.py": OLD_MAIN,
    "code.py": OLD_MAIN.replace(b"Micro", b"Circuit"),
}
# Files of a user with names that Spikelet uses, in another place or with another content.
THEIRS = {
    "main.py.new": b"mine",
    "code.py.new": b"",
    "network.lif": b"mine, too",
    "samples.bin.new": b"2" * 10,
    "spikert/__init__.py": b"my own",
    "spikelet/my_recording.csv": b"1,2,3",
    "spikelet/manifest.txt": b"to do",
    "spikelet/notes/active": b"not at all",
    "spikelet/12345678.lif": b"SLIF, but another",
    "spikelet/r12345678/spikert/__init__.py": b"old",
    "data/log.csv": b"4,5,6",
}
# Files of a user with the names of Spikelet's lists; they get other names.
IN_THE_WAY = {
    "spikelet/active": b"runtime spikelet/r12345678\nand more",
    "spikelet/active.new": b"runtime of a film",
    "spikelet/manifest": b"spikelet files 1\nmine",
    "spikelet/manifest.new": b"spikelet files of mine",
    "spikelet/starts": b"starts of races",
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
    folders, boards = [], {}

    def fresh(files) -> FolderBoard:
        folders.append(tmp_path / str(len(folders)))
        folders[-1].mkdir()
        monkeypatch.chdir(folders[-1])
        if "main.py" in files and files["main.py"] == OLD_MAIN:
            write(files)
        elif id(files) in boards:
            write(boards[id(files)][1])
        elif files:
            flash(FolderBoard(), files)
            boards[id(files)] = files, contents()
        return FolderBoard()

    return fresh


def write(files):
    for path, data in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(data)


def contents():
    return {path.as_posix(): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def flashed(files):
    """Return the paths of Spikelet's files after a flash."""
    layout = Layout.of_files(files)
    return {*layout.staged, *layout.entries, start_code.ACTIVE, MANIFEST}


def flash(board, files):
    return list(stage.install_files(BoardFiles(board, fast=False), files))


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
        users = old.keys() - installation.ENTRY_POINTS if old is IN_THE_ROOT else set()
        assert contents().keys() - users == flashed(new)
        assert users <= contents().keys()
    # The board starts the old network up to one moment, and the new one from then on.
    assert starts == sorted(starts, reverse=True)
    assert set(starts) == {0, 1}


@pytest.mark.parametrize("fat", [False, True], ids=["littlefs", "FAT"])
@pytest.mark.parametrize(
    ("old", "earlier"),
    [({}, False), (OLD, False), (OLD, True)],
    ids=["empty", "flashed", "earlier version"],
)
def test_power_cut_at_each_operation_keeps_files_of_user(folder, old, earlier, fat):
    def board_of_user():
        folder(old)
        write(THEIRS)
        if earlier:
            Path(MANIFEST).unlink(missing_ok=True)
        elif old:
            # The user has changed a file of the runtime in use.
            path = next(path for path in Layout.of_files(old).staged if "plain" in path)
            Path(path).write_bytes(b"my kernel")
            changed[path] = b"my kernel"
            before["spikert/kernels/plain.py"] = b"my kernel"
        if not old:
            write(IN_THE_WAY)
        return FolderBoard(fat=fat)

    before, changed = dict(old), {}
    new = {**NEW, **RUNTIMES["old"]}
    board = board_of_user()
    flash(board, new)
    operations = board.count
    assert 10 < operations < 60
    moved = {f"{path}.bak": data for path, data in IN_THE_WAY.items()} if not old else {}
    for cut in range(operations):
        board = board_of_user()
        board.cut_at = cut
        with pytest.raises(PowerCut):
            flash(board, new)
        assert THEIRS.items() <= contents().items()
        assert changed.items() <= contents().items()
        assert boot_result() in (started(before) if old else None, started(new))
        if not old:
            left = [*contents().values()]
            assert all(data in left for data in IN_THE_WAY.values())
        flash(FolderBoard(fat=fat), new)
        assert boot_result() == started(new)
        users = {**THEIRS, **changed, **moved}
        assert users.items() <= contents().items()
        assert len(contents().keys() - users) == len(flashed(new))


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
    # Some flashes were not cut, so `most` covers every operation.
    assert moments < 2 * len(firsts) * most


def test_stage_removes_files_of_cut_flash_first(folder):
    folder(OLD)
    board = FolderBoard()
    board.cut_at = 13
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
    stored = [path for path in board.written if not path.startswith("spikelet/manifest")][:-1]
    assert stored
    again = FolderBoard()
    steps = flash(again, NEW)
    assert not set(stored) & set(again.written)
    assert steps[0][0] == sum(
        len(data)
        for path, data in Layout.of_files(NEW).staged.items()
        if path + suffix(path, fingerprint(data)) in stored
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
    files = BoardFiles(board, fast=False)
    look = stage.look_at(files, Layout.variants(NEW))
    list(stage.stage(files, look))
    assert stage.conclude(files, look.layout) == stage.UserFiles(("main.py",), ("main.py",))
    assert Path("main.py").read_text() == "print('mine')"
    note = stage.own_entries_note(("main.py",))
    assert "import code; code.start()" in note


FACTORY = b'print("Hello World!")\n'


@pytest.mark.parametrize(
    "content", [FACTORY, b"", b"# main.py -- put your code here!\r\n", OLD_MAIN]
)
def test_activate_replaces_entry_of_factory_and_earlier_version(folder, content):
    folder({})
    write({"code.py": content})
    flash(FolderBoard(), NEW)
    assert boot_result(("code.py",)) == started(NEW)


@pytest.mark.parametrize("content", [FACTORY, OLD_MAIN, ENTRY["code.py"]])
def test_activate_keeps_entry_that_begins_like_another(folder, content):
    folder({})
    write({"code.py": content + b"\nimport board\n# a month of my own work\n"})
    before = contents()
    flash(FolderBoard(), NEW)
    flash(FolderBoard(), OLD)
    assert before.items() <= contents().items()


def test_entry_point_is_the_newest_of_the_known_ones():
    assert fingerprint(installation.entry_point()) == known_content.ENTRIES[-1]


def test_activate_keeps_entry_that_user_edited(folder):
    folder(OLD)
    edited = ENTRY["main.py"] + b"# and more of mine\n"
    write({"main.py": edited})
    flash(FolderBoard(), NEW)
    assert Path("main.py").read_bytes() == edited
    assert boot_result(("main.py",)) == started(NEW)


def test_activate_replaces_entry_of_manifest(folder):
    # A version in between, of which only the manifest knows.
    folder({**OLD, "main.py": b"start()", "code.py": b"start()"})
    flash(FolderBoard(), NEW)
    assert boot_result(("main.py",)) == started(NEW)


def test_flash_replaces_files_of_version_without_manifest(folder):
    folder(OLD)
    Path(MANIFEST).unlink()
    flash(FolderBoard(), NEW)
    assert contents().keys() == flashed(NEW)


def test_flash_keeps_changed_runtime_of_version_without_manifest(folder):
    folder(OLD)
    Path(MANIFEST).unlink()
    changed = next(path for path in Layout.of_files(OLD).staged if "plain" in path)
    write({changed: b"changed"})
    before = contents()
    flash(FolderBoard(), NEW)
    kept = {path: data for path, data in before.items() if path.endswith(".py") and "/r" in path}
    assert kept.items() <= contents().items()


def test_flash_gives_file_of_user_no_other_content(folder):
    folder(OLD)
    paths = Layout.of_files(NEW).staged
    theirs = {path: b"mine" for path in paths if path.endswith(".lif")}
    write(theirs)
    for again in (False, True):
        board = FolderBoard()
        flash(board, NEW)
        assert (board.count == 0) == again
        assert theirs.items() <= contents().items()
        assert boot_result() == started(NEW)
    flash(FolderBoard(), OLD)
    assert contents().keys() == {*theirs, *flashed(OLD)}


def test_flash_refuses_file_in_place_of_folder(folder):
    board = folder({})
    write({"spikelet": b"mine"})
    with pytest.raises(SpikeletError, match="has a file 'spikelet'.*rename it"):
        flash(board, NEW)
    assert (contents(), board.count) == ({"spikelet": b"mine"}, 0)


def test_outcome_names_files_of_user(folder):
    folder(OLD)
    write({**THEIRS, "boot_out.txt": b"of CircuitPython"})
    Path("spikelet/empty").mkdir()
    files = BoardFiles(FolderBoard(), fast=False)
    plan = stage.plan_changes(files, Layout.variants(NEW))
    look = stage.look_at(files, Layout.variants(NEW))
    list(stage.stage(files, look))
    outcome = stage.conclude(files, look.layout)
    assert outcome.others == plan.others
    assert set(outcome.others) == {
        "main.py.new",
        "code.py.new",
        "network.lif",
        "samples.bin.new",
        "spikert/",
        "data/",
        "spikelet/empty/",
        *(path for path in THEIRS if path.startswith("spikelet/")),
    }


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
    files = BoardFiles(board, fast=False)
    plan = stage.plan_changes(files, Layout.variants(SAME_RUNTIME))
    assert board.count == 0
    before = contents().keys()
    flash(board, SAME_RUNTIME)
    after = contents().keys()
    assert set(plan.send) == {path.rpartition(".")[0] for path in board.written}
    assert set(plan.remove) == before - after
    assert {*plan.send, *plan.keep} == after


def test_erase_keeps_files_of_user(folder):
    folder(OLD)
    write(THEIRS)
    files = BoardFiles(FolderBoard(), fast=False)
    erasure = erase.own_files(files)
    assert {path for path in erasure.others if path.endswith("/")} == {"spikert/", "data/"}
    erase.erase(files, erasure)
    assert contents() == THEIRS
    Path("boot_out.txt").write_text("of CircuitPython")
    files = BoardFiles(FolderBoard(), fast=False, everywhere=True)
    erase.erase(files, erase.everything(files))
    assert [path.name for path in Path().iterdir()] == ["boot_out.txt"]


def test_erase_leaves_entry_of_factory(folder):
    folder(OLD)
    write({"code.py": FACTORY})
    files = BoardFiles(FolderBoard(), fast=False)
    erase.erase(files, erase.own_files(files))
    assert contents() == {"code.py": FACTORY}


@pytest.mark.parametrize("earlier", [False, True], ids=["manifest", "earlier version"])
def test_power_cut_in_erase_starts_network_or_none(folder, earlier):
    def board_of_user():
        folder(OLD)
        write(THEIRS)
        if earlier:
            Path(MANIFEST).unlink()
        board = FolderBoard()
        return board, BoardFiles(board, fast=False)

    board, files = board_of_user()
    erase.erase(files, erase.own_files(files))
    assert 10 < board.count < 40
    for cut in range(board.count):
        board, files = board_of_user()
        board.cut_at = cut
        with pytest.raises(PowerCut):
            erase.erase(files, erase.own_files(files))
        assert boot_result() in (started(OLD), None)
        assert THEIRS.items() <= contents().items()
        files = BoardFiles(FolderBoard(), fast=False)
        erase.erase(files, erase.own_files(files))
        assert contents() == THEIRS


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
