"""Test the check of the board that an interpreter reports."""

import pytest

from spikelet.boards.interpreter import Interpreter, check_board
from spikelet.errors import SpikeletError


def interpreter_on(machine: str) -> Interpreter:
    return Interpreter("micropython", machine=machine, board_id=machine)


def test_check_board_accepts_named_board():
    check_board(interpreter_on("Raspberry Pi Pico with RP2040"), "pico", "/dev/ttyACM0")


def test_check_board_accepts_emulated_board_by_port():
    check_board(interpreter_on("linux"), "virtual", "virtual")


@pytest.mark.parametrize(
    "machine", ["Raspberry Pi Pico W with RP2040", "PYBv1.1 with STM32F405RG", ""]
)
def test_check_board_refuses_other_machine(machine):
    with pytest.raises(SpikeletError, match="not pico; the board is unchanged") as error:
        check_board(interpreter_on(machine), "pico", "/dev/ttyACM0")
    assert f"says that it is a {machine}" in str(error.value)
