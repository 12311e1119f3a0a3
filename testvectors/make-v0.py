#!/usr/bin/env python3
"""Writes testvectors/v0 without any code of Provenact.

Needs the PyPI package `cryptography`. Keys and helpers are those of make-attest.py. A vector whose
header differs from what the tests find is wrong here or wrong there; that is the point of writing it
twice.
"""

import base64
import hashlib
import importlib.util
import json
import pathlib
import shutil

ROOT = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("make_attest", ROOT / "make-attest.py")
attest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(attest)
KEYS, jcs, changed = attest.KEYS, attest.jcs, attest.changed
ORDER = 2**252 + 27742317777372353535851937790883648493

b64 = lambda data: base64.b64encode(data).decode()
pretty = lambda value: json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def module(*functions, imports=b"", types=b"\x60\x00\x00", start=0, memory=b""):
    """A module whose exports are empty functions of type 0, after `start` imports."""
    section = lambda n, count, body: bytes([n, 1 + len(body), count]) + body if count else b""
    names = [name.encode() for name in functions]
    exports = b"".join(bytes([len(n)]) + n + bytes([0, start + i]) for i, n in enumerate(names))
    return (
        b"\0asm\1\0\0\0"
        + section(1, types.count(b"\x60"), types)
        + section(2, start, imports)
        + section(3, len(names), b"\0" * len(names))
        + section(5, 1 if memory else 0, memory)
        + section(7, len(names), exports)
        + section(10, len(names), b"\2\0\x0b" * len(names))
    )


RUN = module("run")
clock = b"\x16wasi_snapshot_preview1\x0eclock_time_get\0\1"
CLOCK = module("run", imports=clock, types=b"\x60\0\0\x60\3\x7f\x7e\x7f\1\x7f", start=1, memory=b"\0\1")
length = lambda name: bytes([len(name)]) + name + b"\x09input_len\0\1"


def manifest(wasm=RUN, capabilities=(), signers=("alice",), **changes):
    capabilities = [{"kind": kind, "value": value} for kind, value in capabilities]
    whole = {"name": "greet", "version": "1.0.0", "entrypoint": "run", "artifact": sha(wasm)}
    return whole | {"capabilities": capabilities, "signers": list(signers)} | changes


def signed(key, text, signer=None, **changes):
    signature = b64(KEYS[key].sign(text.encode()))
    return {"signer": signer or key, "algorithm": "ed25519", "signature": signature} | changes


def signatures(about, *by, **changes):
    """Over the manifest `about`, by keys (their names) or by what stands there instead."""
    digest = sha(jcs(about))
    list_ = [signed(one, digest) if isinstance(one, str) else one for one in by]
    return {"artifact": about["artifact"], "manifest_hash": digest, "signatures": list_} | changes


def raw(name):
    form = attest.serialization.PublicFormat.Raw, attest.serialization.Encoding.Raw
    return KEYS[name].public_key().public_bytes(form[1], form[0])


def keys(*names, **more):
    return {name: b64(raw(name)) for name in names} | more


def covers(numbers):
    return ", ".join(f"v0-bundle-{n}" for n in numbers)


def write(room, name, expect, numbers, comment, content, **more):
    head = {"expect": expect, "covers": covers(numbers)} | more | {"comment": comment}
    text = "".join(f"{key}: {value}\n" for key, value in head.items())
    (ROOT / "v0" / room / name).write_bytes(text.encode() + b"\n" + content)


