"""Learning by surrogate gradients."""
