"""NIR graphs of other frameworks, made chains of layers."""