def manifests():
    def put(name, expect, numbers, comment, content, **more):
        content = content if isinstance(content, bytes) else pretty(content)
        write("manifest", name, expect, numbers, comment, content, **more)

    good, bad = manifest(capabilities=[("time.now", "utc")], signers=["alice", "bob"]), "v0-malformed"
    text = jcs(good)
    put("complete", "accept", [5, 7], "every member is there", good, digest=sha(text))
    put("canonical", "accept", [5], "in JCS", text, digest=sha(text))
    put("escapes", "accept", [5], "the digest is of what the text says, not of how it is spelt", text.replace(b"greet", b"gr\\u0065et"), digest=sha(text))
    nothing = manifest(signers=[])
    put("nothing", "accept", [5], "no capability and no signer; verification needs one", nothing, digest=sha(jcs(nothing)))
    for member in good:
        put(f"no-{member}", bad, [5], f"{member} is missing", changed(good, [member], drop=True))
    put("member-unknown", bad, [5], "a member too many", good | {"homepage": "x"})
    put("member-unknown-schema", bad, [5], "a manifest of ours is not one of v0", good | {"schema": "x"})
    put("capability-member", bad, [7], "a member too many", changed(good, ["capabilities", 0, "scope"], "x"))
    put("capability-no-value", bad, [7], "no value", changed(good, ["capabilities", 0, "value"], drop=True))
    put("capability-number", bad, [7], "a value that is no text", changed(good, ["capabilities", 0, "value"], 1))
    put("capability-list", bad, [7], "an array is no object", changed(good, ["capabilities", 0], ["time.now", "utc"]))
    put("list", bad, [5], "an array of the right values", list(good.values()))
    put("draft", "v0-draft", [6], "the draft version 1", good | {"schema_version": "1.0.0-draft", "id": "x", "inputs_schema": {}, "outputs_schema": {}})
    put("draft-other", "v0-draft", [6], "whatever the version is", good | {"schema_version": 2})
    put("artifact-uppercase", bad, [7], "uppercase digits", good | {"artifact": "sha256:" + sha(RUN)[7:].upper()})
    put("artifact-bare", bad, [7], "no prefix", good | {"artifact": sha(RUN)[7:]})
    put("artifact-short", bad, [7], "63 digits", good | {"artifact": sha(RUN)[:-1]})
    put("signers-text", bad, [7], "text instead of an array", good | {"signers": "alice"})
    put("signers-twice", bad, [7], "the same id twice", good | {"signers": ["alice", "alice"]})
    put("signers-empty-id", bad, [7], "an empty id", good | {"signers": [""]})
    put("signers-control", bad, [7], "a line end in an id", good | {"signers": ["alice\n"]})
    put("signers-long", bad, [7], "257 characters", good | {"signers": ["a" * 257]})
    put("signers-number", bad, [7], "a number", good | {"signers": [1]})
    put("name-number", bad, [5], "a number", good | {"name": 1})
    for name, value in {"uppercase": "Greet", "slash": "a/b", "empty": "", "long": "a" * 65}.items():
        put(f"name-{name}", "v0-unfit", [8], "no name of ours", good | {"name": value})
    put("version-space", "v0-unfit", [8], "no version of ours", good | {"version": "1.0 beta"})
    put("entrypoint-empty", "v0-unfit", [8], "no entrypoint of ours", good | {"entrypoint": ""})
    put("duplicate", bad, [3], "a member twice", text[:-1] + b',"name":"greet"}')
    put("duplicate-deep", bad, [3], "a member twice, further down", text.replace(b'"kind":', b'"value":"x","kind":'))
    put("trailing", bad, [3], "bytes after the value", text + b"{}")
    put("byte-order-mark", bad, [3], "a byte order mark", b"\xef\xbb\xbf" + text)
    put("not-utf-8", bad, [3], "no UTF-8", text.replace(b"greet", b"gr\xffet"))
    put("not-json", bad, [3], "no JSON", b"name: greet\n")


def signature_files():
    def put(name, expect, numbers, comment, content):
        content = content if isinstance(content, bytes) else pretty(content)
        write("signatures", name, expect, numbers, comment, content)

    good, bad = signatures(manifest(), "alice", "bob"), "v0-malformed"
    at = ["signatures", 0]
    text = good["signatures"][0]["signature"]
    put("complete", "accept", [12, 13, 14], "two signatures", good)
    put("nothing", "accept", [12], "no signature; verification needs one", good | {"signatures": []})
    for member in good:
        put(f"no-{member}", bad, [12], f"{member} is missing", changed(good, [member], drop=True))
    for member in good["signatures"][0]:
        put(f"signature-no-{member}", bad, [12], f"{member} is missing", changed(good, at + [member], drop=True))
    put("member-unknown", bad, [12], "a member too many", good | {"more": 1})
    put("signature-member", bad, [12], "a member too many", changed(good, at + ["keyid"], "x"))
    put("signature-list", bad, [12], "an array is no object", changed(good, at, list(good["signatures"][0].values())))
    put("artifact-uppercase", bad, [12], "uppercase digits", good | {"artifact": "sha256:" + sha(RUN)[7:].upper()})
    put("manifest-bare", bad, [12], "no prefix", good | {"manifest_hash": sha(b"")[7:]})
    for name, value in {"other": "ed25519ph", "uppercase": "Ed25519", "none": "none", "null": None}.items():
        put(f"algorithm-{name}", bad, [13], "another algorithm", changed(good, at + ["algorithm"], value))
    url = text.replace("+", "-").replace("/", "_")
    assert url != text
    unused = text[:-3] + chr(ord(text[-3]) + 1) + "=="
    for name, value in {"url-safe": url, "no-padding": text.rstrip("="), "unused-bits": unused, "spaces": text[:40] + "\n" + text[40:], "hex": KEYS["alice"].sign(b"").hex(), "short": b64(bytes(63)), "long": b64(bytes(65)), "empty": "", "number": 7}.items():
        put(f"base64-{name}", bad, [13], "not the one spelling of 64 bytes", changed(good, at + ["signature"], value))
    put("signer-twice", bad, [14], "alice signs twice", signatures(manifest(), "alice", "bob", "alice"))
    put("signer-control", bad, [12], "a control character", changed(good, at + ["signer"], "al\u0007ice"))
    put("duplicate", bad, [3], "a member twice", jcs(good).replace(b'"signer":"alice"', b'"signer":"mallory","signer":"alice"'))
    put("trailing", bad, [3], "bytes after the value", jcs(good) + b"x")


