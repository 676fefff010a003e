"""Test readers of .lif files with random bytes: one kind of error, valid tables."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lif_files import resealed
from mutation_targets.tables_of_networks import FILES, read_by_both

from spikert.network import tables

thorough = settings(derandomize=True, max_examples=400, deadline=None)


@thorough
@given(st.binary(max_size=200), st.booleans())
@example(b"", False)
def test_readers_survive_random_bytes(data, headed):
    if headed and len(data) > 12:
        data = resealed(tables.MAGIC + bytes([tables.VERSION, 0, 0, 0]) + data)
    read_by_both(data)


@thorough
@given(st.sampled_from(sorted(FILES)), st.data())
def test_readers_survive_changes_with_valid_checksum(seed, draw):
    changed = bytearray(FILES[seed])
    for _ in range(draw.draw(st.integers(1, 4))):
        # Half of the changes go to the header and the first layer's, which have the most checks.
        most = draw.draw(st.sampled_from([130, len(changed) - 1]))
        changed[draw.draw(st.integers(0, most))] = draw.draw(st.integers(0, 255))
    read_by_both(resealed(bytes(changed)))


@thorough
@given(st.sampled_from(sorted(FILES)), st.data())
def test_readers_survive_cuts_and_insertions_with_valid_checksum(seed, draw):
    data = FILES[seed]
    place = draw.draw(st.integers(12, len(data)))
    removed = draw.draw(st.integers(0, 40))
    added = draw.draw(st.binary(max_size=40))
    read_by_both(resealed(data[:place] + added + data[place + removed :]))
