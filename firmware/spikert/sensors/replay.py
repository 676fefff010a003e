"""Replay a recording in a file on the board, again and again.

    file        str, its path; samples.bin by default
    channels    int, readings of a sample, 1..1024; 1 by default
    names       list of str, names of the channels; c0, c1, ... by default

The file contains little-endian i16[samples, channels]. If it is missing, opening raises OSError.
"""

from spikert.sensors import Nonsense, channel_names, whole

SETTINGS = ("file", "channels", "names")


class Sensor:
    """A recording; see the package's docstring."""

    def __init__(self, settings):
        self.channels = whole(settings, "channels", 1, 1, 1024)
        self.names = channel_names(settings, self.channels)
        self.path = settings.get("file", "samples.bin")
        if not isinstance(self.path, str):
            raise ValueError("file is %r; it must be a path" % (self.path,))
        self.file = open(self.path, "rb")
        size, self.bytes = self.file.seek(0, 2), 2 * self.channels
        self.file.seek(0)
        if not size or size % self.bytes:
            self.close()
            text = "%s has %d bytes; samples of %d channels have %d each"
            raise ValueError(text % (self.path, size, self.channels, self.bytes))

    def read(self, buffer):
        """Write the next sample into array('h')[channels]; raise Nonsense if the file was cut."""
        if self.file.readinto(buffer) == self.bytes:
            return
        self.file.seek(0)
        if self.file.readinto(buffer) != self.bytes:
            raise Nonsense("%s has become shorter than a sample" % self.path)

    def close(self):
        """Close the file."""
        self.file.close()
