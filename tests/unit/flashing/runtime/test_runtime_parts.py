"""Each interpreter gets the runtime files that it can run; a task can reduce them."""

from dataclasses import replace

import pytest
from memory_networks import NETWORKS

from spikelet import installation
from spikelet.boards.interpreter import Interpreter
from spikelet.flashing.runtime import bytecode
from spikelet.flashing.runtime import modules as runtime_modules
from spikelet.flashing.runtime import needs as runtime_needs
from spikelet.flashing.runtime import parts as runtime_parts
from spikelet.flashing.runtime.modules import HARDWARE, LOOPS, WIRE, dotted, is_form, is_module
from spikelet.flashing.runtime.needs import CHIPS, ENCODERS, KERNELS, RULES, SENSORS, STARTS, Task
from spikelet.flashing.runtime.parts import RuntimeParts
from spikert import sensors
from spikert.sensors import chips

ARM = Interpreter("micropython", emitters=("viper", "native", "asm_thumb"))
ESP32 = Interpreter("micropython", emitters=("viper", "native"))
MICROBIT = Interpreter("micropython", emitters=("asm_thumb",))
CIRCUITPYTHON = Interpreter("circuitpython", ulab="6.5")
SMALL_CIRCUITPYTHON = Interpreter("circuitpython")
UNIX_CIRCUITPYTHON = Interpreter("circuitpython", emitters=("viper", "native"), ulab="6.5")
EVERY = (ARM, ESP32, MICROBIT, CIRCUITPYTHON, SMALL_CIRCUITPYTHON, UNIX_CIRCUITPYTHON)
MODULES = runtime_modules.parse_modules(bytecode.sources())
# Every sensor needs these modules.
SAMPLING = {"sampler", "sample_clock"}
MOTION = {"sensor": "mpu6886", "rate": 100}


def names(files) -> set[str]:
    return {dotted(path) for path in files if is_module(path)}


def parts_in(package: str, files) -> set[str]:
    """Return the names of a package's modules among files, relative to the package."""
    modules = runtime_modules.parts_of(package, names(files))
    return {name.removeprefix(f"{package}.") for name in modules}


@pytest.mark.parametrize("interpreter", EVERY)
def test_runtime_parts_have_only_importable_modules(interpreter):
    parts = RuntimeParts.for_interpreter(interpreter)
    has = {*interpreter.emitters, *(["ulab"] if interpreter.ulab else [])}
    for name in names(parts.files):
        assert MODULES[name].needs <= has
        assert MODULES[name].now <= names(parts.files)
    assert parts.files.keys() | parts.left_out.keys() == bytecode.sources().keys()
    assert not parts.files.keys() & parts.left_out.keys()
    assert set(installation.ENTRY_POINTS) <= parts.files.keys()


@pytest.mark.parametrize(
    ("interpreter", "kernels", "forms", "kind"),
    [
        (ARM, ("thumb", "viper", "plain"), {"thumb", "viper", "plain"}, "machine"),
        (ESP32, ("viper", "plain"), {"viper", "plain"}, "machine"),
        (MICROBIT, ("plain",), {"thumb", "plain"}, "machine"),
        (CIRCUITPYTHON, ("ulab", "plain"), {"plain"}, "circuit"),
        (SMALL_CIRCUITPYTHON, ("plain",), {"plain"}, "circuit"),
        (UNIX_CIRCUITPYTHON, ("viper", "ulab", "plain"), {"viper", "plain"}, "circuit"),
    ],
)
def test_runtime_parts_match_interpreter_features(interpreter, kernels, forms, kind):
    parts = RuntimeParts.for_interpreter(interpreter)
    assert parts.kernels == kernels
    of_loops = set(filter(is_form, names(parts.files)))
    assert {name.rpartition("_")[2] for name in of_loops} == forms
    assert {name.rpartition(".")[0] for name in of_loops} == {LOOPS, WIRE}
    assert {name.rpartition("_")[2] for name in parts_in(HARDWARE, parts.files)} == {kind}
    of_kernels = {name.partition(".")[0] for name in parts_in(KERNELS, parts.files)}
    assert of_kernels - {"convolution_patches"} == set(kernels)
    benches = {name for name in names(parts.files) if name.startswith("spikert.bench.dense_")}
    assert benches <= {f"spikert.bench.dense_{name}" for name in kernels}


def test_runtime_parts_common_modules_go_to_all_boards():
    chosen = (f"{KERNELS}.", f"{HARDWARE}.", "spikert.bench.dense_")
    others = {name for name in MODULES if not name.startswith(chosen) and not is_form(name)}
    assert len(others) > 30
    for interpreter in EVERY:
        assert others <= names(RuntimeParts.for_interpreter(interpreter).files)


def test_runtime_parts_bytecode_needs_no_emitter(monkeypatch):
    files = {
        path if "thumb" in path or not is_module(path) else path.replace(".py", ".mpy"): data
        for path, data in bytecode.sources().items()
    }
    monkeypatch.setattr(runtime_parts.bytecode, "runtime_files", lambda interpreter: files)
    parts = RuntimeParts.for_interpreter(Interpreter("micropython", (6, 3), "rv32imc"))
    # mpy-cross refused the modules of thumb.
    assert parts.kernels == ("viper", "plain")
    assert not any("thumb" in path for path in parts.files)


