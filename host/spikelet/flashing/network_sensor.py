"""Choose the sensor of a network: the one it was trained on, or another that does not contradict it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spikelet.boards import sensor_settings
from spikelet.boards.sensor_settings import describe
from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs.recorded_sensor import SensorSettings
from spikelet.networks.network import Network
from spikert.sensors import demo

NONE = "none"
"""The spelling that leaves the sensor of a network out."""

# Sensors whose readings may all be bytes.
_OF_BYTES = ("replay", "driver", "touch")


def choose(
    network: Network,
    spelling: str | None = None,
    rate: float | None = None,
    *,
    replays: bool = False,
    force: bool = False,
) -> dict[str, Any] | None:
    """Return the settings of the sensor to flash with a network; None without one.

    Parameters
    ----------
    network : Network
    spelling : str, optional
        The sensor as `--sensor` spells it, or "none". Without it the sensor of the training.
    rate : float, optional
        Samples per second. Without it the rate of the training.
    replays : bool
        Whether a recording is flashed; the sensor of the training is then left out.
    force : bool
        Accept a sensor that contradicts the network.

    Raises
    ------
    SpikeletError
        If the sensor differs from that of the training, or gives other samples than the network takes.
    """
    before = _of_training(network)
    # A replay needs its recording.
    if spelling is None and (before is None or replays or before.sensor == "replay"):
        if rate is not None:
            raise UsageError("--rate is for a sensor; name it with --sensor")
        return None
    if spelling == NONE:
        return None
    if spelling is not None:
        settings = sensor_settings.parse_settings(spelling, rate, before or _only_rate(network))
    else:
        assert before is not None
        settings = sensor_settings.parse_settings(before.sensor, rate, before)
    if settings["sensor"] == "demo":
        _perform(network, settings)
    faults = [*_contradictions(network, settings), *_misfits(network, settings)]
    if faults and not force:
        raise RefusedInput(
            f"{'; '.join(faults)}; leave out --sensor, train on recordings of this sensor, or add "
            "--force"
        )
    return settings


def _of_training(network: Network) -> SensorSettings | None:
    """Return the sensor of the training, if a board can read it."""
    sensor = network.provenance.sensor if network.provenance else None
    return sensor if sensor and sensor_settings.is_known(sensor.sensor) else None


def _only_rate(network: Network) -> SensorSettings | None:
    """Return a sensor without a name, for its rate; None if the rate is unknown."""
    rate = network.provenance.rate if network.provenance else None
    return None if rate is None else SensorSettings("", rate, ("",))


def _perform(network: Network, settings: dict[str, Any]) -> None:
    """Let the demonstration perform the motions that the network knows."""
    known = {name for name, _ in demo.MOTIONS}
    if learned := [name for name in network.classes if name in known]:
        settings.setdefault("motion", learned)


def _contradictions(network: Network, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each way in which a sensor differs from that of the training."""
    rate = network.provenance.rate if network.provenance else None
    if (before := _of_training(network)) is not None:
        before = sensor_settings.completed(before)
        now = describe(dict(settings), len(before.channels))
        yield from _differences(before, now)
    if rate is not None and abs(settings["rate"] - rate) > 1e-6 * rate:
        yield f"the network was trained at {rate:g} Hz, and the sensor is set to {settings['rate']:g} Hz"


def _differences(before: SensorSettings, now: SensorSettings) -> Iterator[str]:
    """Yield a sentence for each setting that changes the readings of a sensor."""
    if now.sensor != before.sensor:
        yield f"the network was trained on {before.sensor}, and the sensor is {now.sensor}"
    elif now.settings != before.settings:
        for key in sorted({*before.settings, *now.settings}):
            old, new = before.settings.get(key, "unset"), now.settings.get(key, "unset")
            if old != new:
                yield f"the network was trained at {key} {old}, and the sensor is set to {key} {new}"
    elif before.units and now.units and before.units != now.units:
        yield (
            f"the network was trained on readings in {before.units[0]}, and the sensor's are in "
            f"{now.units[0]}"
        )


def _misfits(network: Network, settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each way in which the samples of a sensor do not fit the network."""
    name, count = settings["sensor"], sensor_settings.channels(dict(settings))
    if count is not None and count != network.channels:
        yield (
            f"the network takes samples of {network.channels} values, and {name} gives {count} "
            f"({', '.join(sensor_settings.channel_names(dict(settings), count)[:6])})"
        )
    if network.scaling is not None:
        return
    if name == "replay" and "file" not in settings:
        yield (
            "the network takes bytes 0..255, and the sensor replay reads a recording of int16; without "
            "--sensor, spikelet monitor replays the recording"
        )
    elif name not in _OF_BYTES:
        yield f"the network takes bytes 0..255, and {name} gives readings of int16"
