// Compiles one MoonBit source to a module of the GC proposal:
//
//     node moonc.js MOONC_WORKER.js MOONPAD.js SOURCE.mbt OUTPUT.wasm
//
// The compiler is a browser's worker, spoken to as its library Comlink does; the interfaces of the
// standard library stand as base64 in the other package.
const fs = require("fs");
const path = require("path");
const [worker, moonpad, source, output] = process.argv.slice(2);

let receive;
const waiting = {};
globalThis.addEventListener = (kind, handler) => { if (kind === "message") receive = handler; };
globalThis.postMessage = (answer) => waiting[answer.id](answer);
require(path.resolve(worker));

function call(name, argument) {
  return new Promise((resolve, reject) => {
    waiting[name] = (answer) => answer.type === "RAW"
      ? resolve(answer.value)
      : reject(new Error(`${name}: ${JSON.stringify(answer.value).slice(0, 500)}`));
    const argumentList = [{ type: "RAW", value: argument }];
    receive({ origin: "*", data: { id: name, type: "APPLY", path: [name], argumentList } });
  });
}

function interfaces() {
  const text = fs.readFileSync(moonpad, "utf8");
  const place = /\["\/lib\/core\/_build\/js\/release\/bundle\/([^"]+)\/[^"/]+\.mi"\] = (\w+);/g;
  return [...text.matchAll(place)].map(([, name, variable]) => {
    const base64 = new RegExp(`[ ,]${variable} = d\\("([^"]*)"\\)`).exec(text)[1];
    return [`/lib/core/${name}:${name}`, new Uint8Array(Buffer.from(base64, "base64"))];
  });
}

async function main() {
  const common = { target: "wasm-gc", pkgSources: ["own/main:/main"], noOpt: false };
  const built = await call("buildPackage", {
    ...common, pkg: "own/main", isMain: true, errorFormat: "human", enableValueTracing: false,
    mbtFiles: [["main.mbt", fs.readFileSync(source, "utf8")]], stdMiFiles: interfaces(),
    miFiles: [], indirectImportMiFiles: [],
  });
  if (!built.core) throw new Error(built.diagnostics.join("\n"));
  const linked = await call("linkCore", {
    ...common, coreFiles: [built.core], main: "own/main", exportedFunctions: ["run"],
    outputFormat: "wasm", testMode: false, debug: false, sourceMap: false, sources: {},
    stopOnMain: false,
  });
  fs.writeFileSync(output, linked.result);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
