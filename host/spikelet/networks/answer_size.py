"""Limit the size of an answer, before the arrays of its steps are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spikelet.errors import RefusedInput

if TYPE_CHECKING:
    from spikelet.networks.network import Network

# Most values of an answer: neurons in each step, or scores in each step of a window. The host keeps some
# bytes for each, and a board sends a bit.
MAX_VALUES = 1 << 26


def check_answer_size(network: Network) -> None:
    """Refuse a network whose answer takes more memory and time than the host and any board have.

    Raises
    ------
    RefusedInput
        If the steps of an answer times all neurons, or of a window times the classes, are too many.
    """
    stream = network.stream
    steps = network.steps * (stream.hop if stream else 1)
    window = network.steps * (stream.window if stream else 1)
    for count, neurons, what in (
        (steps, sum(layer.neurons for layer in network.layers), "neurons"),
        (window, network.layers[-1].neurons, "classes"),
    ):
        if count * neurons > MAX_VALUES:
            raise RefusedInput(
                f"{count:,} steps of {neurons:,} {what} are {count * neurons:,} values for an answer, "
                f"above {MAX_VALUES:,}, the most of host and boards; take fewer steps or neurons"
            )
