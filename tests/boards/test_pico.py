"""Test the emulated Pico: persistent files, simulated inputs, cycles of the chip."""

import json

import numpy as np
import pytest
from boards_under_test import blank
from power_up import wait_for_resets

from spikelet.boards import catalogue, raw_repl
from spikelet.errors import SpikeletError
from spikelet.networks.lif_file import save_network

pytestmark = pytest.mark.emulated

# machine.WDT_RESET; machine.reset() causes it too.
WATCHDOG_RESET = 3

TIMING = """
import machine, micropython

@micropython.viper
def cycles(function, count: int, address: int) -> int:
    systick = ptr32(0xE000E010)
    systick[1] = 0xFFFFFF
    systick[2] = 0
    systick[0] = 5
    start = systick[2]
    function(count, address)
    return (start - systick[2]) & 0xFFFFFF

@micropython.viper
def sums(count: int, address: int):
    total = 0
    for i in range(count):
        total += i * 3

@micropython.asm_thumb
def repeated(r0, r1):
    label(AGAIN)
    {instructions}
    sub(r0, 1)
    bne(AGAIN)
"""


@pytest.fixture(scope="module")
def pico(own_cache):
    return blank("pico")


@pytest.fixture
def board(pico):
    """Return a Pico that is switched on."""
    with pico.powered() as powered:
        yield powered


@pytest.fixture
def repl(board):
    """Return the raw REPL of the board."""
    with raw_repl.opened(board.name, board.device) as transport:
        transport.exec("import gc, machine, os, sys")
        yield transport


@pytest.fixture(scope="module")
def kept_board(own_cache):
    """Return a Pico that stays switched on, for tests that leave it as it was."""
    with blank("pico", storage="pico-of-these-tests").powered() as powered:
        yield powered


@pytest.fixture(scope="module")
def kept_transport(kept_board):
    with raw_repl.opened(kept_board.name, kept_board.device) as transport:
        yield transport


@pytest.fixture
def kept_repl(kept_transport):
    """Return the raw REPL of this Pico after a soft reset."""
    kept_transport.enter_raw_repl(soft_reset=True)
    kept_transport.exec("import gc, machine, os, sys")
    return kept_transport


def test_it_boots_as_a_pico(board, repl):
    assert repl.eval("(sys.implementation.version[:2], os.uname().machine)") == (
        (1, 25),
        "Raspberry Pi Pico with RP2040",
    )
    stats = board.stats()
    assert (stats["hertz"], stats["resets"]) == (125_000_000, 0)
    assert stats["cycles"] > stats["idle"]


def test_pico_memory_equals_board_file(kept_repl):
    kept_repl.exec("gc.collect()")
    assert abs(kept_repl.eval("gc.mem_free()") - catalogue.load_board_type("pico").ram_free) < 1024


def test_files_survive_resets_and_the_power(pico):
    content = bytes(range(256)) * 20
    with pico.connect() as repl:
        repl.fs_writefile("kept.bin", content)
        repl.exec_raw_no_follow("import machine; machine.reset()")
    with pico.powered() as board:
        with raw_repl.opened(board.name, board.device) as repl:
            assert repl.fs_readfile("kept.bin", chunk_size=1024) == content
            repl.exec_raw_no_follow("import machine; machine.reset()")
            wait_for_resets(board)
        with raw_repl.opened(board.name, board.device) as repl:
            repl.exec("import machine")
            assert repl.eval("machine.reset_cause()") == WATCHDOG_RESET
            assert repl.fs_readfile("kept.bin", chunk_size=1024) == content
            repl.fs_rmfile("kept.bin")
        board.reset()
        with raw_repl.opened(board.name, board.device) as repl:
            repl.exec("import os")
            assert "kept.bin" not in repl.eval("os.listdir()")
        assert board.stats()["resets"] == 2


def test_a_soft_reset_clears_names(kept_repl):
    kept_repl.exec("name = 1")
    kept_repl.enter_raw_repl(soft_reset=True)
    kept_repl.exec("import machine")
    assert kept_repl.eval("'name' in globals()") is False


def test_the_watchdog_resets(board, repl):
    repl.exec_raw_no_follow("machine.WDT(timeout=50)\nwhile True: pass")
    wait_for_resets(board)


def test_pico_adc_reads_simulated_voltage(kept_board, kept_repl):
    read = "[machine.ADC(pin).read_u16() >> 4 for pin in (26, 27, 28)]"
    kept_board.feed_adc([0, 4095, 1234])
    assert kept_repl.eval(read) == [0, 4095, 1234]
    kept_board.feed_adc([7])
    assert kept_repl.eval(read) == [7, 4095, 1234]


@pytest.mark.parametrize("bus", [0, 1])
def test_pico_i2c_reads_simulated_registers(kept_board, kept_repl, bus):
    kept_board.feed_i2c(bus, 0x6A, 0x0F, [108, 1, 255])
    kept_repl.exec(f"bus = machine.I2C({bus})")
    assert kept_repl.eval("bus.readfrom_mem(0x6A, 0x0F, 3)") == bytes([108, 1, 255])
    kept_repl.exec("bus.writeto_mem(0x6A, 0x10, bytes([5, 6]))")
    assert kept_repl.eval("bus.readfrom_mem(0x6A, 0x0F, 4)") == bytes([108, 5, 6, 0])


def test_an_i2c_device_that_is_not_there(kept_repl):
    kept_repl.exec(
        "try:\n machine.I2C(0).readfrom(0x33, 1)\nexcept OSError as error:\n found = error.errno"
    )
    assert kept_repl.eval("found") == 5


