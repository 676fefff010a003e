// Rows of values, so many a second of the board's time.

const SECOND = 1e9; // nanoseconds

export class Recording {
  #rows;
  #rate;
  #loop;
  #start;
  #row = -1;

  // rows       what is measured, row after row; the last one stays, or with `loop` the first follows
  // rate_hz    rows a second
  // first      when the first row begins: "now", or with "read" half a row before the first look, so that one
  //            who looks once a row finds each row's middle
  // nanos      the time now
  constructor({ rows, rate_hz: rate, loop = false, first = "now" }, nanos) {
    this.#rows = rows;
    this.#rate = rate;
    this.#loop = loop;
    this.#start = first === "now" ? nanos : null;
  }

  // Return the row of a time if it is another than that of the last look, else undefined.
  next(nanos) {
    this.#start ??= nanos - SECOND / this.#rate / 2;
    const at = Math.floor(((nanos - this.#start) * this.#rate) / SECOND);
    const { length } = this.#rows;
    const row = this.#loop ? at % length : Math.min(at, length - 1);
    if (row === this.#row) return undefined;
    this.#row = row;
    return this.#rows[row];
  }
}
