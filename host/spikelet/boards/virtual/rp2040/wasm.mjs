// Write WebAssembly modules: instructions as bytes, and the sections of a module around them.
//
// Source: WebAssembly Core Specification 1.0, 5, "Binary Format".

const I32 = 0x7f;
const I64 = 0x7e;
const FUNCTION = 0x60;
const FUNCREF = 0x70;

// Opcodes without operands.
const PLAIN = {
  end: 0x0b, else: 0x05, return: 0x0f, select: 0x1b,
  eqz: 0x45, eq: 0x46, ne: 0x47, lt_s: 0x48, lt_u: 0x49, gt_s: 0x4a, le_u: 0x4d, le_s: 0x4c, ge_s: 0x4e, ge_u: 0x4f,
  clz: 0x67, add: 0x6a, sub: 0x6b, mul: 0x6c, and: 0x71, or: 0x72, xor: 0x73, shl: 0x74, shr_s: 0x75, shr_u: 0x76,
  rotr: 0x78, wrap: 0xa7, extend_s: 0xac, extend_u: 0xad, extend8: 0xc0, extend16: 0xc1,
  shl64: 0x86, shr_s64: 0x87, shr_u64: 0x88, and64: 0x83,
};

// Loads and stores: [opcode, log2 of the alignment].
const MEMORY = {
  load: [0x28, 2], load8_s: [0x2c, 0], load8_u: [0x2d, 0], load16_s: [0x2e, 1], load16_u: [0x2f, 1],
  store: [0x36, 2], store8: [0x3a, 0], store16: [0x3b, 1],
};

// Return an unsigned number in LEB128.
function unsigned(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value);
  return bytes;
}

// The instructions of a function. Each method appends one and returns the object.
export class Code {
  bytes = [];

  #operand(value) {
    while (value > 127) {
      this.bytes.push((value & 127) | 128);
      value >>>= 7;
    }
    this.bytes.push(value);
  }

  // Append instructions without operands by their names.
  do(...names) {
    for (const name of names) this.bytes.push(PLAIN[name]);
    return this;
  }

  #signed(value) {
    for (;;) {
      const low = value & 127;
      value >>= 7;
      if ((value === 0 && !(low & 64)) || (value === -1 && low & 64)) {
        this.bytes.push(low);
        return;
      }
      this.bytes.push(low | 128);
    }
  }

  number(value) {
    this.bytes.push(0x41);
    this.#signed(value | 0);
    return this;
  }

  number64(value) {
    this.bytes.push(0x42);
    this.#signed(value | 0);
    return this;
  }

  get(local) {
    this.bytes.push(0x20);
    this.#operand(local);
    return this;
  }

  set(local) {
    this.bytes.push(0x21);
    this.#operand(local);
    return this;
  }

  tee(local) {
    this.bytes.push(0x22);
    this.#operand(local);
    return this;
  }

  // Append a load or a store at a constant offset from the address on the stack.
  memory(name, offset = 0) {
    const [opcode, alignment] = MEMORY[name];
    this.bytes.push(opcode, alignment);
    this.#operand(offset);
    return this;
  }

  block() {
    this.bytes.push(0x02, 0x40);
    return this;
  }

  loop() {
    this.bytes.push(0x03, 0x40);
    return this;
  }

  // Begin a conditional; `result` keeps a value of 32 bits on the stack.
  if(result = false) {
    this.bytes.push(0x04, result ? I32 : 0x40);
    return this;
  }

  // Branch out of `depth` more structures than the innermost.
  branch(depth) {
    this.bytes.push(0x0c);
    this.#operand(depth);
    return this;
  }

  branchIf(depth) {
    this.bytes.push(0x0d);
    this.#operand(depth);
    return this;
  }

  // Branch to the depth of the number on the stack; a larger number goes to the last depth.
  branchTable(depths) {
    this.bytes.push(0x0e);
    this.#operand(depths.length - 1);
    for (const depth of depths) this.#operand(depth);
    return this;
  }

  // Call the function of the table whose index is on the stack; see `compile` for its type.
  callIndirect() {
    this.bytes.push(0x11, 0, 0);
    return this;
  }
}

function section(id, ...parts) {
  const bytes = parts.flat();
  return [id, ...unsigned(bytes.length), ...bytes];
}

function name(text) {
  return [text.length, ...Buffer.from(text)];
}

// Compile functions of two numbers that return a number, and return them.
//
// memory       imported by the module
// functions    objects with the Code `code`, and the numbers of locals, `words` of 32 bits and `longs` of
//              64 bits, which follow the two parameters
// table        of functions that they call; each change of a table takes time for each of its modules
export function compile(memory, functions, table = null) {
  const bodies = functions.map(({ code, words, longs }) => {
    const declared = [2, ...unsigned(words), I32, ...unsigned(longs), I64];
    const size = declared.length + code.bytes.length + 1;
    return { head: [...unsigned(size), ...declared], code: code.bytes };
  });
  const size = bodies.reduce((sum, { head, code }) => sum + head.length + code.length + 1, 0);
  const count = unsigned(functions.length);
  const pages = unsigned(memory.buffer.byteLength >>> 16);
  const tableImport = table ? [...name("e"), ...name("t"), 1, FUNCREF, 0, 1] : [];
  const head = [
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, FUNCTION, 2, I32, I32, 1, I32]),
    ...section(2, [table ? 2 : 1], name("e"), name("m"), [2, 0, ...pages], tableImport),
    ...section(3, count, functions.map(() => 0)),
    ...section(7, count, functions.flatMap((_, index) => [...name(`f${index}`), 0, ...unsigned(index)])),
    10, ...unsigned(size + count.length), ...count,
  ];
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  let at = head.length;
  for (const body of bodies) {
    bytes.set(body.head, at);
    bytes.set(body.code, at + body.head.length);
    at += body.head.length + body.code.length;
    bytes[at++] = PLAIN.end;
  }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { m: memory, t: table } });
  return Object.values(exports);
}
