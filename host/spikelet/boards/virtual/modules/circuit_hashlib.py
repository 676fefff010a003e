"""Replace CircuitPython's `hashlib`: `new` alone, with two algorithms."""

from __future__ import annotations

import hashlib


class Hash:
    """A hash in progress; `new` makes it."""

    _hash: hashlib._Hash

    @property
    def digest_size(self) -> int:
        """The size of the digest in bytes."""
        return self._hash.digest_size

    def update(self, data: bytes) -> None:
        """Add data."""
        self._hash.update(data)

    def digest(self) -> bytes:
        """Return the hash of the data so far."""
        return self._hash.digest()


def new(name: str, data: bytes = b"") -> Hash:
    """Return a hash; ValueError for an algorithm other than sha1 and sha256."""
    if name not in {"sha1", "sha256"}:
        raise ValueError("Unsupported hash algorithm")
    made = Hash()
    made._hash = hashlib.new(name, data)
    return made
