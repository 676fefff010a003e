"""The limits of int16, in which a board keeps every state."""

INT16_MIN, INT16_MAX = -0x8000, 0x7FFF
