"""Samples for a network: recordings, datasets, scaling, encoders."""
