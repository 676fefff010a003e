"""NIR graphs of other frameworks, as chains of layers."""
