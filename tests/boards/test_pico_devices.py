"""Test devices at the emulated Pico: timed recordings, unplugging and plugging."""

import pytest
from boards_under_test import opened
from power_up import wait_for_resets

from spikelet.boards import raw_repl

pytestmark = pytest.mark.emulated

ROW = """
import machine, time
bus = machine.I2C(0)
def row():
    return bus.readfrom_mem(0x50, 0, 1)[0]
"""


@pytest.fixture
def board(own_cache):
    """Return a Pico that is switched on."""
    pico = opened("pico")
    with pico.powered() as powered:
        yield powered


def test_rows_follow_one_another_in_the_boards_cycles(board):
    board.feed_i2c_recording(0, 0x50, 0, [(k,) for k in range(256)], 10)
    begun = board.stats()["cycles"]
    with raw_repl.opened(board.name, board.device) as repl:
        repl.exec(ROW + "first = row()\ntime.sleep_ms(500)\nsecond = row()")
        assert repl.eval("second - first") in (5, 6)
        before = (board.stats()["cycles"] - begun) // 12_500_000
        read = repl.eval("row()")
        after = (board.stats()["cycles"] - begun) // 12_500_000
        assert before <= read <= after + 1


def test_pico_recording_holds_last_row_or_repeats(board):
    for loop in (False, True):
        board.feed_i2c_recording(0, 0x50 + loop, 0, [(1, 2), (3, 4), (5, 6)], 100, loop=loop)
    with raw_repl.opened(board.name, board.device) as repl:
        repl.exec(ROW + "time.sleep_ms(30)")
        held = {repl.eval("bytes(bus.readfrom_mem(0x50, 0, 2))") for _ in range(4)}
        repl.exec(
            "found = set()\n"
            "for _ in range(12):\n"
            "    found.add(bytes(bus.readfrom_mem(0x51, 0, 2)))\n"
            "    time.sleep_ms(4)"
        )
        assert held == {b"\5\6"}
        assert repl.eval("found") == {b"\1\2", b"\3\4", b"\5\6"}


def test_recordings_go_on_through_a_reset(board):
    board.feed_i2c_recording(0, 0x50, 0, [(k,) for k in range(256)], 4)
    with raw_repl.opened(board.name, board.device) as repl:
        repl.exec(ROW + "time.sleep_ms(1500)")
        before = repl.eval("row()")
        repl.exec_raw_no_follow("machine.reset()")
        wait_for_resets(board)
    with raw_repl.opened(board.name, board.device) as repl:
        repl.exec(ROW)
        assert repl.eval("row()") >= before >= 6


def test_pico_i2c_device_keeps_registers_until_fed_again(board):
    board.feed_i2c(0, 0x50, 0, [7, 8])
    with raw_repl.opened(board.name, board.device) as repl:
        repl.exec(ROW)
        assert repl.eval("row()") == 7
        board.unplug_i2c(0, 0x50)
        repl.exec("try:\n row()\nexcept OSError as error:\n said = error.errno")
        assert repl.eval("said") == 5
        board.plug_i2c(0, 0x50)
        assert repl.eval("row()") == 7
        board.unplug_i2c(0, 0x50)
        board.feed_i2c(0, 0x50, 1, [9])
        assert repl.eval("bytes(bus.readfrom_mem(0x50, 0, 2))") == b"\0\x09"


def test_time_that_hurries_is_the_same_time(board):
    with raw_repl.opened(board.name, board.device) as repl:
        repl.exec("import time")
        board.hurry()
        repl.exec("start = time.ticks_ms()\ntime.sleep(300)\npassed = time.ticks_ms() - start")
        board.hurry(False)
        assert abs(repl.eval("passed") - 300_000) <= 1
