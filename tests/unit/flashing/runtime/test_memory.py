"""The memory of a network is predicted; a network too large for a board is refused with advice."""

import functools
from dataclasses import replace

import pytest
from memory_networks import NETWORKS, dense, network, with_wide_layer

from spikelet.boards import catalogue
from spikelet.boards.interpreter import Interpreter
from spikelet.errors import SpikeletError
from spikelet.flashing.runtime import bytecode, fit, memory
from spikelet.flashing.runtime.fit import Capacity
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.networks import lif_file
from spikelet.networks.lif_file import save_network

FILES = {"spikert/session.mpy": bytes(5_000), "main.py": b"main"}
PLENTY = Capacity("plenty", 10**9, 10**9, "viper", FILES)


@pytest.mark.parametrize(("size", "allocated"), [(0, 0), (1, 16), (16, 16), (17, 32)])
def test_memory_array_is_rounded_to_heap_blocks(size, allocated):
    assert memory.blocks(size) == allocated
    assert memory.array(size) == 16 + allocated


@pytest.mark.parametrize(("entries", "capacity"), [(1, 4), (4, 4), (5, 8), (128, 128), (129, 256)])
def test_memory_grown_list_doubles_capacity(entries, capacity):
    assert memory.grown_list(entries) == 16 + 4 * capacity


def test_memory_tables_have_all_kernels_and_forms():
    for of_form in memory.RUNTIME.values():
        assert set(of_form) == set(memory.KERNELS) == set(memory.OBJECTS_OF_LAYER)
    measured = memory.RUNTIME, memory.ENCODERS, memory.GENERAL, memory.STORAGE
    for more in (*measured, memory.BESIDE_THUMB, memory.DENSE_BESIDE_THUMB):
        assert tuple(more) == memory.FORMS


def test_need_parts_add_up_to_ram():
    need = PLENTY.need(NETWORKS["current"])
    assert sum(size for _, size in need.parts()) == need.ram == need.kept + need.reserve
    assert [name for name, _ in need.parts() if name.startswith("layer")] == ["layer 0", "layer 1"]


def test_need_in_place_has_no_ram_for_tables():
    wide = NETWORKS["wide"]
    copied, mapped = PLENTY.need(wide), replace(PLENTY, in_place=True).need(wide)
    assert mapped.tables == 0
    assert copied.tables == memory.blocks(len(lif_file.to_bytes(wide)))
    assert mapped.layers == copied.layers
    assert mapped.runtime < copied.runtime


@pytest.mark.parametrize("kernel", ["thumb", "viper", "plain"])
def test_need_grows_with_neurons(kernel):
    board = replace(PLENTY, kernel=kernel)
    few, many = (
        board.need(network("rate", dense(64, neurons), dense(neurons, 10))) for neurons in (64, 128)
    )
    assert 64 <= many.layers[0] - few.layers[0] <= 64 * 40
    assert many.layers[1] == few.layers[1]


def test_need_of_pairs_doubles_tables_and_keeps_state():
    layers = dense(64, 64), dense(64, 10)
    board = replace(PLENTY, kernel="plain")
    in_bytes = board.need(network("rate", *layers))
    pairs = board.need(network("rate", replace(layers[0], pairs=True), layers[1]))
    assert pairs.tables - in_bytes.tables == pytest.approx(64 * 64, abs=16)
    assert pairs.layers == in_bytes.layers


def test_narrowed_network_keeps_first_neurons():
    before = NETWORKS["stream"]
    after = fit.narrowed(before, 0, 5)
    assert [layer.neurons for layer in after.layers] == [5, 6]
    assert after.layers[0].recurrent.shape == (5, 5)
    assert (after.layers[0].weights == before.layers[0].weights[:, :5]).all()
    assert (after.layers[1].weights == before.layers[1].weights[:5]).all()


def test_capacity_too_small_names_largest_layer_that_fits():
    wide = NETWORKS["wide"]
    small = replace(PLENTY, name="small", ram=PLENTY.need(wide).ram - 20_000)
    k, neurons = small.largest(wide)
    assert k == 0
    assert small.holds(small.need(fit.narrowed(wide, 0, neurons)))
    assert not small.holds(small.need(fit.narrowed(wide, 0, neurons + 1)))
    with pytest.raises(SpikeletError) as error:
        small.check(wide)
    text = str(error.value)
    assert f"small has {small.ram:,} bytes of RAM free, below the {small.need(wide).ram:,}" in text
    assert f"tables {small.need(wide).tables:,}" in text
    assert f"train it with {neurons} neurons in layer 0, which has 128" in text
    assert "qemu-m3" in text
    assert "pairs" not in text


