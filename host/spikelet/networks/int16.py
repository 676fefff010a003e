"""The limits of int16, the type of every state on a board."""

INT16_MIN, INT16_MAX = -0x8000, 0x7FFF
