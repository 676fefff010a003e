"""Make networks that carry their origin, for tests."""

from dataclasses import replace

import numpy as np

from spikelet.inputs.recorded_sensor import SensorSettings
from spikelet.inputs.scaling import Scaling
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.protocol import StreamWindow
from spikelet.networks.provenance import Provenance

MPU = SensorSettings(
    "mpu6050", 20.0, ("ax", "ay", "az"), {"g": 4}, ("1/8192 g",) * 3, {"i2c": {"sda": 4, "scl": 5}}
)


def stream_network(sensor=MPU, channels=3, scaled=True, classes=("rest", "wave"), **fields):
    """Return a small stream of `channels` channels that was trained on this sensor."""
    layer = Layer(weights=np.eye(channels, len(classes), dtype=np.int8) * 9, theta=20, d=32)
    network = Network(
        "rate", 1, "count", tuple(classes), [layer], stream=StreamWindow(20, 10),
        scaling=Scaling([-8000], [1024], 16) if scaled else None,
    )  # fmt: skip
    if sensor is not None:
        fields["sensor"] = sensor.fields()
    return replace(network, provenance=Provenance(fields) if fields else None)
