// Refuses records whose JSON value has no number under a name, or a larger one than the limit.
//
//   npx asc limit.ts -O3 --runtime stub --use abort= -o limit.wasm
//
// The contract is plugin-sdk/ABI.md. Nothing is allocated while records are judged, so `--runtime stub` needs no collector.

// ---- JSON: a walk over text that nobody has checked. Where it is not JSON, nothing is found. ----

let at: usize = 0;
let end: usize = 0;
let foundAt: usize = 0;
let foundEnd: usize = 0;

function skipSpace(): void {
  while (at < end) {
    const next = load<u8>(at);
    if (next != 0x20 && next != 0x09 && next != 0x0a && next != 0x0d) return;
    at++;
  }
}

/** Whether the next character is this one, which is then behind us. */
function take(wanted: u8): bool {
  skipSpace();
  if (at == end || load<u8>(at) != wanted) return false;
  at++;
  return true;
}

/** What stands between the quotes, with its escapes, is then from `foundAt` to `foundEnd`. */
function takeString(): bool {
  if (!take(0x22)) return false;
  foundAt = at;
  for (; at < end; at++) {
    const next = load<u8>(at);
    if (next == 0x5c) {
      if (++at == end) return false;
    } else if (next == 0x22) {
      foundEnd = at++;
      return true;
    }
  }
  return false;
}

function isScalar(next: u8): bool {
  return next > 0x20 && next != 0x2c && next != 0x3a && next != 0x5d && next != 0x7d;
}

/** Goes behind any value: brackets are counted, strings are passed over as a whole. */
function skipValue(): bool {
  let depth = 0;
  while (true) {
    skipSpace();
    if (at == end) return false;
    const next = load<u8>(at);
    if (next == 0x22) {
      if (!takeString()) return false;
    } else if (next == 0x7b || next == 0x5b) {
      at++;
      depth++;
    } else if (next == 0x7d || next == 0x5d) {
      if (depth == 0) return false;
      at++;
      depth--;
    } else if (next == 0x2c || next == 0x3a) {
      if (depth == 0) return false;
      at++;
      continue;
    } else {
      while (at < end && isScalar(load<u8>(at))) at++;
    }
    if (depth == 0) return true;
  }
}

/** Finds the member of the object between `at` and `end`; of several, the last one. */
function find(name: usize, nameLen: usize): bool {
  let found = false;
  let valueAt: usize = 0;
  let valueEnd: usize = 0;
  if (!take(0x7b) || take(0x7d)) return false;
  do {
    if (!takeString()) return false;
    const isWanted = foundEnd - foundAt == nameLen && memory.compare(foundAt, name, nameLen) == 0;
    if (!take(0x3a)) return false;
    skipSpace();
    const start = at;
    if (!skipValue()) return false;
    if (isWanted) {
      found = true;
      valueAt = start;
      valueEnd = at;
    }
  } while (take(0x2c));
  foundAt = valueAt;
  foundEnd = valueEnd;
  return found && take(0x7d);
}

function isDigit(): bool {
  return at < end && load<u8>(at) >= 0x30 && load<u8>(at) <= 0x39;
}

/** The number between `at` and `end`, to within what 64 bits hold; NaN if it is none. */
function number(): f64 {
  const negative = take(0x2d);
  let digits: f64 = 0;
  let exponent = 0;
  if (!isDigit()) return NaN;
  for (; isDigit(); at++) digits = digits * 10 + <f64>(load<u8>(at) - 0x30);
  if (take(0x2e)) {
    for (; isDigit(); at++, exponent--) digits = digits * 10 + <f64>(load<u8>(at) - 0x30);
  }
  if (take(0x65) || take(0x45)) {
    const down = take(0x2d);
    if (!down) take(0x2b);
    let power = 0;
    for (; isDigit(); at++) if (power < 1000) power = power * 10 + (<i32>load<u8>(at) - 0x30);
    exponent += down ? -power : power;
  }
  if (at != end) return NaN;
  for (; exponent > 0 && digits < 1e300; exponent--) digits *= 10;
  let scale: f64 = 1;
  for (; exponent < 0 && scale < 1e300; exponent++) scale *= 10;
  return (negative ? -digits : digits) / scale;
}

