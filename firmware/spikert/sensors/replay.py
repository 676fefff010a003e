"""A recording in a file on the board, sample after sample, from the start again at its end.

    file        str, its path; samples.bin if not given
    channels    int, readings of a sample, 1..1024; 1 if not given
    names       list of str, what the channels are called; c0, c1, ... if not given

The file holds little-endian i16[samples, channels]. While it is not there, opening raises OSError.
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
        """Put the next sample into array('h')[channels]. Raises Nonsense if the file was cut."""
        if self.file.readinto(buffer) == self.bytes:
            return
        self.file.seek(0)
        if self.file.readinto(buffer) != self.bytes:
            raise Nonsense("%s has become shorter than a sample" % self.path)

    def close(self):
        """Close the file."""
        self.file.close()
