"""The runtime's loops over steps and layers, channels, neurons and bytes.

Each module has several forms, see emitters.py: NAME_viper.py and NAME_thumb.py for interpreters with
those emitters, NAME_plain.py for all others. All forms have the functions below, with the same results
and effects, bit for bit. They keep no buffer and make none. There are many modules, because each takes
memory, and few networks need them all.

running  stepping(encoder, advance)
                            a function that takes a network through a number of steps
         running(parts)     a function that runs a sample of a static network; parts are its start,
                            take, step, answer and number of steps
         bound(function, x, state, events, numbers)
                            a function without parameters that calls one of an encoder's
chain    chain(layers, fired, readout)
                            `advance` and `restart` of kernels/__init__.py, for the layers of any kernel
inputs   copy(x, readings, channels)
                            x u8[channels], equal to the readings
         rate(x, sums, events, channels)
         draw(x, state, events, channels)
         due(ends, next_at, events, nothing)
         bits(x, shifts, events, channels)
         change(x, references, events, numbers)
                            the steps of the encoders: each lists in events u16[] the inputs
                            that spike, and returns their number. sums and references u8[channels];
                            state u16[1]; shifts u16[2], that of the last step and the period; numbers
                            u16[2], threshold and channels
         planning(times, ends, events, steps, least, channels)
                            a function that sorts the channels of an x by their spike times, for `due`;
                            times u16[channels], ends u16[steps + 2]; no x below `least` spikes
scaling  scale(x, readings, offset, factor, shift, channels)
                            x u8[channels] from the bytes of readings i16[channels], by scaling.py's
                            rule; offset and factor i32[channels]. In viper the value before the
                            shift must fit 32 bits
rows     add_rows(sums, rows, events)
                            ulab's int16[neurons] and, for each event, the row that is added to it
         add_groups(sums, rows, events, group)
                            the same for rows of bytes, by twos as int16[]; in rows_viper.py only. Group
                            has their place (a memoryview, the first one's offset, bytes in each),
                            a bytearray for their sums, that as int16[] and as uint8[neurons], and the
                            number of rows that can be added there
gather   add_spikes(scores, events, count)
                            one more for each of the neurons listed
         follow(layer, scores)
                            a layer's membrane for each score that is smaller
scores   functions(scores)  two functions without parameters. The first starts the readout's first
                            window. The second returns the index of the largest total over a
                            window's hops, the lowest of equal ones, and starts the next hop

A readout's scores are i32[]. The first five numbers are

    SCORES_CLASSES    number of classes
    SCORES_END        end of the scores
    SCORES_ADDS       whether a class's total is the sum of its scores; otherwise it is their largest
    SCORES_AT         start of the present hop's scores
    SCORES_SEEN       end of the scores of all hops so far; a window slides over them in a circle

and from SCORES_BEGIN on i32[hops, classes]; counts, or membranes + 0x8000; so a window has fewer than
2**31 steps.
"""

from spikert.compat import const

# The sign bit of a 16-bit number; a biased number has it added.
SIGN = const(0x8000)

SCORES_CLASSES = const(0)
SCORES_END = const(1)
SCORES_ADDS = const(2)
SCORES_AT = const(3)
SCORES_SEEN = const(4)
SCORES_BEGIN = const(5)
