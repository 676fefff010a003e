"""The spike runtime: integer spiking networks on MicroPython, CircuitPython and CPython."""

VERSION = "0.1.0"
