// Compute with the flags of the core, and evaluate conditions.

// Return functions on 32-bit values that set N, Z, C and V of rp2040js's core like the chip.
export function arithmetic(core) {
  function setNZ(result) {
    core.N = result < 0;
    core.Z = result === 0;
  }

  // a and b are unsigned, carry is 0 or 1.
  function add(a, b, carry) {
    const sum = a + b + carry;
    const result = sum | 0;
    core.N = result < 0;
    core.Z = result === 0;
    core.C = sum > 0xffffffff;
    core.V = (~(a ^ b) & (a ^ result)) < 0;
    return result;
  }

  function subtract(a, b) {
    const result = (a - b) | 0;
    core.N = result < 0;
    core.Z = result === 0;
    core.C = a >= b;
    core.V = ((a ^ b) & (a ^ result)) < 0;
    return result;
  }

  function holds(condition) {
    switch (condition) {
      case 0: return core.Z;
      case 1: return !core.Z;
      case 2: return core.C;
      case 3: return !core.C;
      case 4: return core.N;
      case 5: return !core.N;
      case 6: return core.V;
      case 7: return !core.V;
      case 8: return core.C && !core.Z;
      case 9: return !core.C || core.Z;
      case 10: return core.N === core.V;
      case 11: return core.N !== core.V;
      case 12: return !core.Z && core.N === core.V;
      default: return core.Z || core.N !== core.V;
    }
  }

  // The shifts accept 0 to 255 places and store the last bit shifted out in C.

  function shiftLeft(x, places) {
    if (places > 0) core.C = places <= 32 && ((x >>> (32 - places)) & 1) === 1;
    const result = places < 32 ? (x << places) | 0 : 0;
    setNZ(result);
    return result;
  }

  function shiftRight(x, places) {
    if (places > 0) core.C = places <= 32 && ((x >>> (places - 1)) & 1) === 1;
    const result = places < 32 ? (x >>> places) | 0 : 0;
    setNZ(result);
    return result;
  }

  function shiftRightSigned(x, places) {
    if (places > 0) core.C = (((x | 0) >> (Math.min(places, 32) - 1)) & 1) === 1;
    const result = (x | 0) >> Math.min(places, 31);
    setNZ(result);
    return result;
  }

  function rotate(x, places) {
    const turn = places & 31;
    const result = turn ? (x >>> turn) | (x << (32 - turn)) : x | 0;
    if (places > 0) core.C = result < 0;
    setNZ(result);
    return result;
  }

  return { setNZ, add, subtract, holds, shiftLeft, shiftRight, shiftRightSigned, rotate };
}
