"""Summarise a network in one line, or in a table for a notebook."""

from collections.abc import Sequence
from html import escape
from typing import Protocol

from spikelet.networks.layer_shape import LayerShape
from spikelet.networks.protocol import NetworkProtocol


class LayerSequence(NetworkProtocol, Protocol):
    """A network, float or integer."""

    @property
    def layers(self) -> Sequence[LayerShape]: ...  # noqa: D102
    @property
    def classes(self) -> tuple[str, ...]: ...  # noqa: D102


def one_line(network: LayerSequence) -> str:
    """Return sizes, encoder and steps of a network: "64-64-10, encoder direct, 4 steps, ..."."""
    sizes = [network.inputs, *(layer.neurons for layer in network.layers)]
    stream = network.stream
    rhythm = f", an answer every {stream.hop} samples over {stream.window}" if stream else ""
    return (
        f"{'-'.join(map(str, sizes))}, encoder {network.encoder}, {network.steps} steps, "
        f"readout {network.readout}, {len(network.classes)} classes{rhythm}"
    )


def html(network: LayerSequence) -> str:
    """Return a table of the layers for a notebook."""
    rows = "".join(
        f"<tr><td>{number}</td><td>{layer.inputs:,}</td><td>{layer.neurons:,}</td>"
        f"<td>{layer.weights.size:,}</td><td>{'yes' if layer.recurrent is not None else 'no'}</td></tr>"
        for number, layer in enumerate(network.layers)
    )
    head = "".join(
        f"<th>{name}</th>" for name in ("layer", "inputs", "neurons", "weights", "recurrent")
    )
    kind = escape(type(network).__name__)
    return f"<p>{kind}: {escape(one_line(network))}</p><table><tr>{head}</tr>{rows}</table>"
