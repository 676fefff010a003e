"""Read the sensor of a board once, before its network is activated."""

from __future__ import annotations

from spikelet.errors import RefusedInput
from spikelet.link import sensor
from spikelet.link.link import Link
from spikelet.link.turn import Status
from spikelet.networks.network import Network


def read_once(link: Link, network: Network, *, force: bool = False) -> Status:
    """Return the report of a board on its sensor, after a first sample or a failure.

    Parameters
    ----------
    link : Link
    network : Network
        The network that will run on the sensor.
    force : bool
        Accept a number of channels that the network does not take.

    Raises
    ------
    SpikeletError
        If the settings of the sensor are wrong, or the network does not take its samples.
    """
    events = sensor.readings(link)
    try:
        status = next(event for event in events if isinstance(event, Status))
    finally:
        events.close()
    if status.channels and status.channels != network.channels and not force:
        raise RefusedInput(
            f"the network takes samples of {network.channels} values, and the sensor gives "
            f"{status.channels}; train on recordings of this sensor, or add --force"
        )
    return status
