"""Which board an interpreter says that it runs on."""

import pytest

from spikelet.boards.interpreter import Interpreter, check_board
from spikelet.errors import SpikeletError


def said(machine: str) -> Interpreter:
    return Interpreter("micropython", machine=machine, board_id=machine)


def test_the_board_that_was_named():
    check_board(said("Raspberry Pi Pico with RP2040"), "pico", "/dev/ttyACM0")


def test_an_emulated_board_is_the_one_that_its_port_says():
    check_board(said("linux"), "virtual", "virtual")


@pytest.mark.parametrize(
    "machine", ["Raspberry Pi Pico W with RP2040", "PYBv1.1 with STM32F405RG", ""]
)
def test_another_board_than_the_one_named(machine):
    with pytest.raises(SpikeletError, match="not pico; the board is unchanged") as error:
        check_board(said(machine), "pico", "/dev/ttyACM0")
    assert f"says that it is a {machine}" in str(error.value)
