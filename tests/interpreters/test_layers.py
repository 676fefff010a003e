"""Every kernel on every interpreter obeys the equations, on layers of every kind."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import naive_simulator
import pytest
from random_networks import QUICK_SEEDS, SEEDS, random_inputs, random_network
from thorough import quick

from interpreters import interpreter
from spikelet.boards import virtual
from spikelet.networks.lif_file import save_network

STANDINS = Path(virtual.__file__).parent / "modules"
SAMPLES = 4
KERNELS = {
    "python": ("ulab", "plain"),
    "micropython": ("viper", "plain"),
    "micropython-ulab": ("viper", "ulab", "plain"),
    "circuitpython": ("viper", "ulab", "plain"),
}
MARKS = {
    "micropython": pytest.mark.emulated,
    "micropython-ulab": pytest.mark.ulab,
    "circuitpython": pytest.mark.ulab,
}


@functools.cache
def signals_and_output(seed: int) -> tuple[str, list[str]]:
    """Return the input of layers.py for a random network, and its expected output."""
    network = random_network(seed)
    lines, expected = [], []
    for values in random_inputs(network, seed, SAMPLES):
        x = naive_simulator.inputs(network, values)
        lines += ["start"] + (["hold " + _words(x)] if network.encoder == "direct" else [])
        for step in naive_simulator.steps(network, x):
            lines.append(_line(network, step))
            for spikes, membranes in zip(step.spikes, step.membranes, strict=True):
                octets = b"".join(v.to_bytes(2, "little", signed=True) for v in membranes)
                expected.append(f"{_listed(spikes)} {list(octets)}")
    return "\n".join(lines), expected


def _line(network, step) -> str:
    if network.encoder == "direct":
        return "step"
    return f"step {step.shift} {_words(_listed(step.signal))}"


def _listed(spikes: list[int]) -> list[int]:
    return [i for i, spike in enumerate(spikes) if spike]


def _words(numbers: list[int]) -> str:
    return " ".join(str(number) for number in numbers)


@pytest.mark.parametrize("seed", quick(SEEDS, QUICK_SEEDS))
@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        pytest.param(name, kernel, marks=MARKS.get(name, ()))
        for name, kernels in KERNELS.items()
        for kernel in kernels
    ],
)
def test_kernel_spikes_and_membranes_match_equations(name, kernel, seed, firmware, tmp_path):
    lines, expected = signals_and_output(seed)
    (tmp_path / "signals").write_text(lines)
    save_network(random_network(seed), tmp_path / "net.lif")
    program = sys.executable if name == "python" else interpreter(name)
    command = [
        program,
        firmware / "layers.py",
        firmware,
        kernel,
        tmp_path / "net.lif",
        tmp_path / "signals",
    ]
    environment = {**os.environ, "PYTHONPATH": str(STANDINS)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.stderr == ""
    assert run.stdout.splitlines() == expected


STEADY = """
import gc, sys
from array import array
sys.path.insert(0, sys.argv[1])
from spikert import kernels
from spikert.network import tables
described = tables.load(sys.argv[2]).layers
layers = [kernels.load("viper").Layer(table) for table in described]
counts = [table.inputs // 2 for table in described]
inputs = [array("H", range(count or 1)) for count in counts]
def steps():
    for k in range(len(layers)):
        layers[k].step(inputs[k], counts[k], 1)
# The name gets its place before memory is compared.
before = 0
steps()
gc.collect()
before = gc.mem_alloc()
steps()
print(gc.mem_alloc() - before)
"""


@pytest.mark.emulated
@pytest.mark.parametrize("seed", quick(SEEDS, QUICK_SEEDS))
def test_viper_step_allocates_no_memory(seed, firmware, tmp_path):
    save_network(random_network(seed), tmp_path / "net.lif")
    (tmp_path / "steady.py").write_text(STEADY)
    command = [interpreter("micropython"), tmp_path / "steady.py", firmware, tmp_path / "net.lif"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(run.stdout) == 0