def key_files():
    def put(name, expect, numbers, comment, content, **more):
        content = content if isinstance(content, bytes) else pretty(content)
        write("keys", name, expect, numbers, comment, content, **more)

    good, bad, weak = keys("alice", "bob"), "v0-malformed", "key-malformed"
    text = good["alice"]
    put("complete", "accept", [9, 10, 11], "two keys", good)
    put("nothing", "accept", [10], "no key; verification needs one", {})
    put("one-key-two-names", "accept", [10], "whoever pins the file says so", keys("alice", anna=text))
    put("pin", "keys-mismatch", [9], "another digest was pinned", good, pinned=sha(jcs(good)))
    put("pin-not-json", "keys-mismatch", [9], "a file that was not pinned is not looked at", b"{", pinned=sha(b"{}"))
    put("list", bad, [10], "an array", [text])
    put("number", bad, [10], "no text", good | {"alice": 7})
    put("object", bad, [10], "a key with more about it", good | {"alice": {"key": text}})
    put("pem", bad, [10], "PEM", good | {"alice": attest.pem(attest.spki(KEYS["alice"]))})
    put("short", bad, [10], "31 bytes", good | {"alice": b64(bytes(31))})
    put("long", bad, [10], "33 bytes", good | {"alice": b64(bytes(33))})
    put("no-padding", bad, [10], "no padding", good | {"alice": text.rstrip("=")})
    put("url-safe", bad, [10], "the other alphabet", good | {"alice": text.replace("/", "_")})
    put("id-empty", bad, [10], "an empty id", good | {"": text})
    put("id-control", bad, [10], "a line end in an id", good | {"al\nice": text})
    put("duplicate", bad, [3], "an id twice", jcs(good)[:-1] + b',"alice":"' + good["bob"].encode() + b'"}')
    put("trailing", bad, [3], "bytes after the value", jcs(good) + b"{}")
    put("small-order", weak, [11], "anyone can sign for it", good | {"eve": b64(b"\1" + bytes(31))})
    put("small-order-8", weak, [11], "a point of order 8", good | {"eve": b64(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"))})
    put("not-canonical", weak, [11], "y is not reduced", good | {"eve": b64(bytes.fromhex("f0" + "ff" * 30 + "7f"))})
    put("no-point", weak, [11], "no point of the curve", good | {"eve": b64(b"\2" + bytes(31))})


def bundles():
    def put(name, expect, numbers, comment, m=None, s=None, k=None, wasm=RUN, drop=(), **more):
        """A whole bundle: signatures by alice over the manifest unless told otherwise."""
        m = manifest() if m is None else m
        s = signatures(m, "alice") if s is None else s
        k = keys("alice", "bob") if k is None else k
        parts = {"manifest.json": pretty(m), "signatures.json": pretty(s), "keys": pretty(k), "skill.wasm": wasm}
        parts = {part: data for part, data in parts.items() if part not in drop}
        more = {"parts": " ".join(f"{part}={len(data)}" for part, data in parts.items())} | more
        write("bundle", name, expect, numbers, comment, b"".join(parts.values()), **more)

    good = manifest()
    digest = sha(jcs(good))
    both = manifest(signers=["bob", "alice"])
    put("one", "accept", [15, 20, 21, 22, 23, 25, 26], "signed by alice", signed="alice", capabilities="none")
    put("two", "accept", [22, 23], "both signers signed", both, signatures(both, "bob", "alice"), signed="alice, bob", capabilities="none")
    put("one-of-two", "accept", [22], "not each signer need sign", both, signatures(both, "bob"), k=keys("bob"), signed="bob", capabilities="none")
    for file in ("manifest.json", "signatures.json", "skill.wasm"):
        put("no-" + file.split(".")[0], "bundle-malformed", [1], f"{file} is missing", drop=[file])

    mapped = [("time.now", "utc"), ("random.bytes", "bounded"), ("env", "HOME"), ("fs.read", "/data/"), ("fs.read", "/data"), ("fs.write", "//data/./out"), ("net.http", "https://Example.com:443/v1/")]
    put("capabilities", "accept", [16, 18, 26], "what becomes of each kind", manifest(capabilities=mapped), signed="alice", capabilities="env=HOME, fs.read=/data, fs.write=/data/out, net.http=https://example.com/v1, random, time=realtime")
    for kind in ("exec", "exec.safe", "kv.read", "kv.write", "queue.consume", "queue.publish"):
        put(f"kind-{kind}", "capability-unsupported", [16], "not imported yet", manifest(capabilities=[(kind, "x")]))
    for kind in ("time", "random", "sock", "fs", "FS.READ", ""):
        put(f"kind-{kind or 'empty'}-unknown", "capability-unknown", [16], "no kind of v0", manifest(capabilities=[(kind, "*")]))
    for name, capability in {"time-empty": ("time.now", ""), "random-empty": ("random.bytes", ""), "env-lowercase": ("env", "home"), "env-star": ("env", "*"), "env-empty": ("env", "")}.items():
        put(name, "capability-unknown", [17], "no value of that kind", manifest(capabilities=[capability]))
    for name, path in {"dots": "/data/../etc", "relative": "data", "empty": "", "zero": "/a\0b"}.items():
        put(f"path-{name}", "capability-unknown", [17, 19], "no path that can be brought into normal form", manifest(capabilities=[("fs.read", path)]))
    put("clock", "accept", [24], "the import is there, and was not declared", manifest(CLOCK), wasm=CLOCK, signed="alice", capabilities="none")

    put("module-changed", "artifact-mismatch", [15], "another module", wasm=RUN + b"\0\2\1x")
    put("artifact-changed", "artifact-mismatch", [15], "the manifest names another module", manifest(CLOCK))
    put("signatures-artifact", "artifact-mismatch", [15], "the signatures name another module", s=signatures(good, "alice") | {"artifact": sha(CLOCK)})
    put("manifest-changed", "manifest-mismatch", [20], "the manifest was changed after it was signed", good | {"version": "1.0.1"}, signatures(good, "alice"))
    put("manifest-bytes", "manifest-mismatch", [20], "the digest of the file instead of its JCS", s=signatures(good, signed("alice", sha(pretty(good))), manifest_hash=sha(pretty(good))))
    put("unsigned", "unsigned", [21], "no signature", s=signatures(good))
    put("signer-not-in-manifest", "signer-unknown", [22], "bob is not among the signers", s=signatures(good, "bob"))
    put("signer-beside", "signer-unknown", [22], "alice's signature holds, and bob's is not asked for", s=signatures(good, "alice", "bob"))
    put("signer-without-key", "signer-unknown", [22], "no key for alice", k=keys("bob"))
    put("no-signers", "signer-unknown", [22], "the manifest names nobody", manifest(signers=[]))
    put("no-keys", "signer-unknown", [22], "the keys file has none", k={})
    put("other-key", "signature-invalid", [23], "mallory signs as alice", s=signatures(good, signed("mallory", digest, "alice")))
    put("swapped", "signature-invalid", [23], "each under the other's name", both, signatures(both, signed("bob", sha(jcs(both)), "alice"), signed("alice", sha(jcs(both)), "bob")))
    put("one-of-two-bad", "signature-invalid", [23], "a good signature does not help a bad one", both, signatures(both, "alice", signed("mallory", sha(jcs(both)), "bob")))
    raw_digest = {"signer": "alice", "algorithm": "ed25519", "signature": b64(KEYS["alice"].sign(bytes.fromhex(digest[7:])))}
    put("over-bytes", "signature-invalid", [23], "over the 32 bytes of the digest", s=signatures(good, raw_digest))
    put("over-digits", "signature-invalid", [23], "over the digits without their prefix", s=signatures(good, signed("alice", digest[7:])))
    put("over-jcs", "signature-invalid", [23], "over the manifest itself", s=signatures(good, signed("alice", jcs(good).decode())))
    put("over-line", "signature-invalid", [23], "over the text and a line end", s=signatures(good, signed("alice", digest + "\n")))
    sig = bytearray(KEYS["alice"].sign(digest.encode()))
    sig[32:] = (int.from_bytes(sig[32:], "little") + ORDER).to_bytes(32, "little")
    put("malleable", "signature-invalid", [23], "the same signature with the group's order added", s=signatures(good, {"signer": "alice", "algorithm": "ed25519", "signature": b64(bytes(sig))}))

    put("module-malformed", "module-malformed", [25], "signed, and no module", manifest(b"hello"), wasm=b"hello")
    none = manifest(entrypoint="go")
    put("entrypoint-missing", "entrypoint-missing", [25], "the module does not export it", none)
    other = module("run", imports=length(b"elsewhere"), types=b"\x60\0\0\x60\0\1\x7f", start=1)
    put("import-unknown", "import-unknown", [25], "an import of no known interface", manifest(other), wasm=other)


if __name__ == "__main__":
    for room in ("manifest", "signatures", "keys", "bundle"):
        shutil.rmtree(ROOT / "v0" / room, ignore_errors=True)
        (ROOT / "v0" / room).mkdir(parents=True)
    manifests()
    signature_files()
    key_files()
    bundles()
