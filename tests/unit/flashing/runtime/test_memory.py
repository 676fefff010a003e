"""What a network needs of a board is counted; what cannot fit is refused, and what would is named."""

import functools
from dataclasses import replace

import pytest
from memory_networks import NETWORKS, dense, network

from spikelet.boards import catalogue
from spikelet.boards.interpreter import Interpreter
from spikelet.errors import SpikeletError
from spikelet.flashing.runtime import bytecode, fit, memory
from spikelet.flashing.runtime import parts as runtime_parts
from spikelet.flashing.runtime.fit import Room
from spikelet.networks import lif_file
from spikelet.networks.lif_file import save_network

FILES = {"spikert/session.mpy": bytes(5_000), "main.py": b"main"}
PLENTY = Room("plenty", 10**9, 10**9, "viper", FILES)


@pytest.mark.parametrize(("size", "taken"), [(0, 0), (1, 16), (16, 16), (17, 32)])
def test_a_heap_gives_out_blocks(size, taken):
    assert memory.blocks(size) == taken
    assert memory.array(size) == 16 + taken


@pytest.mark.parametrize(("entries", "capacity"), [(1, 4), (4, 4), (5, 8), (128, 128), (129, 256)])
def test_a_list_doubles(entries, capacity):
    assert memory.grown_list(entries) == 16 + 4 * capacity


def test_every_kernel_is_counted_in_every_form():
    for of_form in memory.RUNTIME.values():
        assert set(of_form) == set(memory.KERNELS) == set(memory.OBJECTS_OF_LAYER)
    measured = memory.RUNTIME, memory.ENCODERS, memory.GENERAL, memory.STORAGE
    for more in (*measured, memory.BESIDE_THUMB, memory.DENSE_BESIDE_THUMB):
        assert tuple(more) == memory.FORMS


def test_parts_add_up():
    need = PLENTY.need(NETWORKS["current"])
    assert sum(size for _, size in need.parts()) == need.ram == need.kept + need.reserve
    assert [name for name, _ in need.parts() if name.startswith("layer")] == ["layer 0", "layer 1"]


def test_files_read_in_place_take_no_ram():
    wide = NETWORKS["wide"]
    copied, mapped = PLENTY.need(wide), replace(PLENTY, in_place=True).need(wide)
    assert mapped.tables == 0
    assert copied.tables == memory.blocks(len(lif_file.to_bytes(wide)))
    assert mapped.layers == copied.layers
    assert mapped.runtime < copied.runtime


@pytest.mark.parametrize("kernel", ["thumb", "viper", "plain"])
def test_more_neurons_take_more(kernel):
    board = replace(PLENTY, kernel=kernel)
    few, many = (
        board.need(network("rate", dense(64, neurons), dense(neurons, 10))) for neurons in (64, 128)
    )
    assert 64 <= many.layers[0] - few.layers[0] <= 64 * 40
    assert many.layers[1] == few.layers[1]


def test_pairs_take_twice_the_tables_and_the_same_state():
    layers = dense(64, 64), dense(64, 10)
    board = replace(PLENTY, kernel="plain")
    in_bytes = board.need(network("rate", *layers))
    pairs = board.need(network("rate", replace(layers[0], pairs=True), layers[1]))
    assert pairs.tables - in_bytes.tables == pytest.approx(64 * 64, abs=16)
    assert pairs.layers == in_bytes.layers


def test_a_narrowed_network_has_the_first_neurons():
    before = NETWORKS["stream"]
    after = fit.narrowed(before, 0, 5)
    assert [layer.neurons for layer in after.layers] == [5, 6]
    assert after.layers[0].recurrent.shape == (5, 5)
    assert (after.layers[0].weights == before.layers[0].weights[:, :5]).all()
    assert (after.layers[1].weights == before.layers[1].weights[:5]).all()


def test_what_does_not_fit_is_refused_with_the_largest_layer_that_would():
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


def test_bytes_are_advised_where_pairs_are_too_much():
    pairs = NETWORKS["pairs"]
    small = replace(PLENTY, ram=PLENTY.need(pairs).ram - 10_000)
    with pytest.raises(SpikeletError, match="store its weights in bytes, not in pairs"):
        small.check(pairs)


def test_too_little_flash_is_refused():
    board = replace(PLENTY, name="small", flash=60_000)
    with pytest.raises(SpikeletError, match=r"small has 60,000 bytes of flash .* below the \d"):
        board.check(NETWORKS["wide"])


def test_no_layer_is_advised_where_none_would_do():
    board = replace(PLENTY, ram=10_000)
    assert board.largest(NETWORKS["digits"]) is None
    assert board.largest(NETWORKS["convolution"]) is None
    assert board.largest(network("rate", dense(64, 10))) is None


def test_no_limit_that_is_known_is_none():
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
def test_the_kernel_that_a_board_will_choose(interpreter, kernel):
    parts = runtime_parts.of(interpreter)
    found = fit.of_interpreter("board", interpreter, parts, parts.files, in_place=False)
    assert found.kernel == kernel


def test_inspect_shows_every_part_and_refuses(spikelet, tmp_path):
    save_network(NETWORKS["digits"], tmp_path / "small.lif")
    status, out, _ = spikelet("inspect", tmp_path / "small.lif", "--board", "qemu-m0")
    assert status == 0
    assert "fits qemu-m0" in out
    assert "tables" in out
    neurons = 30_000
    large = network("rate", dense(1, neurons), dense(neurons, 2))
    save_network(large, tmp_path / "large.lif")
    status, out, _ = spikelet("inspect", tmp_path / "large.lif", "--board", "qemu-m0")
    assert status == 1
    assert "does not fit: qemu-m0 has 223,856 bytes of RAM free, below the" in out
    assert "neurons in layer 0, which has 30000" in out


def test_every_board_file_says_what_room_there_is(monkeypatch):
    monkeypatch.setattr(bytecode, "runtime_files", functools.cache(bytecode.runtime_files))
    for name in catalogue.names():
        board = catalogue.load(name)
        found = fit.of_board(board)
        assert found.ram == board.ram_free
        assert found.kernel in memory.KERNELS


def test_inspect_says_what_is_unknown_of_a_board_until_it_is_asked(spikelet, tmp_path):
    save_network(NETWORKS["digits"], tmp_path / "small.lif")
    status, out, _ = spikelet("inspect", tmp_path / "small.lif", "--board", "pico2")
    assert status == 0
    assert "unknown until asked" in out
    assert "fits pico2 as far as is known" in out


def test_what_a_file_system_is_too_small_for_may_fit_the_rom(spikelet, tmp_path):
    save_network(NETWORKS["digits"], tmp_path / "small.lif")
    status, out, _ = spikelet("inspect", tmp_path / "small.lif", "--board", "nano33-ble-sense")
    assert status == 0
    assert "file system is too small; in its ROM partition, with flash --rom" in out
    assert "262,144" in out


def test_a_network_larger_than_all_of_a_chips_memory_is_refused():
    chip = catalogue.load("microbit-v2")
    assert chip.ram_free is None
    has = fit.of_board(chip)
    neurons = 10_000
    need = has.need(network("rate", dense(1, neurons), dense(neurons, 2)))
    assert not has.holds(need)
    assert "microbit-v2 has 131,072 bytes of RAM in all, below the" in has.shortage(need)
