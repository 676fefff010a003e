"""Read the sensor of a board once, before its network is activated."""

from __future__ import annotations

from spikelet.errors import BoardGone, RefusedInput, SpikeletError
from spikelet.link import sensor
from spikelet.link.link import Link
from spikelet.link.turn import Status
from spikelet.networks.network import Network


def read_once(
    link: Link, network: Network, *, force: bool = False, pretended: bool = False
) -> Status:
    """Return the report of a board on its sensor, after a first sample or a failure.

    Parameters
    ----------
    link : Link
    network : Network
        The network that will run on the sensor.
    force : bool
        Accept a number of channels that the network does not take.
    pretended : bool
        Whether the board has no pins of its own, so that settings for a real board need not fit. The
        report then has the reason.

    Raises
    ------
    SpikeletError
        If the settings of the sensor are wrong, or the network does not take its samples.
    """
    events = sensor.readings(link)
    try:
        status = next(event for event in events if isinstance(event, Status))
    except BoardGone:
        raise
    except SpikeletError as error:
        if not pretended:
            raise
        return Status(samples=0, late=0, failed=1, trouble=str(error), rate=0)
    finally:
        events.close()
    if status.channels and status.channels != network.channels and not force:
        raise RefusedInput(
            f"the network takes samples of {network.channels} values, and the sensor gives "
            f"{status.channels}; train on recordings of this sensor, or add --force"
        )
    return status
