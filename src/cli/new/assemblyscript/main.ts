// Reads standard input, the clock and randomness, and answers in one line.

@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, buffers: usize, count: u32, done: usize): u32;
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, buffers: usize, count: u32, done: usize): u32;
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(clock: u32, precision: u64, time: usize): u32;
@external("wasi_snapshot_preview1", "random_get")
declare function random_get(bytes: usize, length: usize): u32;

const BLOCK = memory.data(4096);
const BUFFER = memory.data(8, 4); // address and length
const DONE = memory.data(4, 4);
const NUMBER = memory.data(8, 8);
const TEXT = memory.data(256);
let length: usize = 0;

function need(errno: u32): void {
  if (errno) unreachable();
}

function put(character: u32): void {
  store<u8>(TEXT + length++, <u8>character);
}

function say(text: string): void {
  for (let at = 0; at < text.length; at++) put(text.charCodeAt(at));
}

function decimal(number: u64): void {
  if (number > 9) decimal(number / 10);
  put(<u32>(48 + number % 10));
}

function hexadecimal(number: u32): void {
  for (let shift = 28; shift >= 0; shift -= 4) {
    const digit = (number >> shift) & 15;
    put(digit < 10 ? 48 + digit : 87 + digit);
  }
}

let lines: u64 = 0, bytes: u64 = 0;
store<u32>(BUFFER, <u32>BLOCK);
store<u32>(BUFFER, 4096, 4);
for (;;) {
  need(fd_read(0, BUFFER, 1, DONE));
  const read = load<u32>(DONE);
  if (!read) break;
  bytes += read;
  for (let at: u32 = 0; at < read; at++) if (load<u8>(BLOCK + at) == 10) lines++;
}
decimal(lines);
say(" lines, ");
decimal(bytes);
say(" bytes, at ");
need(clock_time_get(0, 1000, NUMBER));
decimal(load<u64>(NUMBER) / 1000000000);
say(", ticket ");
need(random_get(NUMBER, 4));
hexadecimal(load<u32>(NUMBER));
put(10);
store<u32>(BUFFER, <u32>TEXT);
store<u32>(BUFFER, <u32>length, 4);
need(fd_write(1, BUFFER, 1, DONE));
