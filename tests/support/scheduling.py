"""How pytest-xdist shares the tests among its processes.

The tests of a module stay together, because they share a network or a flashed board. Tests with a board
as a parameter go to any process that is free. Those of the Pico stay together, because it stays switched
on. (pytest-xdist 3.8 finds no `xdist_group` under pytest 9.)
"""

import re

from xdist.scheduler import LoadScopeScheduling

BOARD = re.compile(r"[\[-](virtual|unix|qemu:\w+|unix:[\w-]+)[\]-]")
PICO = re.compile(r"[\[-]pico[\]-]")


class Scheduling(LoadScopeScheduling):
    """Shares tests by scope, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        if PICO.search(nodeid):
            return "pico"
        return nodeid if BOARD.search(nodeid) else nodeid.partition("::")[0]
