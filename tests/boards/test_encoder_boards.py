"""Test that native encoder loops equal those in plain Python on the same board."""

import flash_image

# Seconds.
TIMEOUT = 120

COMPARE = """
import sys
{prelude}
from array import array
from spikert.emitters import fastest_form
from spikert.loops import inputs_plain as plain

picked = fastest_form("loops.inputs")
print(picked.__name__)
state = [12345]

def random(below):
    # a linear congruential generator
    state[0] = (state[0] * 1103515245 + 12345) & 0x7FFFFFFF
    return (state[0] >> 16) % below

def same(name, one, other):
    if one != other:
        print("different:", name, one, other)

def listed(loops, function, *arguments):
    events = array("H", range(2 * len(x)))
    count = getattr(loops, function)(*arguments[:2], events, *arguments[2:])
    return list(events)[:count]

def planned(loops, steps, least):
    times, events = array("H", range(len(x))), array("H", range(len(x)))
    ends = array("H", range(steps + 2))
    loops.planning(times, ends, events, steps, least, len(x))(x)
    found = []
    for _ in range(steps):
        count = loops.due(ends, steps + 1, events, None)
        found.append(list(events)[:count])
    return found

for trial in range(60):
    channels = 1 + random(70)
    x = bytearray([random(256) if trial % 5 else 255 * random(2) for _ in range(channels)])
    copied = bytearray(channels)
    picked.copy(copied, x, channels)
    same("copy", copied, x)
    for name in ("rate", "draw", "bits", "change"):
        kind, numbers, first = "B", channels, random(256)
        if name == "draw":
            first, kind = [1 + random(65535)], "H"
        elif name == "bits":
            period = 1 + random(8)
            first, kind = [random(period), period], "H"
        else:
            first = [(first + 7 * i) & 255 for i in range(channels)]
        if name == "change":
            numbers = array("H", (1 + random(60), channels))
        one, other = array(kind, first), array(kind, first)
        found = listed(picked, name, x, one, numbers)
        same(name, (found, list(one)), (listed(plain, name, x, other, numbers), list(other)))
    steps, least = 1 + random(16), random(256)
    same("latency", planned(picked, steps, least), planned(plain, steps, least))
"""


def test_every_loop_is_the_plain_one(port):
    flash_image.put(port, flash_image.runtime(port))
    with port.connect() as transport:
        code = COMPARE.replace("{prelude}", port.prelude)
        out, errors = transport.exec_raw(code, timeout=TIMEOUT)
    assert not errors, errors.decode()
    lines = out.decode().split()
    assert len(lines) == 1, out.decode()
    form = lines[0].rpartition("_")[2]
    arm = port.name in {"qemu:m3", "qemu:m0", "pico"}
    assert form == ("thumb" if arm else "plain" if port.name == "virtual" else "viper")