def test_needs_each_module_is_kept_or_has_rule():
    def unruled(importer: str, one: str) -> set[str]:
        return {one} - RULES.keys()

    always = runtime_modules.reached(STARTS, MODULES, unruled)
    families = {f"{SENSORS}.{family}" for _, family in sensors.KNOWN}
    known = {f"{CHIPS}.{chips.FILES.get(name, name)}" for name, _ in sensors.KNOWN}
    ruled = {
        "RULES": set(RULES),
        "the encoder's": runtime_modules.parts_of(ENCODERS, MODULES),
        "the sensor's": (families | known | {SENSORS, CHIPS}) & MODULES.keys(),
        "the fastest form": set(filter(is_form, MODULES)),
        "what a sensor asks for": {HARDWARE, *runtime_modules.parts_of(HARDWARE, MODULES)},
        "the fastest kernel": {
            name
            for kernel in ("thumb", "viper", "ulab", "plain")
            for name in runtime_modules.reached({f"{KERNELS}.{kernel}"}, MODULES, unruled)
        },
        "only the host's": {name for name in MODULES if name.startswith("spikert.bench")},
    }
    behind_rules = runtime_modules.reached(RULES, MODULES, unruled)
    assert MODULES.keys() == always.union(behind_rules, *ruled.values())
    assert RULES.keys() <= MODULES.keys()


@pytest.mark.parametrize("interpreter", EVERY)
@pytest.mark.parametrize("name", NETWORKS)
def test_needed_modules_include_their_imports(interpreter, name):
    parts = RuntimeParts.for_interpreter(interpreter)
    files = parts.needed(Task(NETWORKS[name], MOTION))
    modules = names(files) - {"spikert.kernels.chosen"}
    assert modules < names(parts.files)
    for module in modules:
        assert MODULES[module].now <= modules
        for loop in MODULES[module].forms:
            forms = {f"spikert.{loop}_{form}" for form in runtime_modules.FORMS}
            assert len(forms & modules - MODULES[module].later) >= 1
    assert files["spikert/kernels/chosen.py"] == f"NAMES = {parts.kernels[:1]!r}\n".encode()
    assert not any("bench" in path for path in files)


def test_needed_encoder_is_the_one_of_the_network():
    parts = RuntimeParts.for_interpreter(ESP32)
    for network in NETWORKS.values():
        encoder = set() if network.encoder == "direct" else {network.encoder}
        assert parts_in(ENCODERS, parts.needed(Task(network))) == encoder


def test_needed_sensor_modules_match_settings():
    parts, network = RuntimeParts.for_interpreter(ESP32), NETWORKS["digits"]
    without = parts.needed(Task(network))
    assert not {"spikert.session.sensor_turns", "spikert.session.standalone", SENSORS} & names(
        without
    )
    motion = parts.needed(Task(network, MOTION))
    assert parts_in(SENSORS, motion) - SAMPLING == {"motion", "chips", "chips.mpu"}
    assert parts_in(HARDWARE, motion) == {"i2c_machine", "pins_machine"}
    analogue = parts.needed(Task(network, {"sensor": "adc", "button": "GP9"}))
    assert parts_in(SENSORS, analogue) - SAMPLING == {"adc"}
    assert parts_in(HARDWARE, analogue) == {"analogue_machine", "pins_machine", "button_machine"}


def test_needed_unknown_sensor_keeps_all_sensors():
    parts = RuntimeParts.for_interpreter(ESP32)
    all_of_them = parts_in(SENSORS, parts.files)
    assert parts_in(SENSORS, parts.needed(Task(None, {"sensor": "new"}))) == all_of_them


@pytest.mark.parametrize(
    ("name", "expected", "absent"),
    [
        ("digits", {"thumb.byte_rows"}, {"thumb.pairs", "viper", "viper.general", "viper.hold"}),
        ("pairs", {"thumb.pairs"}, {"viper"}),
        ("convolution", {"viper", "viper.general"}, {"viper.hold", "viper.pairs"}),
    ],
)
def test_needed_kernel_parts_match_layers(name, expected, absent):
    modules = parts_in(KERNELS, RuntimeParts.for_interpreter(ARM).needed(Task(NETWORKS[name])))
    assert expected <= modules
    assert not absent & modules


def test_needed_module_without_rule_is_kept():
    needs = runtime_needs.Needs(None, "plain", None)
    assert runtime_needs.is_needed("spikert.new", needs)
    modules = dict(MODULES)
    modules["spikert.new"] = replace(MODULES["spikert.sensors.sample_clock"], now=frozenset())
    session = MODULES["spikert.session"]
    modules["spikert.session"] = replace(session, later=session.later | {"spikert.new"})
    assert "spikert.new" in runtime_needs.needed(modules, "plain", Task())


def test_count_by_package_counts_files_per_package():
    paths = ["spikert/kernels/a.py", "spikert/kernels/viper/b.mpy", "spikert/compat.py"]
    assert runtime_parts.count_by_package(paths) == "kernels 2, others 1"
