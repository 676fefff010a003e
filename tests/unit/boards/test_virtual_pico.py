"""Test the errors of `--port pico` for missing parts; tests/boards tests the board itself."""

import shutil

import pytest
from uf2_files import uf2_block

from spikelet import installation
from spikelet.boards import catalogue, resolve
from spikelet.boards.virtual import pico
from spikelet.errors import SpikeletError


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Return the folder of built firmware with empty files for a Pico."""
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    folder = installation.cache_folder("emulated")
    (folder / pico.FIRMWARE).write_bytes(b"")
    (folder / pico.EMULATOR).mkdir()
    return folder


def refusal(spelling: str) -> str:
    with pytest.raises(SpikeletError) as error:
        resolve.resolve(spelling)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_pico_port_has_default_firmware(built):
    port = resolve.resolve("pico")
    assert (port.name, port.in_place) == ("pico", False)
    assert port.firmware == built / pico.FIRMWARE
    assert catalogue.load_board_type("pico").port == "pico"


def test_pico_port_other_firmware_has_own_flash(built, tmp_path):
    storages = {resolve.resolve("pico").storage}
    for name, payload in (("one.uf2", b"\1"), ("two.uf2", b"\2"), ("elsewhere/one.uf2", b"\3")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(uf2_block(payload))
        port = resolve.resolve(f"pico:{path}")
        assert port.firmware == path
        storages.add(port.storage)
    assert len(storages) == 4


def test_pico_port_file_of_another_kind_is_error(built, tmp_path):
    (tmp_path / "net.lif").write_bytes(b"LIF")
    assert "net.lif is no UF2 file" in refusal(f"pico:{tmp_path}/net.lif")


def test_pico_port_without_firmware_is_error(built):
    (built / pico.FIRMWARE).unlink()
    assert "pico needs RPI_PICO.uf2" in refusal("pico")
    assert "run boards/emulated/build" in refusal("pico")
    assert "/no/such.uf2, which is not there" in refusal("pico:/no/such.uf2")


def test_pico_port_without_emulator_is_error(built):
    (built / pico.EMULATOR).rmdir()
    assert "pico needs rp2040js" in refusal("pico")
    assert "run boards/emulated/build pico" in refusal("pico")


def test_pico_port_without_node_is_error(built, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "pico needs node" in refusal("pico")
    assert "apt-get install nodejs" in refusal("pico")


def test_pico_port_reports_failed_start(built, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("SPIKELET_CACHE", str(built.parent))
    if shutil.which("node") is None:
        pytest.skip("no node")
    port = resolve.resolve("pico")
    with (
        pytest.raises(SpikeletError, match="pico did not start: .*index.js") as error,
        port.powered(),
    ):
        pass
    assert "\n" not in str(error.value)
