"""List the names of other modules that the firmware uses, from its syntax trees."""

import ast
from pathlib import Path

FIRMWARE = Path(__file__).parents[2] / "firmware"
# What compat.py gives the other modules.
GIVEN = {"spikert.compat.time": "time", "spikert.compat.np": "ulab.numpy"}
# Files that only MicroPython runs, or only CircuitPython.
ONLY = {
    "micropython": (
        *("_machine.py", "_viper.py", "_thumb.py"),
        *("mount_image.py", "mount_rom.py", "probes.py"),
    ),
    "circuitpython": ("_circuit.py",),
}
ONLY_FOLDERS = {"micropython": ("viper", "thumb"), "circuitpython": ()}


def files(interpreter):
    """Return the firmware's files that an interpreter runs."""
    (other,) = ONLY.keys() - {interpreter}
    return [
        path
        for path in sorted(FIRMWARE.rglob("*.py"))
        if not path.name.endswith(ONLY[other]) and path.parent.name not in ONLY_FOLDERS[other]
    ]


def uses(paths):
    """Return {`module` or `module.name...`: names of the files that use it}."""
    found = {}
    for path in paths:
        for name in used_in(path.read_text(encoding="utf-8")):
            found.setdefault(name, []).append(path.relative_to(FIRMWARE).as_posix())
    return found


def used_in(text):
    """Return the names of other modules that a file uses, with those of hasattr and getattr."""
    tree = ast.parse(text)
    bound, found = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
            bound |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                bound[alias.asname or alias.name] = GIVEN.get(name, name)
                found.add(GIVEN.get(name, name))
    for node in ast.walk(tree):
        name = _full(node, bound)
        if name:
            found.add(name)
    return {name for name in found if not name.startswith(("spikert", "app"))}


def _full(node, bound):
    """Return the full name of an attribute of a module, or None."""
    if isinstance(node, ast.Attribute):
        parent = _full(node.value, bound)
        return parent and f"{parent}.{node.attr}"
    if isinstance(node, ast.Name):
        return bound.get(node.id)
    asks = isinstance(node, ast.Call) and ast.unparse(node.func) in {"hasattr", "getattr"}
    if asks and isinstance(node.args[1], ast.Constant):
        parent = _full(node.args[0], bound)
        return parent and f"{parent}.{node.args[1].value}"
    return None


def lacking(used, names, guarded):
    """Return the uses of names that an interpreter lacks and the firmware does not guard.

    Parameters
    ----------
    used : {name: files}, from `uses`
    names : {module, or object in it: its names}
        The contents of other objects are unknown, and not compared.
    guarded : {name: reason}
        A name covers those of its object.
    """
    absent = {}
    for name, where in used.items():
        parts = name.split(".")
        parents = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
        if guarded.keys().isdisjoint(parents) and not _has(parts, names):
            absent[name] = where
    return absent


def _has(parts, names):
    for end in range(1, len(parts)):
        parent = ".".join(parts[:end])
        if parent in names and parts[end] not in names[parent]:
            return False
    return parts[0] in names


# {name: how the firmware does without}
CIRCUITPYTHON_GUARDED = {
    "binascii.crc_hqx": "checksums.py computes it instead",
    "gc.threshold": "hasattr; such a board collects when its heap is full",
    "machine": "compat.py and bench ask for ImportError",
    "memorymap": "bench reads a timer of the RP2040 by it, if it can",
    "os.ilistdir": "hasattr; os.listdir and os.stat instead",
    "sys.print_exception": "hasattr; traceback.print_exception instead",
    "sys.stdin.buffer": "compat.console takes usb_cdc.console",
    "sys.stdout.buffer": "compat.console takes usb_cdc.console",
    "time.sleep_ms": "hasattr; time.sleep instead",
    "time.ticks_diff": "compat.py subtracts",
    "time.ticks_ms": "hasattr; time.monotonic_ns instead",
    "time.ticks_us": "compat.py takes time.monotonic_ns",
    "uctypes": "compat.addressof is None",
    "vfs": "survey.py asks for ImportError; there is no ROM partition",
}
MICROPYTHON_GUARDED = {
    "binascii.crc_hqx": "checksums.py computes it instead",
    "board": "survey.py imports it on CircuitPython alone",
    "machine.TouchPad": "touch_machine.py measures the pin's charge instead",
    "memorymap": "bench imports it on CircuitPython alone",
    "microcontroller": "ImportError; machine has the same",
    "micropython.asm_rv32": "abilities.py compiles each probe in a try",
    "rp2": "button_machine.py imports it for the button BOOTSEL alone",
    "storage": "readiness.py imports it on CircuitPython alone",
    "supervisor": "ImportError; there is no title bar",
    "time.monotonic_ns": "after time.ticks_us",
    "traceback": "after sys.print_exception",
    "ulab": "ImportError; builds without it use other kernels",
    "usb_cdc": "ImportError; sys.stdin.buffer instead",
    "vfs.VfsRom": "the stubs lack it; the builds that have a ROM partition have it",
}
