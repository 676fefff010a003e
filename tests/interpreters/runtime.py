# Print checksums, frames, tables, encoders and the plain kernel: equal on every interpreter.
# Run with the folder of the firmware and a .lif file as arguments; prints a line per question.
import struct
import sys

sys.path.insert(0, sys.argv[1])

from spikert import encoders, kernels, wire
from spikert.kernels import convolution_patches as patches
from spikert.network import Network, readout, tables
from spikert.wire import checksums

noise = bytes([(i * i * 31 + i * 7) & 255 for i in range(300)])

for size in (0, 1, 2, 255, 256, 300):
    print("crc16", size, checksums.crc16(noise[:size], checksums.CRC16_START))
    print("crc32", size, checksums.crc32(noise[:size]), checksums.crc32(noise[:size], 12345))

for size in (0, 1, 5, 200, 249):
    frame = bytearray(wire.MAX_FRAME)
    frame[5 : 5 + size] = noise[:size]
    length = wire.encode_into(frame, wire.SPIKES, 0xBEEF, size)
    print("frame", size, length, bytes(frame[:length]))
    kind, sequence, payload = wire.decode(bytearray(frame[1 : length - 1]))
    print("decoded", kind, sequence, bytes(payload) == noise[:size])
    shielded = wire.shield(bytes(frame[:length]))
    print("shielded", 3 in shielded, wire.unshield(shielded) == bytes(frame[:length]))

for damage in (b"", b"\x01", b"\x07\x00", b"\xff" * 300, b"Traceback (most recent call last):"):
    try:
        print("damaged", wire.decode(bytearray(damage)))
    except wire.FrameError as error:
        print("damaged", error)

try:
    wire.encode_into(bytearray(wire.MAX_FRAME), wire.SPIKES, 0, 250)
except ValueError as error:
    print("too long", error)


class Sample:
    channels = 40
    steps = 9


for name, parameter in (("rate", 0), ("bernoulli", 77), ("latency", 30), ("phase", 5)):
    Sample.encoder, Sample.parameter = name, parameter
    encoder = encoders.make(Sample)
    encoder.start()
    encoder.take(noise[:40])
    for _ in range(Sample.steps):
        count = encoder.step()
        print(name, list(encoder.events[:count]), encoder.shifts[0])

with open(sys.argv[2], "rb") as file:
    data = file.read()
for cut in (0, 3, 60, len(data) - 1):
    try:
        tables.Tables(data[:cut])
    except tables.TableError as error:
        print("cut", cut, error)
damaged = bytearray(data)
damaged[-9] ^= 4
try:
    tables.Tables(damaged)
except tables.TableError as error:
    print("flipped", error)

table = tables.load(sys.argv[2])
print(table.crc, table.sha256, table.encoder, table.readout, table.inputs, table.steps)
print(", ".join(table.classes))
for layer in table.layers:
    print(layer.inputs, layer.neurons, layer.maps, layer.stride, layer.weights, layer.end)
    print(layer.gain, layer.r, layer.current_r, layer.sets, layer.fires, layer.floors)
    print(layer.recurrent, layer.current)
    if layer.geometry:
        parts = layer.geometry.parts()
        print("parts", list(parts))
        print("rows", list(patches.rows(layer.geometry, parts)))
        print("columns", list(patches.columns(layer.geometry, parts)))
    for name in tables.PARAMETERS:
        print(name, list(layer.parameter(name)))

network = Network(table, kernels.load("plain"))
network.start()
network.take((noise * 9)[: network.size])
for _ in range(table.steps):
    network.step(1)
    print(list(network.fired), [bytes(layer.membranes()) for layer in network.layers])
print(network.answer())


class Level:
    v = (5, 7, 7)
    biased = None

    @staticmethod
    def membranes():
        return struct.pack("<3h", *Level.v)


print("tie", readout.Readout("last", Level, 3, 1).answer())
