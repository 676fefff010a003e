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
  // first      when the first row begins: "now", or with "read" half a row before `begin`, so that one who
  //            looks once a row from then on finds each row's middle
  // nanos      the time now
  constructor({ rows, rate_hz: rate, loop = false, first = "now" }, nanos) {
    this.#rows = rows;
    this.#rate = rate;
    this.#loop = loop;
    this.#start = first === "now" ? nanos : null;
  }

  // How many values a row has.
  get width() {
    return this.#rows[0].length;
  }

  // The first row is being read.
  begin(nanos) {
    this.#start ??= nanos - SECOND / this.#rate / 2;
  }

  // Return the row of a time if it is another than that of the last look, else undefined.
  next(nanos) {
    const past = this.#start === null ? 0 : nanos - this.#start;
    const at = Math.floor((past * this.#rate) / SECOND);
    const { length } = this.#rows;
    const row = this.#loop ? at % length : Math.min(at, length - 1);
    if (row === this.#row) return undefined;
    this.#row = row;
    return this.#rows[row];
  }
}
