"""How pytest-xdist shares the tests among its processes.

A module's tests stay together, since they share what is costly to make: a network, a flashed board. The
tests of a parameter that names a board go wherever there is time, but those of the Pico stay together,
for it stays switched on. (pytest-xdist 3.8 finds no `xdist_group` under pytest 9.)
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
