// Runs a module in V8 and prints, for each call, how it ended and a digest of what can be seen.
// Arguments: the module, then calls as EXPORT or EXPORT=NUMBER. Values at the boundary are i32 and
// i64 only: JavaScript does not keep the bits of NaNs.
"use strict";
const fs = require("fs");
const crypto = require("crypto");
const [file, ...calls] = process.argv.slice(2);
const module_ = new WebAssembly.Module(fs.readFileSync(file));
const CHUNK = 4096;

// As the host of the other engines: enters the module again, three levels deep.
let level = 0;
function reenter(number) {
  level += 1;
  const result = level <= 3 ? exports_.reentry(number) : -1;
  level -= 1;
  return result;
}

const exports_ = new WebAssembly.Instance(module_, { host: { reenter } }).exports;

function ending(call) {
  const [name, number] = call.split("=");
  const given = number === undefined ? [] : [Number(number), 1];
  try {
    const result = exports_[name](...given);
    return result === undefined ? "returned" : `returned ${result >>> 0}`;
  } catch (error) {
    if (error instanceof RangeError) return "stack of V8";
    if (error instanceof WebAssembly.RuntimeError) return `trap ${error.message}`;
    throw error;
  }
}

// The same digest as that of the harness: chunks that are not empty, each with its number.
function digest(memory) {
  const hash = crypto.createHash("sha256");
  const bytes = new Uint8Array(memory.buffer);
  for (let at = 0; at * CHUNK < bytes.length; at++) {
    const chunk = bytes.subarray(at * CHUNK, (at + 1) * CHUNK);
    if (chunk.every((byte) => byte === 0)) continue;
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt(at));
    hash.update(number);
    hash.update(chunk);
  }
  return hash.digest("hex");
}

for (const call of calls) {
  const seen = [ending(call)];
  const items = Object.entries(exports_);
  for (const [, item] of items) {
    if (item instanceof WebAssembly.Memory) seen.push(digest(item));
  }
  for (const name of ["count", "sum"]) {
    const item = exports_[name];
    if (item instanceof WebAssembly.Global) seen.push(`${name} ${BigInt.asUintN(64, item.value)}`);
  }
  const trap = exports_["provenact:trap"];
  seen.push(trap !== undefined && trap.value === 1 ? "overflow" : "no overflow");
  console.log(seen.join("; "));
}
