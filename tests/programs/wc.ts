// Lines, words and bytes of stdin; status 4 when there is no word at all.
// Own program, because no public AssemblyScript package ships a WASI command. Built by fetch.py:
//   asc wc.ts --config .../@assemblyscript/wasi-shim/asconfig.json -O -o wc.wasm
let lines = 0, words = 0, bytes = 0, inWord = false;
const buf = new ArrayBuffer(4096);
let n = process.stdin.read(buf);
while (n > 0) {
  const view = Uint8Array.wrap(buf, 0, n as i32);
  for (let i = 0; i < n; i++) {
    const c = view[i];
    if (c == 10) lines++;
    const space = c == 32 || c == 10 || c == 9 || c == 13;
    if (!space && !inWord) words++;
    inWord = !space;
    bytes++;
  }
  n = process.stdin.read(buf);
}
console.log(`${lines} ${words} ${bytes}`);
if (words == 0) process.exit(4);
