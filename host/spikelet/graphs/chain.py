"""Find the chain of nodes in a NIR graph, with its recurrent connections.

A recurrent connection is a cycle from neurons through synapses back to the same neurons. Other cycles
are refused. Subgraphs are opened first: their nodes gain their name and a dot, their Input and Output
pass values on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import nir

from spikelet.errors import RefusedInput

_NEURONS = (nir.LIF, nir.IF, nir.LI, nir.I, nir.CubaLIF, nir.CubaLI, nir.Threshold)

Nodes = dict[str, nir.NIRNode]
Edges = list[tuple[str, str]]


@dataclass(frozen=True)
class ChainNode:
    """A node of the chain.

    Attributes
    ----------
    name : str
        The name of the node.
    returns : tuple of tuple of str
        The nodes of each recurrent connection of these neurons, without the neurons themselves.
    """

    name: str
    returns: tuple[tuple[str, ...], ...] = ()

    @property
    def cycles(self) -> Iterator[tuple[str, ...]]:
        """The nodes of each recurrent connection, from the node back to itself."""
        for between in self.returns:
            yield (self.name, *between, self.name)


@dataclass(frozen=True)
class Chain:
    """All nodes of a graph with its subgraphs, and the only path through them.

    Attributes
    ----------
    nodes : dict of str to nir.NIRNode
        The nodes by name.
    links : tuple of ChainNode
        The path from Input to Output.
    """

    nodes: Nodes
    links: tuple[ChainNode, ...]


def read_chain(graph: nir.NIRGraph) -> Chain:
    """Return the chain from Input to Output.

    Raises
    ------
    SpikeletError
        If the graph is not a chain; the message names the node or the edge.
    """
    first, last = _ends(graph, "the graph")
    nodes, edges = _opened(graph)
    links = _way(nodes, edges, first, last)
    names = [link.name for link in links]
    cycles = [cycle for link in links for cycle in link.cycles]
    aside = sorted(set(nodes) - {*names, *(name for cycle in cycles for name in cycle)})
    if aside:
        raise RefusedInput(f"node {aside[0]!r} is not on the way from Input to Output")
    used = {edge for way in (names, *cycles) for edge in pairwise(way)}
    extra = sorted(set(edges) - used)
    if extra:
        raise RefusedInput(f"edge {extra[0]!r} is not on the way from Input to Output")
    return Chain(nodes, links)


def _ends(graph: nir.NIRGraph, owner: str) -> tuple[str, str]:
    """Return the names of the only Input and the only Output; raises SpikeletError."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise RefusedInput(
            f"{owner} has {len(graph.inputs)} Input and {len(graph.outputs)} Output nodes, "
            "where only one of each can be read"
        )
    return next(iter(graph.inputs)), next(iter(graph.outputs))


def _opened(graph: nir.NIRGraph) -> tuple[Nodes, Edges]:
    """Return all nodes and edges, with subgraphs replaced by their own nodes and edges.

    Raises SpikeletError for a subgraph with several ends or an edge of a missing node.
    """
    nodes: Nodes = {}
    edges: Edges = []
    first, last = {}, {}
    for name, node in graph.nodes.items():
        first[name] = last[name] = name
        if not isinstance(node, nir.NIRGraph):
            nodes[name] = node
            continue
        ends = _ends(node, f"subgraph {name!r}")
        inner_nodes, inner_edges = _opened(node)
        nodes |= {f"{name}.{inner}": inner_node for inner, inner_node in inner_nodes.items()}
        edges += [(f"{name}.{before}", f"{name}.{after}") for before, after in inner_edges]
        first[name], last[name] = (f"{name}.{end}" for end in ends)
    # Some exporters repeat an edge.
    for before, after in dict.fromkeys(map(tuple, graph.edges)):
        if before not in last or after not in first:
            raise RefusedInput(f"edge {(before, after)!r} is of a node that is not there")
        edges.append((last[before], first[after]))
    return nodes, edges


def _way(nodes: Nodes, edges: Edges, first: str, last: str) -> tuple[ChainNode, ...]:
    """Return the nodes from first to last; raises SpikeletError at a fork or a dead end."""
    links: list[ChainNode] = []
    names = [first]
    while names[-1] != last:
        name = names[-1]
        following = _following(edges, name)
        returns = {}
        if isinstance(nodes[name], _NEURONS):
            ways = {start: _return(edges, start, name, {*names, last}) for start in following}
            returns = {start: way for start, way in ways.items() if way is not None}
        onward = [start for start in following if start not in returns]
        if len(onward) != 1 or onward[0] in names:
            raise RefusedInput(
                f"node {name!r} leads to {following or 'nothing'}, "
                "where only a chain of nodes can be read"
            )
        links.append(ChainNode(name, tuple(returns.values())))
        names += onward
    return (*links, ChainNode(last))


def _following(edges: Edges, name: str) -> list[str]:
    """Return the nodes that follow this one."""
    return [after for before, after in edges if before == name]


def _return(edges: Edges, start: str, neurons: str, occupied: set[str]) -> tuple[str, ...] | None:
    """Return the nodes from `start` back to the neurons; None if the path forks or leaves.

    The path may not pass through the nodes in `occupied`, which belong to the chain.
    """
    between: list[str] = []
    while start != neurons:
        following = _following(edges, start)
        if len(following) != 1 or start in between or start in occupied:
            return None
        between.append(start)
        start = following[0]
    return tuple(between)