def test_capacity_too_small_for_pairs_advises_bytes():
    pairs = NETWORKS["pairs"]
    small = replace(PLENTY, ram=PLENTY.need(pairs).ram - 10_000)
    with pytest.raises(SpikeletError, match="store its weights in bytes, not in pairs"):
        small.check(pairs)


def test_capacity_with_too_little_flash_raises():
    board = replace(PLENTY, name="small", flash=60_000)
    with pytest.raises(SpikeletError, match=r"small has 60,000 bytes of flash .* below the \d"):
        board.check(NETWORKS["wide"])


def test_capacity_largest_is_none_if_no_layer_fits():
    board = replace(PLENTY, ram=10_000)
    assert board.largest(NETWORKS["digits"]) is None
    assert board.largest(NETWORKS["convolution"]) is None
    assert board.largest(network("rate", dense(64, 10))) is None


def test_capacity_zero_means_no_limit():
    unlimited = replace(PLENTY, ram=0, flash=0)
    assert unlimited.check(NETWORKS["wide"]).ram > 100_000


@pytest.mark.parametrize(
    ("interpreter", "kernel"),
    [
        (Interpreter("micropython", emitters=("viper", "native", "asm_thumb")), "thumb"),
        (Interpreter("micropython", emitters=("viper", "native")), "viper"),
        (Interpreter("micropython", emitters=("asm_thumb",)), "plain"),
        (Interpreter("circuitpython", ulab="6.5"), "ulab"),
        (Interpreter("circuitpython"), "plain"),
    ],
)
def test_capacity_kernel_is_fastest_of_interpreter(interpreter, kernel):
    parts = RuntimeParts.for_interpreter(interpreter)
    capacity = fit.of_interpreter("board", interpreter, parts, parts.files, in_place=False)
    assert capacity.kernel == kernel


def test_inspect_shows_all_parts_and_fails_if_too_large(spikelet, tmp_path):
    save_network(NETWORKS["digits"], tmp_path / "small.lif")
    status, out, _ = spikelet("inspect", tmp_path / "small.lif", "--board", "qemu-m0")
    assert status == 0
    assert "fits qemu-m0" in out
    assert "tables" in out
    neurons = 30_000
    save_network(with_wide_layer(neurons), tmp_path / "large.lif")
    status, out, _ = spikelet("inspect", tmp_path / "large.lif", "--board", "qemu-m0")
    assert status == 4
    assert "does not fit: qemu-m0 has 223,856 bytes of RAM free, below the" in out
    assert "neurons in layer 0, which has 30000" in out


def test_capacity_of_each_board_file_has_ram_and_kernel(monkeypatch):
    monkeypatch.setattr(bytecode, "runtime_files", functools.cache(bytecode.runtime_files))
    for name in catalogue.board_names():
        board = catalogue.load_board_type(name)
        capacity = fit.of_board(board)
        assert capacity.ram == board.ram_free
        assert capacity.kernel in memory.KERNELS


def test_inspect_reports_unknown_ram_of_board(spikelet, tmp_path):
    save_network(NETWORKS["digits"], tmp_path / "small.lif")
    status, out, _ = spikelet("inspect", tmp_path / "small.lif", "--board", "pico2")
    assert status == 0
    assert "unknown until the board reports it" in out
    assert "fits pico2 as far as known" in out


def test_inspect_suggests_rom_if_file_system_is_too_small(spikelet, tmp_path):
    save_network(NETWORKS["digits"], tmp_path / "small.lif")
    status, out, _ = spikelet("inspect", tmp_path / "small.lif", "--board", "nano33-ble-sense")
    assert status == 0
    assert "file system is too small; in its ROM partition, with flash --rom" in out
    assert "262,144" in out


def test_capacity_unknown_ram_is_limited_by_chip_ram():
    chip = catalogue.load_board_type("microbit-v2")
    assert chip.ram_free is None
    capacity = fit.of_board(chip)
    neurons = 10_000
    need = capacity.need(network("rate", dense(1, neurons), dense(neurons, 2)))
    assert not capacity.holds(need)
    assert "microbit-v2 has 131,072 bytes of RAM in all, below the" in capacity.shortage(need)
