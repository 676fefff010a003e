"""Files are replaced whole or not at all."""

import os
import stat

import pytest

from spikelet import files, installation
from spikelet.errors import SpikeletError


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


def test_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path / "cache"))
    assert installation.cache_folder("a", "b") == tmp_path / "cache/a/b"
    assert (tmp_path / "cache/a/b").is_dir()


def test_cache_folder_impossible_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path / "file"))
    with pytest.raises(SpikeletError, match="cannot make .*; set SPIKELET_CACHE to a folder"):
        installation.cache_folder("a")
