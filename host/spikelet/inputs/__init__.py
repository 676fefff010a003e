"""Samples that a network receives: recordings, datasets, scaling, encoders."""
