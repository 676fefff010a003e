"""The origin of a network: it survives graph and tables, and damaged texts are refused."""

import json
import struct
import zlib

import numpy as np
import pytest
from origins import MPU, stream_network

from spikelet.conversion.convert import convert_network
from spikelet.errors import RefusedInput, SpikeletError
from spikelet.graphs.file import read_graph, write_graph
from spikelet.inputs.recording_folder import Folder
from spikelet.networks import lif_file, provenance
from spikelet.networks.provenance import Provenance
from spikelet.training import train
from spikelet.training.data import Cut, load_training_data
from spikelet.training.options import TrainingOptions
from spikert.network import tables

NETWORK = stream_network(seed=7, data="ab" * 32, software={"spikelet": "0.1.0"})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Return a folder of recordings of two classes."""
    folder, random = Folder(tmp_path_factory.mktemp("motions")), np.random.default_rng(0)
    for number in range(12):
        raw = random.integers(-999, 999, (60, 3)) * (1 + number % 2 * 9)
        folder.add(("rest", "shake")[number % 2], raw, MPU)
    return folder.path


def with_text(text: bytes, size=None, crc=None) -> bytes:
    head = struct.pack("<II", size or len(text), zlib.crc32(text) if crc is None else crc)
    return lif_file.to_bytes(NETWORK) + head + text


def test_origin_of_recordings_reaches_graph_and_tables(recorded, tmp_path):
    options = TrainingOptions(hidden=(4,), epochs=1, seed=3, encoder="delta", steps=1)
    graphs = []
    for name in ("one.nir", "two.nir"):
        data = load_training_data(str(recorded), Cut(20, 10, every=2))
        write_graph(train.train_on(data, options).network, tmp_path / name)
        graphs.append((tmp_path / name).read_bytes())
    assert graphs[0] == graphs[1]
    network, _ = convert_network(read_graph(tmp_path / "one.nir"))
    lif_file.save_network(network, tmp_path / "net.lif")
    loaded = lif_file.load_network(tmp_path / "net.lif")
    origin = loaded.provenance
    assert (origin.sensor.sensor, origin.sensor.settings, origin.rate) == ("mpu6050", {"g": 4}, 10)
    assert (origin.sensor.channels, origin.sensor.units) == (MPU.channels, MPU.units)
    assert (origin.sensor.wiring, origin.seed) == (MPU.wiring, 3)
    assert set(origin.software) == {"spikelet", "numpy"}
    assert len(origin.data_sha256) == 64
    assert str(tmp_path).encode() not in graphs[0]
    assert lif_file.file_bytes(loaded) == (tmp_path / "net.lif").read_bytes()


def test_board_loads_tables_without_their_text(tmp_path):
    path = tmp_path / "net.lif"
    path.write_bytes(lif_file.file_bytes(NETWORK))
    loaded = tables.load(str(path))
    assert bytes(loaded.data) == lif_file.to_bytes(NETWORK)
    assert loaded.crc == lif_file.crc(NETWORK)


def test_text_changes_only_the_format_of_tables():
    plain = lif_file.to_bytes(stream_network(None))
    named = lif_file.to_bytes(NETWORK)
    differing = [k for k in range(len(plain) - 4) if plain[k] != named[k]]
    assert (len(plain), differing) == (len(named), [4])


def test_tables_without_text_have_no_origin():
    plain = stream_network(None)
    assert lif_file.file_bytes(plain) == lif_file.to_bytes(plain)
    assert lif_file.from_bytes(lif_file.to_bytes(plain)).provenance is None


def test_unknown_keys_of_origin_are_kept():
    text = b'{"author":{"name":"J\xc3\xb6rg"},"seed":1,"version":1}'
    read = lif_file.from_bytes(with_text(text))
    assert read.provenance.seed == 1
    assert lif_file.file_bytes(read).endswith(text)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lif_file.to_bytes(NETWORK), "cut short"),
        (with_text(b"{}", size=3), "its length says 3"),
        (with_text(b"{}", crc=1), "CRC-32 of its text"),
        (lif_file.file_bytes(NETWORK)[:-1], "its length says"),
        (with_text(b"\xff"), "no JSON in UTF-8"),
        (with_text(b"[" * 9000), "no JSON"),
        (with_text(b"[1]"), "no JSON object"),
        (with_text(b'{"a":NaN}'), "no JSON"),
        (with_text(b'{"a":1e999}'), "cannot express"),
        (with_text(b'{"a":"\\ud800"}'), "cannot express"),
        (with_text(b'{"version":2}'), "version 2, but this Spikelet reads 1"),
        (with_text(b'{"version":true}'), "no version"),
        (with_text(b'{"seed":"x"}'), "seed"),
        (with_text(b'{"rate":-1}'), "rate"),
        (with_text(b'{"software":[1]}'), "versions"),
        (with_text(b'{"sensor":"mpu6050"}'), "no object"),
        (with_text(b'{"a":"%s"}' % (b"x" * 17_000)), "at most 16,384"),
    ],
)
def test_damaged_text_is_refused_in_one_sentence(data, words, tmp_path):
    (tmp_path / "net.lif").write_bytes(data)
    with pytest.raises(RefusedInput, match=words) as refused:
        lif_file.load_network(tmp_path / "net.lif")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": "20"}, "rate"),
        ({"rate": 0}, "rate is 0"),
        ({"rate": True}, "rate"),
        ({"channels": []}, "one channel"),
        ({"channels": "ax"}, "channels"),
        ({"channels": [1]}, "channels"),
        ({"sensor": 3}, "sensor"),
        ({"settings": [1]}, "settings"),
        ({"settings": {"g": [4]}}, "setting"),
        ({"units": {}}, "units"),
        ({"wiring": 1}, "wiring"),
    ],
)
def test_sensor_of_other_types_is_refused(change, words):
    text = json.dumps({"sensor": MPU.fields() | change}).encode()
    with pytest.raises(SpikeletError, match=words):
        provenance.parse(text)


def test_origin_has_equal_bytes_for_any_order_of_keys():
    one = Provenance({"seed": 1, "data": "a"})
    assert one.to_bytes() == Provenance({"data": "a", "seed": 1}).to_bytes()


def test_inspect_shows_origin_and_escapes_names(spikelet, tmp_path):
    path = tmp_path / "net.lif"
    sensor = MPU.fields() | {"channels": ["a\x1b[2Jx", "[red]", "az"]}
    network = stream_network(provenance.recorded_sensor.from_fields(sensor), seed=7)
    lif_file.save_network(network, path)
    status, out, _ = spikelet("inspect", path)
    assert status == 0
    assert "mpu6050, g 4, 20 Hz" in out
    assert "a\\x1b[2Jx (1/8192 g), [red] (1/8192 g)" in out
    assert "every 10 samples, over the last 20" in out
    assert "seed 7" in out
    found = json.loads(spikelet("inspect", path, "--json")[1])
    assert (found["window"], found["hop"], found["rate"]) == (20, 10, 20)
    assert found["sensor"]["settings"] == {"g": 4}
