"""A network: float, integer, its .lif file, reference simulator, proof."""
