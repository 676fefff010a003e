"""Files are replaced whole or not at all, in their place and with their rights."""

import os
import stat

import pytest

from spikelet import files, installation
from spikelet.errors import SpikeletError, UsageError


def contents(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_replacing_writes_when_the_block_ends(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with files.replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
    assert contents(tmp_path) == {"a.txt": "new"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_replacing_failed_block_leaves_only_the_old_file(tmp_path, error):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(error), files.replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("half of")
        raise error
    assert contents(tmp_path) == {"a.txt": "old"}


def test_replacing_full_disk_leaves_the_old_file(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with (
        pytest.raises(SpikeletError, match=r"^cannot write .*a\.txt: No space left on device$"),
        files.replacing(tmp_path / "a.txt"),
    ):
        raise OSError(28, "No space left on device")
    assert contents(tmp_path) == {"a.txt": "old"}


def test_replacing_new_file_has_default_permissions(tmp_path):
    with files.replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    (tmp_path / "b.txt").write_text("")
    rights = [stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in ("a.txt", "b.txt")]
    assert rights[0] == rights[1]


def test_replacing_missing_folder_is_one_sentence(tmp_path):
    sentence = r"^cannot write .*/nowhere/a\.txt: No such file or directory$"
    with pytest.raises(SpikeletError, match=sentence), files.replacing(tmp_path / "nowhere/a.txt"):
        pass


def test_replacing_read_only_folder_is_one_sentence(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    sentence = r"^cannot write .*/a\.txt: Permission denied$"
    with pytest.raises(SpikeletError, match=sentence), files.replacing(tmp_path / "a.txt"):
        pass


def test_replacing_a_folder_is_one_sentence(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with (
        pytest.raises(SpikeletError, match=r"^cannot write .*/a\.txt: "),
        files.replacing(tmp_path / "a.txt") as temporary,
    ):
        temporary.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", ["nowhere.lif", "."])
def test_read_unreadable_file_is_one_sentence(tmp_path, name):
    with pytest.raises(SpikeletError, match=r"^cannot read .*: (No such file|Is a directory)"):
        files.read(tmp_path / name)


@pytest.mark.parametrize("target", ["old.txt", "new.txt"])
def test_replacing_writes_through_symbolic_link(tmp_path, target):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "old.txt").write_text("old")
    (tmp_path / "link").symlink_to(f"real/{target}")
    with files.replacing(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert contents(tmp_path / "real") == {"old.txt": "old"} | {target: "new"}


def test_replacing_writes_through_hard_link(tmp_path):
    (tmp_path / "a.txt").write_text("a longer text")
    os.link(tmp_path / "a.txt", tmp_path / "b.txt")
    with files.replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert contents(tmp_path) == {"a.txt": "new", "b.txt": "new"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_replacing_and_create_write_into_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    # A descriptor for both directions lets the writer open the pipe without a reader.
    reader = os.open(tmp_path / "pipe", os.O_RDWR)
    with files.replacing(tmp_path / "pipe") as temporary:
        temporary.write_bytes(b"through")
    with files.create(tmp_path / "pipe") as file:
        file.write(b" twice")
    assert os.read(reader, 100) == b"through twice"
    os.close(reader)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_replacing_full_device_is_one_sentence():
    sentence = "^cannot write /dev/full: No space left on device$"
    with pytest.raises(SpikeletError, match=sentence), files.replacing("/dev/full") as temporary:
        temporary.write_bytes(b"any")


def test_replacing_keeps_permissions(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "a.txt").chmod(0o640)
    with files.replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_longest_name_is_written_and_longer_one_refused(tmp_path):
    with files.replacing(tmp_path / ("a" * 255)) as temporary:
        temporary.write_text("new")
    assert contents(tmp_path) == {"a" * 255: "new"}
    for check in (files.check_target, files.create):
        with pytest.raises(SpikeletError, match="^cannot write .*: File name too long$"):
            check(tmp_path / ("a" * 260))


@pytest.mark.parametrize("spelling", ["a.nir", "./a.nir", "sub/../a.nir", "symbolic", "hard"])
def test_check_outputs_refuses_input_by_any_name(tmp_path, monkeypatch, spelling):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.nir").write_text("graph")
    (tmp_path / "symbolic").symlink_to("a.nir")
    os.link("a.nir", "hard")
    with pytest.raises(UsageError, match="is the input a.nir and would be overwritten"):
        files.check_outputs(["other", spelling], [None, "a.nir"])


def test_check_outputs_refuses_output_twice_and_recording(tmp_path):
    new, folder = tmp_path / "new", tmp_path / "folder"
    with pytest.raises(UsageError, match="is the output"):
        files.check_outputs([new, tmp_path / "." / "new"], [])
    folder.mkdir()
    (folder / "1_a.npy").write_text("")
    with pytest.raises(UsageError, match="is part of the input"):
        files.check_outputs([folder / "1_a.npy"], [folder])
    files.check_outputs([folder / "net.nir", "", None], [folder, "digits"])


def test_create_refuses_file_and_follows_dangling_link(tmp_path):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        files.create(tmp_path / "a")
    (tmp_path / "link").symlink_to("b")
    with files.create(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "b").read_text() == "new"
    assert (tmp_path / "a").read_text() == "mine"


def test_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path / "cache"))
    assert installation.cache_folder("a", "b") == tmp_path / "cache/a/b"
    assert (tmp_path / "cache/a/b").is_dir()


def test_cache_folder_impossible_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path / "file"))
    with pytest.raises(SpikeletError, match="cannot make .*; set SPIKELET_CACHE to a folder"):
        installation.cache_folder("a")
