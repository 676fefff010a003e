"""Test the errors of `--port pico` for missing parts; tests/boards tests the board itself."""

import shutil

import pytest

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
    (tmp_path / "other.uf2").write_bytes(b"")
    port = resolve.resolve(f"pico:{tmp_path}/other.uf2")
    assert port.firmware == tmp_path / "other.uf2"
    assert port.storage != resolve.resolve("pico").storage


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
