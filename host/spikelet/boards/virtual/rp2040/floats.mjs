// Compute the boot ROM's functions on floats and doubles, with their average cycles.
//
// Source: RP2040 datasheet, 2.8.3.2, "Fast Floating Point Library": the offsets of the tables, rounding to
// -infinity, denormals as 0, and the average cycles.

const words = new Uint32Array(2);
const float32 = new Float32Array(words.buffer);
const float64 = new Float64Array(words.buffer);

const INT32 = [-(2 ** 31), 2 ** 31 - 1];
const UINT32 = [0, 2 ** 32 - 1];
const INT64 = [-(2n ** 63n), 2n ** 63n - 1n];
const UINT64 = [0n, 2n ** 64n - 1n];

// Each format loads values from registers and stores one value from r0 on; `size` is its number of
// registers.

const single = {
  size: 1,
  load(r, at = 0) {
    words[0] = r[at];
    if ((words[0] & 0x7f800000) === 0) words[0] &= 0x80000000;
    return float32[0];
  },
  store(r, x) {
    float32[0] = x;
    if ((words[0] & 0x7f800000) === 0) words[0] &= 0x80000000;
    r[0] = words[0];
  },
};

const double = {
  size: 2,
  load(r, at = 0) {
    words[0] = r[at];
    words[1] = r[at + 1];
    return float64[0];
  },
  store(r, x) {
    float64[0] = x;
    r[0] = words[0];
    r[1] = words[1];
  },
};

function integer(x, [least, most]) {
  return Number.isNaN(x) ? 0 : Math.floor(Math.min(Math.max(x, least), most));
}

function longInteger(x, [least, most]) {
  if (Number.isNaN(x)) return 0n;
  if (x >= Number(most)) return most;
  return x <= Number(least) ? least : BigInt(Math.floor(x));
}

function storeLong(r, value) {
  const bits = BigInt.asUintN(64, value);
  r[0] = Number(bits & 0xffffffffn);
  r[1] = Number(bits >> 32n);
}

function unsignedLong(r) {
  return (BigInt(r[1]) << 32n) | BigInt(r[0]);
}

function signedLong(r) {
  return BigInt.asIntN(64, unsignedLong(r));
}

// Return {offset in the table: [function of the registers, cycles]} of a format.
function functions({ size, load, store }, other, cycles) {
  const one = (f) => (r) => store(r, f(load(r)));
  const two = (f) => (r) => store(r, f(load(r), load(r, size)));
  // The factor of a fixed-point number with r[at] fractional bits.
  const scale = (r, at) => 2 ** (r[at] | 0);
  const { add, subtract, multiply, divide, root, toInteger, fromInteger, compare, other: rest } = cycles;
  return {
    0x00: [two((a, b) => a + b), add],
    0x04: [two((a, b) => a - b), subtract],
    0x08: [two((a, b) => a * b), multiply],
    0x0c: [two((a, b) => a / b), divide],
    0x18: [one(Math.sqrt), root],
    0x1c: [(r) => (r[0] = integer(load(r), INT32)), toInteger],
    0x20: [(r) => (r[0] = integer(load(r) * scale(r, size), INT32)), toInteger],
    0x24: [(r) => (r[0] = integer(load(r), UINT32)), toInteger],
    0x28: [(r) => (r[0] = integer(load(r) * scale(r, size), UINT32)), toInteger],
    0x2c: [(r) => store(r, r[0] | 0), fromInteger],
    0x30: [(r) => store(r, (r[0] | 0) / scale(r, 1)), fromInteger],
    0x34: [(r) => store(r, r[0]), fromInteger],
    0x38: [(r) => store(r, r[0] / scale(r, 1)), fromInteger],
    0x3c: [one(Math.cos), rest],
    0x40: [one(Math.sin), rest],
    0x44: [one(Math.tan), rest],
    0x4c: [one(Math.exp), rest],
    0x50: [one(Math.log), rest],
    0x54: [(r) => (r[0] = Math.sign(load(r) - load(r, size)) || 0), compare],
    0x58: [two(Math.atan2), rest],
    0x5c: [(r) => store(r, Number(signedLong(r))), fromInteger],
    0x60: [(r) => store(r, Number(signedLong(r)) / scale(r, 2)), fromInteger],
    0x64: [(r) => store(r, Number(unsignedLong(r))), fromInteger],
    0x68: [(r) => store(r, Number(unsignedLong(r)) / scale(r, 2)), fromInteger],
    0x6c: [(r) => storeLong(r, longInteger(load(r), INT64)), toInteger],
    0x70: [(r) => storeLong(r, longInteger(load(r) * scale(r, size), INT64)), toInteger],
    0x74: [(r) => storeLong(r, longInteger(load(r), UINT64)), toInteger],
    0x78: [(r) => storeLong(r, longInteger(load(r) * scale(r, size), UINT64)), toInteger],
    0x7c: [(r) => other.store(r, load(r)), fromInteger],
  };
}

// Bytes.
export const TABLE_SIZE = 0x80;

export const singles = functions(single, double, {
  add: 71, subtract: 71, multiply: 69, divide: 71, root: 71, toInteger: 37, fromInteger: 55, compare: 25,
  other: 600,
});

export const doubles = functions(double, single, {
  add: 91, subtract: 95, multiply: 155, divide: 183, root: 169, toInteger: 75, fromInteger: 69, compare: 40,
  other: 1700,
});
