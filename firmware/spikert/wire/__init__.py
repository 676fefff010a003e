"""The frames between host and board: one definition, imported by both.

    frame = 00  COBS(kind:u8  sequence:u16  payload  crc:u16)  00        all little-endian

A zero byte occurs only around frames. So after any loss a reader is in step again at the next zero.
Bytes between two zeros that are no frame are text: a board's prints, a traceback. A frame has at
most 254 bytes before COBS, which then adds exactly one. The CRC-16 (CCITT, from 0xFFFF) covers kind,
sequence and payload. Each side numbers its own frames from 0, modulo 65,536.

The host's frames are shielded as well, because a board's interpreter takes 03 for Ctrl-C. The byte 03
travels as 1B 02, and 1B as 1B 04. So Ctrl-C always reaches the interpreter, and only Ctrl-C does.

Frames cost a board time, so two modules of this package have several forms, see emitters.py. All
forms do the same:

framing  put_addresses(target, events, count, width)
                            write the u16[count] with `width` bytes each, 1 or 2
         put_bitmap(target, size, events, count, first)
                            write a bitmap of `size` bytes; its first bit is that of event `first`
         encode_into(frame, kind, sequence, payload_size)
                            see below
checksum crc16(data, crc)   see checksums.py

Source: S. Cheshire and M. Baker, Consistent Overhead Byte Stuffing, IEEE/ACM ToN 7(2), 1999.
"""

import struct

from spikert.compat import const
from spikert.wire.checksums import CRC16_START, crc16

# Sent in HELLO; raise it on any incompatible change.
PROTOCOL = const(3)

# One ANSWER closes a turn. A turn is a sample, or the samples of a stream from one answer to the
# next. Its readings are u8[samples, channels], or i16 if the network scales them.

# Commands of the host. The board answers each by ACK and carries it out once, however often it comes.
HELLO = const(0x01)  # protocol:u8 kernel:text (empty: the board's choice); answered by BOARD
TURN = const(0x02)  # turn:u16 first:u16 flags:u8 bytes; a part of its readings, run when complete
REPLAY = const(0x03)  # turn:u16 count:u16 flags:u8; run `count` turns of the board's own recording
BYE = const(0x04)  # end the session
LIVE = const(0x05)  # as REPLAY, from the board's sensor, until the next command; count 0: no end

TURN_FORMAT = "<HHB"
TURN_SIZE = const(5)
START = const(1)  # a flag: the stream starts here; a network without a stream always starts again
QUIET = const(2)  # a flag: report only the answer of the turn
# A flag of LIVE: no network runs, and the board sends only the sensor's readings. They come in blocks,
# which are numbered like turns: an INPUT each, of i16[samples, channels].
FLAG_READINGS = const(4)

# Frames of the board.
ACK = const(0x40)  # sequence:u16 of the host's frame
BOARD = const(0x41)  # its answer to HELLO: BOARD_FORMAT, then BOARD_LINES of text
INPUT = const(0x42)  # PART_FORMAT bytes; readings of the board's own
SPIKES = const(0x43)  # PART_FORMAT addresses; one layer, one step
MEMBRANE = const(0x44)  # PART_FORMAT v:i16[]; one layer, at the turn's end
ANSWER = const(0x45)  # ANSWER_FORMAT; closes a turn
PROBLEM = const(0x46)  # text: the reason why the last command failed
AGAIN = const(0x47)  # no payload: the last frame was damaged, send it again
SENSOR = const(0x48)  # SENSOR_FORMAT text: counts of the sampler, then the sensor's trouble if any

BOARD_FORMAT = "<BHII32s"  # protocol, receive, memory free, table's crc32, source's sha256
BOARD_SIZE = const(43)
BOARD_LINES = ("runtime", "machine", "kernel", "kernels", "ulab", "problem")
PART_FORMAT = "<HHBBH"  # turn, step, layer, form of the data, first neuron or byte
PART_SIZE = const(8)
# Channels, thousandths of a sample a second. Then counts since LIVE: samples, late samples, skipped
# sample times, and failures of the sensor.
SENSOR_FORMAT = "<HIIIII"
SENSOR_SIZE = const(22)
ANSWER_SIZE = const(10)
# Turn, answer, number of its frames, and a CRC-32. That covers the readings that the host sent, all
# payloads of these frames in order, and the three numbers before it.
ANSWER_FORMAT = "<HHHI"

BITMAP = const(0)  # neuron `first + 8 * i + b` fired if bit b of byte i is set
ADDRESSES8 = const(1)  # a byte for each neuron that fired, counted from `first`
ADDRESSES16 = const(2)  # two bytes for each

MAX_PAYLOAD = const(249)  # 254 less kind, sequence and CRC
MAX_FRAME = const(257)  # with the COBS byte and both zeros
HEAD_SIZE = const(3)
CRC16_SIZE = const(2)

CTRL_C = b"\x03"
ESCAPE = b"\x1b"


class FrameError(ValueError):
    """The bytes between two zeros are not a frame."""


def encode_into(frame, kind, sequence, payload_size):
    """Close the frame whose payload is at `frame[5:]`; return its length in bytes.

    Parameters
    ----------
    frame : bytearray(MAX_FRAME), reused from frame to frame
    payload_size : int, 0..MAX_PAYLOAD bytes

    Raises
    ------
    ValueError
        If the payload is longer.
    """
    if payload_size > MAX_PAYLOAD:
        raise ValueError("a payload of %d bytes, above %d" % (payload_size, MAX_PAYLOAD))
    end = 2 + HEAD_SIZE + payload_size
    struct.pack_into("<BH", frame, 2, kind, sequence)
    crc = crc16(memoryview(frame)[2:end], CRC16_START)
    struct.pack_into("<H", frame, end, crc)
    end += CRC16_SIZE
    code_at = 1
    for i in range(2, end):
        if not frame[i]:
            frame[code_at] = i - code_at
            code_at = i
    frame[code_at] = end - code_at
    frame[0] = frame[end] = 0
    return end + 1


def decode(frame):
    """Undo COBS in place and return (kind, sequence, payload), the payload as a view on `frame`.

    Parameters
    ----------
    frame : bytearray, the bytes between two zero bytes

    Raises
    ------
    FrameError
        If it is damaged or no frame.
    """
    size = len(frame)
    if size < 1 + HEAD_SIZE + CRC16_SIZE or size > MAX_FRAME - 2:
        raise FrameError("%d bytes are no frame" % size)
    at = 0
    while at < size:
        step = frame[at]
        if not step:
            raise FrameError("a zero inside a frame")
        frame[at] = 0
        at += step
    if at != size:
        raise FrameError("a frame was cut")
    body = memoryview(frame)[1:]
    kind, sequence = struct.unpack("<BH", body[:HEAD_SIZE])
    (crc,) = struct.unpack("<H", body[-CRC16_SIZE:])
    if crc16(body[:-CRC16_SIZE], CRC16_START) != crc:
        raise FrameError("the CRC is wrong")
    return kind, sequence, body[HEAD_SIZE:-CRC16_SIZE]


def shield(data):
    """Return `data`, encoded frames from the host, without the byte of Ctrl-C."""
    return data.replace(ESCAPE, b"\x1b\x04").replace(CTRL_C, b"\x1b\x02")


def unshield(data):
    """Undo `shield` on bytes that a board received."""
    return data.replace(b"\x1b\x02", CTRL_C).replace(b"\x1b\x04", ESCAPE)
