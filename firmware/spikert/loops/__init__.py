"""The runtime's loops over steps and layers, channels, neurons and bytes.

Each module is there in several forms, see emitters.py: NAME_viper.py and NAME_thumb.py for interpreters
with those emitters, NAME_plain.py for all others. All forms have the functions below, which return and
leave behind the same, bit for bit. No buffer is kept, and none is made. There are many modules, because
each takes memory, and few networks need them all.

running  stepping(encoder, advance)
                            a function that takes a network through so many steps
         running(parts)     a function that runs a sample of a static network; parts are its start,
                            take, step, answer and number of steps
         bound(function, x, state, events, numbers)
                            a function without parameters that calls one of an encoder's
chain    chain(layers, fired, readout)
                            `advance` and `restart` of kernels/__init__.py, for the layers of any kernel
inputs   copy(x, readings, channels)
                            x u8[channels] as the readings are
         rate(x, sums, events, channels)
         draw(x, state, events, channels)
         due(ends, next_at, events, nothing)
         bits(x, shifts, events, channels)
         change(x, references, events, numbers)
                            the steps of the encoders: each lists in events u16[] the inputs
                            that spike, and returns how many. sums and references u8[channels];
                            state u16[1]; shifts u16[2], that of the last step and the period; numbers
                            u16[2], threshold and channels
         planning(times, ends, events, steps, least, channels)
                            a function that sorts the channels of an x by when they spike, for `due`;
                            times u16[channels], ends u16[steps + 2]; below `least` none does
scaling  scale(x, readings, offset, factor, shift, channels)
                            x u8[channels] of the bytes of readings i16[channels], by scaling.py's
                            rule; offset and factor i32[channels]. In viper what comes before the
                            shift must fit 32 bits
rows     add_rows(sums, rows, events)
                            ulab's int16[neurons] and, for each event, the row that is added to it
         add_groups(sums, rows, events, group)
                            the same, of rows of bytes, by twos as int16[]; in rows_viper.py only. Group
                            has where they stand (a memoryview, the first one's offset, bytes in each),
                            a bytearray for their sums, that as int16[] and as uint8[neurons], and how
                            many can be added there
gather   add_spikes(scores, events, count)
                            one more for each of the neurons listed
         follow(layer, scores)
                            a layer's membrane for each score that is smaller
scores   functions(scores)  two functions without parameters: the one begins the readout's first window,
                            the other returns the index of the largest total over a window's hops, the
                            lowest if it is several's, and begins the next hop

A readout's scores are i32[], of which the first five say

    SCORES_CLASSES    how many there are
    SCORES_END        where the scores end
    SCORES_ADDS       whether a class's total is the sum of its scores, else it is their largest
    SCORES_AT         where those of the present hop begin
    SCORES_SEEN       where those end that a hop has had yet; a window slides over them in a circle

and from SCORES_BEGIN on i32[hops, classes]; counts, or membranes + 0x8000; so a window has fewer than
2**31 steps.
"""

from spikert.compat import const

SIGN = const(0x8000)  # a 16-bit number's sign bit: what is biased has it added

SCORES_CLASSES = const(0)
SCORES_END = const(1)
SCORES_ADDS = const(2)
SCORES_AT = const(3)
SCORES_SEEN = const(4)
SCORES_BEGIN = const(5)
