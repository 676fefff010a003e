"""Report the memory of the runtime and the identity of the measured network.

The package spikert.bench measures the rest.
"""

import gc


def allocated():
    """Return the bytes of the heap in use, or 0 if the interpreter does not count them."""
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def known(tables, compat, path):
    """Return (CRC, SHA-256 of its source, runtime, machine) of the network in a file.

    Parameters
    ----------
    tables, compat : modules of spikert, which the host imports after it has measured the memory
    path : str
    """
    table = tables.load(path)
    return table.crc, bytes(table.sha256), compat.runtime_name(), compat.machine_name()
