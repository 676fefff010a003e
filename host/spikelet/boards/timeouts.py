"""Limits of the time that the host waits for a board without progress."""

# Seconds.
TIMEOUT_S = 20.0
# Seconds for the boards on emulators, which are slow on a busy computer.
EMULATED_TIMEOUT_S = 120.0