// ---- The contract ----

const SETTINGS_MAX: usize = 4096;

const settings = memory.data(4096);
const answer = memory.data(4 + 8 * ((256 * 1024 + 1024) / 7) + 64);
const noField = String.UTF8.encode("the field is missing, or no number");
const tooLarge = String.UTF8.encode("the number is above the limit");
const fieldName = String.UTF8.encode("field");
const limitName = String.UTF8.encode("limit");
let objection: ArrayBuffer = noField;

let input: usize = 0;
let inputLen: usize = 0;
let field: usize = 0;
let fieldLen: usize = 0;
let limit: f64 = 0;

export function corvid_abi_1(): i32 {
  return 0; // the minor version
}

/** There is one input at a time, and it only ever grows. */
export function corvid_alloc(len: usize): usize {
  if (len > inputLen) {
    input = heap.alloc(len);
    inputLen = len;
  }
  return input;
}

function result(pointer: usize, len: usize): u64 {
  return ((<u64>pointer) << 32) | (<u64>len);
}

function objected(what: string): u64 {
  objection = String.UTF8.encode(what);
  return result(changetype<usize>(objection), objection.byteLength);
}

/** The input is the host's again after this call, so the configuration is copied. */
export function corvid_init(config: usize, len: usize): u64 {
  if (len > SETTINGS_MAX) return objected("the configuration is too long");
  memory.copy(settings, config, len);
  at = settings;
  end = settings + len;
  if (!find(changetype<usize>(fieldName), fieldName.byteLength)) return objected("`field` is missing: the name of a number");
  at = foundAt;
  end = foundEnd;
  if (!takeString()) return objected("`field` is missing: the name of a number");
  field = foundAt;
  fieldLen = foundEnd - foundAt;
  at = settings;
  end = settings + len;
  if (!find(changetype<usize>(limitName), limitName.byteLength)) return objected("`limit` is missing: the largest number");
  at = foundAt;
  end = foundEnd;
  limit = number();
  return isNaN(limit) ? objected("`limit` is missing: the largest number") : 0;
}

let cursor: usize = 0;

/** A zigzag varint at `cursor`. The host has checked that it ends. */
function varint(): i64 {
  let bits: u64 = 0;
  let shift: u64 = 0;
  while (true) {
    const byte = load<u8>(cursor++);
    bits |= (<u64>(byte & 0x7f)) << shift;
    if (byte < 0x80) return (<i64>(bits >> 1)) ^ -(<i64>(bits & 1));
    shift += 7;
  }
}

/** 0 for a record that is accepted, else the code of its refusal. `cursor` is behind the record's length. */
function judge(): u16 {
  cursor++; // attributes
  varint(); // timestamp delta
  varint(); // offset delta
  const keyLen = varint();
  if (keyLen > 0) cursor += <usize>keyLen;
  const valueLen = varint();
  at = cursor;
  end = cursor + (valueLen > 0 ? <usize>valueLen : 0);
  if (!find(field, fieldLen)) return 1;
  at = foundAt;
  end = foundEnd;
  const found = number();
  if (isNaN(found)) return 1;
  return found > limit ? 2 : 0;
}

export function corvid_validate(call: usize, len: usize): u64 {
  const records = load<u32>(call, 8);
  let out = answer + 4;
  let refused: u32 = 0;
  cursor = call + load<u32>(call); // header_len
  for (let index: u32 = 0; index < records; index++) {
    const recordLen = <usize>varint();
    const next = cursor + recordLen;
    const code = judge();
    cursor = next;
    if (code == 0) continue;
    store<u32>(out, index);
    store<u16>(out, code, 4);
    store<u16>(out, 0, 6);
    // Only the first has a reason: the answer must not outgrow its limit.
    if (refused == 0) {
      const reason = code == 1 ? noField : tooLarge;
      store<u16>(out, <u16>reason.byteLength, 6);
      memory.copy(out + 8, changetype<usize>(reason), reason.byteLength);
      out += reason.byteLength;
    }
    out += 8;
    refused++;
  }
  store<u32>(answer, refused);
  return refused ? result(answer, out - answer) : 0;
}