def test_floats_are_those_of_single_precision(kept_repl):
    x = np.float32([0.1, -7.75, 3e9, 1e-30, 123456.7])
    kept_repl.exec(f"from array import array\nx = array('f', {x.tolist()})")
    expressions = ("a + b", "a - b", "a * b", "a / b", "int(a) * 1.0", "abs(a) ** 0.5", "a < b")
    for expression in expressions:
        kept_repl.exec(f"y = array('f', [float({expression}) for a in x for b in x])")
        with np.errstate(over="ignore", under="ignore"):
            expected = [
                np.float32(eval(expression, {}, {"a": a, "b": b, "int": np.trunc, "abs": np.abs}))
                for a in x
                for b in x
            ]
        expected = np.where(np.abs(expected) < np.finfo(np.float32).tiny, 0, expected)
        got = np.frombuffer(kept_repl.eval("bytes(y)"), np.float32)
        assert got == pytest.approx(np.float32(expected), rel=2e-7), expression


@pytest.mark.parametrize(
    ("instructions", "cycles"),
    [
        ("nop()", 1),
        ("mul(r2, r2)", 1),
        ("ldr(r2, [r1, 0])", 2),
        ("strb(r2, [r1, 1])", 2),
        ("push({r2, r3, r4}); pop({r2, r3, r4})", 8),
        ("b(NEXT); label(NEXT)", 2),
    ],
)
def test_instructions_take_the_cycles_of_the_chip(kept_repl, instructions, cycles):
    kept_repl.exec(TIMING.replace("{instructions}", instructions.replace("; ", "\n    ")))
    kept_repl.exec("import uctypes\ndata = bytearray(8)\naddress = uctypes.addressof(data)")
    few, many = (kept_repl.eval(f"cycles(repeated, {count}, address)") for count in (1000, 3000))
    # SUBS takes 1 cycle, a taken branch 2.
    assert many - few == 2000 * (cycles + 3)


@pytest.mark.parametrize("masked", [False, True])
def test_cycles_are_the_same_each_time(kept_repl, masked):
    kept_repl.exec(TIMING.replace("{instructions}", "nop()"))
    kept_repl.exec(
        f"state = machine.disable_irq() if {masked} else None\n"
        "measured = [(cycles(sums, 5000, 0), cycles(repeated, 9000, 0)) for i in range(9)]\n"
        f"if {masked}: machine.enable_irq(state)"
    )
    measured = kept_repl.eval("measured")
    assert set(measured) == {measured[0]}


def test_pico_systick_keeps_counting_after_overflow(kept_repl):
    kept_repl.exec(TIMING.replace("{instructions}", "nop()"))
    few, many = (kept_repl.eval(f"cycles(repeated, {count}, 0)") for count in (1000, 10_001_000))
    # The counter has overflowed twice.
    assert many == (few + 40_000_000) % 2**24


def test_pico_endless_print_ends_with_ctrl_c(board, repl):
    repl.exec_raw_no_follow("number = 0\nwhile True:\n number += 1\n print('again', number)")
    repl.read_until(1, b"again 30")
    with raw_repl.opened(board.name, board.device) as again:
        assert again.eval("number") >= 30


def test_pico_pins_follow_pull_ups_and_buses(kept_board, kept_repl):
    read = "[machine.Pin(pin, machine.Pin.IN, pull).value() for pin in (14, 15)]"
    pulls = "for pull in (machine.Pin.PULL_UP, machine.Pin.PULL_DOWN, None)]"
    kept_repl.exec(f"read = lambda: [{read} {pulls}")
    # I2C1 has GP14 and GP15 among its pins; tests before this one may have connected a device.
    kept_board.unplug_i2c(1, 0x6A)
    assert kept_repl.eval("read()") == [[1, 1], [0, 0], [0, 0]]
    kept_board.feed_i2c(1, 0x6B, 0, [0])
    assert kept_repl.eval("read()") == [[1, 1], [1, 1], [1, 1]]
    kept_board.unplug_i2c(1, 0x6B)


def test_pico_ram_outlives_a_reset(board, repl):
    # The stack of the second core, which is not running.
    repl.exec("machine.mem32[0x20040100] = 0x12345678")
    repl.exec("machine.mem32[0x4005800C] = 42")
    repl.exec_raw_no_follow("machine.reset()")
    wait_for_resets(board)
    words = "[machine.mem32[0x20040100], machine.mem32[0x4005800C]]"
    with raw_repl.opened(board.name, board.device) as again:
        again.exec("import machine")
        assert again.eval(words) == [0x12345678, 42]
        board.reset()
    with raw_repl.opened(board.name, board.device) as again:
        again.exec("import machine")
        # The pin RUN clears the watchdog's scratch registers.
        assert again.eval(words) == [0x12345678, 0]


def test_an_unaligned_access_stops_the_chip(board, repl):
    repl.exec(TIMING.replace("{instructions}", "ldr(r2, [r1, 0])"))
    repl.exec_raw_no_follow("repeated(1, 0x20000002)")
    assert b"the emulated Pico stopped: unaligned access" in repl.read_until(1, b" to 20000002 ")
    board.process.wait()
    with pytest.raises(SpikeletError, match="pico has stopped"):
        board.stats()


def test_flash_and_verify_with_viper(spikelet, pico, trained, digits, tmp_path):
    lif = tmp_path / "net.lif"
    save_network(trained("direct", 4), lif)
    np.savez(tmp_path / "x.npz", x=digits.x[:60], y=digits.y[:60])
    port = ("--port", "pico")
    assert spikelet("flash", lif, *port)[0] == 0
    status, out, _ = spikelet(
        "verify", lif, "--samples", tmp_path / "x.npz", *port, "--kernel", "viper", "--json"
    )
    found = json.loads(out)
    assert (found["samples"], found["differences"], found["lost_frames"]) == (60, 0, 0)
    assert status == 0
