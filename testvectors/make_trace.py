#!/usr/bin/env python3
"""Writes testvectors/trace/ from spec/trace.md alone, with nothing but the standard library.

It shares no code with the tool: what it writes and the tool takes, two readings of the
specification agree on. Compressed payloads are Zstandard frames of a single RLE or raw block
(RFC 8878, section 3.1.1.2), which need no compressor. Run it from anywhere; the output is
deterministic.
"""

import hashlib
import json
import pathlib

OUT = pathlib.Path(__file__).resolve().parent / "trace"
WASI = "wasi_snapshot_preview1"
CLOCK, READ, WRITE, EXIT, OPEN, SEED = range(6)
HEADER = {
    "module": "sha256:" + "11" * 32,
    "manifest": "sha256:" + "22" * 32,
    "attestation": None,
    "entrypoint": "_start",
    "arguments": ["skill"],
    "environment": [["LANG", "C"]],
    "grants": [{"kind": "fs.read", "value": "/data"}, {"kind": "time", "value": "*"}],
    "policy": None,
    "salt": "33" * 32,
    "imports": [[WASI, "clock_time_get"], [WASI, "fd_read"], [WASI, "fd_write"],
                [WASI, "proc_exit"], [WASI, "path_open"], ["env", "seed"]],
}
EXITED = {"kind": "exited", "status": 0}


def leb(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def zigzag(n):
    return leb(n << 1 if n >= 0 else -n * 2 - 1)


def jcs(value):
    # Equal to RFC 8785 for what stands here: ASCII names, small integers.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Trace:
    def __init__(self, start=b"\0pvtrace\x01\x00"):
        self.bytes = start

    def section(self, kind, raw, stored=None, lengths=None):
        stored = raw if stored is None else stored
        self.bytes += bytes([kind]) + (lengths or leb(len(raw)) + leb(len(stored))) + stored
        self.bytes += hashlib.sha256(self.bytes).digest()
        return self

    def header(self, **changes):
        return self.section(1, jcs({**HEADER, **changes}))

    def material(self, name, data):
        return self.section(2, leb(len(name)) + name.encode() + data)

    def batch(self, *events):
        return self.section(3, b"".join(events))

    def end(self, events, outcome=EXITED):
        return self.section(4, jcs({"events": events, "outcome": outcome}))


def event(function, kind, changes=(), rest=b""):
    """`changes`: (argument, delta) in ascending order; `rest`: what follows the arguments."""
    out = leb(function << 3 | kind << 1 | bool(changes))
    if changes:
        out += leb(sum(1 << i for i, _ in changes))
        out += b"".join(zigzag(delta) for _, delta in changes)
    return out + rest


def frame(blocks, size):
    """A Zstandard frame in one segment that declares `size` (two or four bytes of it)."""
    if 256 <= size < 65792:
        return b"\x28\xb5\x2f\xfd\x60" + (size - 256).to_bytes(2, "little") + blocks
    return b"\x28\xb5\x2f\xfd\xa0" + size.to_bytes(4, "little") + blocks


def block(kind, size, data, last=True):
    return (last | kind << 1 | size << 3).to_bytes(3, "little") + data


RAW, RLE = 0, 1
clock = event(CLOCK, 0, [(0, 1), (1, 1000), (2, 64)], b"\x15\xcd\x5b\x07\0\0\0\0")
again = event(CLOCK, 0, [], b"\x16\xcd\x5b\x07\0\0\0\0")
# One long event made of few different bytes, so that a run-length block suits it.
zeros = event(READ, 0, [(3, 8)], leb(1000) + bytes(1000) + bytes(4))
packed = frame(block(RAW, 5, zeros[:5], last=False) + block(RLE, len(zeros) - 5, b"\0"), len(zeros))


def vector(name, expect, covers, comment, trace):
    data = trace.bytes if isinstance(trace, Trace) else trace
    covers = ", ".join(f"trace-{n}" for n in covers)
    head = f"expect: {expect}\ncovers: {covers}\ncomment: {comment}\n\n"
    (OUT / name).write_bytes(head.encode() + data)


def tail(*events, n=None):
    return Trace().header().batch(*events).end(len(events) if n is None else n)


def main():
    OUT.mkdir(exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    good = Trace().header().batch(clock, again).end(2)
    whole = (Trace().header().material("module", b"\0asm\1\0\0\0").material("manifest", b"{}")
             .batch(clock, again)
             .batch(event(READ, 0, [(0, 3), (1, 16), (2, 1), (3, 24), (4, 512), (5, 4)], leb(4) + b"data" + b"\4\0\0\0"),
                    event(READ, 1, [], leb(8) + leb(0) + leb(4) + b"\4\0\0\0"),
                    event(WRITE, 0, [(0, 1), (2, 1)], leb(2) + b"ok" + b"\2\0\0\0"),
                    event(WRITE, 0, [], leb(300) + hashlib.sha256(b"x" * 300).digest() + b"x" * 224 + b"\x2c\1\0\0"),
                    event(SEED, 1, [], leb(0x3FE0000000000000)),
                    event(OPEN, 2, [], leb(0) + leb(0)),
                    event(EXIT, 3, [(0, 3)]))
             .end(9, {"kind": "exited", "status": 3}))

    vector("accept-events.trace", "accept", [1, 2, 3, 8, 14, 20, 21], "materials, two batches, every kind of answer", whole)
    vector("accept-one.trace", "accept", [1, 2, 3, 8], "the example of spec/trace.md", tail(clock))
    vector("accept-empty.trace", "accept", [8, 22], "no events: the guest asked nothing", Trace().header(imports=[], grants=[]).end(0, {"kind": "returned", "value": None}))
    vector("accept-zstd.trace", "accept", [7], "a compressed batch", Trace().header().section(3, zeros, packed).end(1))
    vector("accept-denied.trace", "accept", [11], "a host call was refused", Trace().header().batch(event(OPEN, 3, [(3, 1)], leb(1) + b"x" + leb(0))).end(1, {"kind": "denied", "denial": {"function": WASI + ".path_open", "kind": "fs.write", "value": "/data/x", "rule": "not-granted"}}))

    vector("magic.trace", "trace-malformed", [1], "another first byte", b"\1" + good.bytes[1:])
    vector("magic-text.trace", "trace-malformed", [1], "not a trace at all", b"{}\n")
    vector("version-major.trace", "trace-version", [2], "a later major version", Trace(b"\0pvtrace\x02\x00").header().end(0))
    vector("version-minor.trace", "trace-version", [2], "a later minor version", Trace(b"\0pvtrace\x01\x01").header().end(0))

    head = jcs(HEADER)
    long = leb(len(head))[:-1] + bytes([leb(len(head))[-1] | 0x80, 0])
    vector("length-padded.trace", "trace-malformed", [3], "a length in more bytes than it needs", Trace().section(1, head, lengths=long + leb(len(head))).end(0))
    vector("length-65-bits.trace", "trace-malformed", [3], "a length that has 65 bits", Trace().section(1, head, lengths=b"\xff" * 9 + b"\x02" + leb(len(head))).end(0))
    vector("number-padded.trace", "trace-malformed", [3], "an event's head in more bytes than it needs", tail(b"\x80\x00" + again[1:]))
    vector("limit-record.trace", "trace-malformed", [23], "a header of more than 64 MiB", Trace().section(1, head, lengths=leb((64 << 20) + 1) + leb(len(head))).end(0))
    vector("limit-batch.trace", "trace-malformed", [23], "a batch of more than 5 GiB", Trace().header().section(3, zeros, packed, lengths=leb((5 << 30) + 1) + leb(len(packed))).end(1))
    vector("limit-claim.trace", "trace-malformed", [23], "a batch that claims 2^60 bytes", Trace().header().section(3, zeros, packed, lengths=leb(1 << 60) + leb(1 << 60)).end(1))

    changed = bytearray(whole.bytes)
    changed[changed.index(b"data" + b"\4")] ^= 1
    vector("changed-answer.trace", "trace-corrupt", [4], "one bit of an answer", bytes(changed))
    vector("changed-hash.trace", "trace-corrupt", [4], "one bit of the last hash", good.bytes[:-1] + bytes([good.bytes[-1] ^ 1]))
    first = len(Trace().header().bytes)
    one = len(Trace().header().batch(clock).bytes)
    both = Trace().header().batch(clock).batch(again).end(2).bytes
    two = len(Trace().header().batch(clock).batch(again).bytes)
    vector("swapped-batches.trace", "trace-corrupt", [4], "two batches change places", both[:first] + both[one:two] + both[first:one] + both[two:])
    vector("removed-batch.trace", "trace-corrupt", [4], "a batch is cut out", both[:one] + both[two:])

    vector("kind-unknown.trace", "trace-malformed", [5], "a section of kind 5", Trace().header().section(5, b"x").end(0))
    vector("kind-zero.trace", "trace-malformed", [5], "a section of kind 0", Trace().header().section(0, b"").end(0))
    vector("stored-longer.trace", "trace-malformed", [6], "a payload stored in more bytes than it has", Trace().header().section(3, again, frame(block(RAW, len(again), again), len(again))).end(1))
    vector("zstd-two-frames.trace", "trace-malformed", [7], "two frames", Trace().header().section(3, zeros, frame(block(RLE, 500, b"\0"), 500) + frame(block(RLE, len(zeros) - 500, b"\0"), len(zeros) - 500)).end(1))
    vector("zstd-trailing.trace", "trace-malformed", [7], "a byte after the frame", Trace().header().section(3, zeros, packed + b"\0").end(1))
    vector("zstd-short.trace", "trace-malformed", [7], "a frame that declares the length and gives less", Trace().header().section(3, zeros, frame(block(RLE, 500, b"\0"), len(zeros))).end(1))
    vector("zstd-long.trace", "trace-malformed", [7], "a frame that declares the length and gives more", Trace().header().section(3, zeros, frame(block(RLE, 5000, b"\0"), len(zeros))).end(1))
    vector("zstd-size-differs.trace", "trace-malformed", [7], "a frame that declares another length", Trace().header().section(3, zeros, frame(block(RLE, 5000, b"\0"), 5000)).end(1))
    vector("zstd-no-size.trace", "trace-malformed", [7], "a frame that declares no length", Trace().header().section(3, zeros, b"\x28\xb5\x2f\xfd\x00\x58" + block(RLE, len(zeros), b"\0")).end(1))
    vector("zstd-truncated.trace", "trace-malformed", [7], "a frame without its end", Trace().header().section(3, zeros, packed[:-1]).end(1))
    vector("zstd-skippable.trace", "trace-malformed", [7], "a skippable frame", Trace().header().section(3, zeros, b"\x50\x2a\x4d\x18\x02\0\0\0ab").end(1))
    vector("zstd-not.trace", "trace-malformed", [7], "stored in fewer bytes and no frame", Trace().header().section(3, zeros, b"hello").end(1))

    vector("order-no-header.trace", "trace-malformed", [8], "the end comes first", Trace().end(0))
    vector("order-two-headers.trace", "trace-malformed", [8], "a second header", Trace().header().header().end(0))
    vector("order-late-material.trace", "trace-malformed", [8], "a material after the events", Trace().header().batch(clock).material("manifest", b"{}").end(1))
    vector("trailing-byte.trace", "trace-malformed", [9], "a byte after the end section", good.bytes + b"\0")
    vector("trailing-section.trace", "trace-malformed", [9], "a batch after the end section", Trace().header().batch(clock).end(1).batch(again))
    vector("torn-empty.trace", "trace-truncated", [10], "nothing at all", b"")
    vector("torn-magic.trace", "trace-truncated", [10], "half of the magic bytes", good.bytes[:4])
    vector("torn-header.trace", "trace-truncated", [10], "the file ends in the header", good.bytes[:99])
    vector("torn-between.trace", "trace-truncated", [10, 25], "whole sections and no end section", both[:two])
    vector("torn-hash.trace", "trace-truncated", [10], "the last byte is missing", good.bytes[:-1])

    spaced = json.dumps(HEADER, sort_keys=True).encode()
    vector("record-not-canonical.trace", "trace-malformed", [11], "spaces in the header", Trace().section(1, spaced).end(0))
    vector("record-twice.trace", "trace-malformed", [11], "a member that stands twice", Trace().section(1, head.replace(b'"salt"', b'"policy":null,"salt"')).end(0))
    vector("record-unknown-member.trace", "trace-malformed", [11], "a member that no header has", Trace().header(more=1).end(0))
    vector("record-missing-member.trace", "trace-malformed", [11], "a header without salt", Trace().section(1, jcs({k: v for k, v in HEADER.items() if k != "salt"})).end(0))
    vector("record-missing-null.trace", "trace-malformed", [11], "null is written out, not left out", Trace().section(1, jcs({k: v for k, v in HEADER.items() if k != "policy"})).end(0))
    vector("record-uppercase.trace", "trace-malformed", [11], "a salt in uppercase digits", Trace().header(salt="AB" * 32).end(0))
    vector("argument-zero-byte.trace", "trace-malformed", [12], "an argument with a zero byte", Trace().header(arguments=["a\0b"]).end(0))
    vector("environment-name.trace", "trace-malformed", [12], "a variable's name with =", Trace().header(environment=[["A=B", "C"]]).end(0))
    vector("grants-order.trace", "trace-malformed", [12], "grants out of order", Trace().header(grants=HEADER["grants"][::-1]).end(0))
    vector("grants-twice.trace", "trace-malformed", [12], "a grant that stands twice", Trace().header(grants=HEADER["grants"][:1] * 2).end(0))
    vector("import-unknown.trace", "import-unknown", [13], "an import of no known interface", Trace().header(imports=[["env", "surprise"]]).end(0))
    vector("imports-too-many.trace", "trace-malformed", [23], "4097 imports", Trace().header(imports=[["env", "seed"]] * 4097).end(0))
    vector("material-unknown.trace", "trace-malformed", [14], "a material of no known name", Trace().header().material("notes", b"").end(0))
    vector("material-twice.trace", "trace-malformed", [14], "a material that comes twice", Trace().header().material("module", b"a").material("module", b"b").end(0))
    vector("material-order.trace", "trace-malformed", [14], "materials out of order", Trace().header().material("manifest", b"a").material("module", b"b").end(0))
    vector("material-too-long.trace", "trace-malformed", [23], "a manifest of more than 1 MiB", Trace().header().section(2, b"\x08manifest" + bytes((1 << 20) + 1), frame(block(RAW, 9, b"\x08manifest", last=False) + b"".join(block(RLE, 1 << 17, b"\0", last=False) for _ in range(8)) + block(RLE, 1, b"\0"), (1 << 20) + 10)).end(0))

    vector("batch-empty.trace", "trace-malformed", [15], "a batch without events", Trace().header().section(3, b"").end(0))
    vector("batch-torn-event.trace", "trace-malformed", [15], "an event that the batch's end cuts", Trace().header().batch(clock, again[:-1]).end(2))
    vector("batch-crossing.trace", "trace-malformed", [15], "an event in two batches", Trace().header().batch(clock[:9]).batch(clock[9:]).end(1))
    vector("function-beyond.trace", "trace-malformed", [16], "a function number beyond the imports", tail(event(6, 0)))
    vector("function-huge.trace", "trace-malformed", [16], "a function number of 61 bits", tail(event((1 << 61) - 1, 0)))
    vector("changed-none.trace", "trace-malformed", [17], "an empty set of changed arguments", tail(leb(1) + leb(0) + bytes(8)))
    vector("changed-beyond.trace", "trace-malformed", [17], "a changed argument that the function lacks", tail(event(CLOCK, 0, [(3, 1)], bytes(8))))
    vector("changed-by-zero.trace", "trace-malformed", [17], "an argument that changed by 0", tail(event(CLOCK, 0, [(0, 0)], bytes(8))))
    vector("argument-wide.trace", "trace-malformed", [18], "a 32-bit argument of 33 bits", tail(event(CLOCK, 0, [(0, 1 << 32)], bytes(8))))
    vector("argument-negative.trace", "trace-malformed", [18], "a 32-bit argument below 0", tail(event(CLOCK, 0, [(0, -1)], bytes(8))))
    vector("answer-long-zero.trace", "trace-malformed", [19], "an answer of 0 in the form for others", tail(event(CLOCK, 1, [], leb(0) + leb(8) + bytes(8))))
    vector("answer-wide.trace", "trace-malformed", [19], "an errno of 33 bits", tail(event(CLOCK, 1, [], leb(1 << 32) + leb(8) + bytes(8))))
    vector("answer-of-exit.trace", "trace-malformed", [19], "proc_exit returns", tail(event(EXIT, 0)))
    vector("handed-torn.trace", "trace-malformed", [15, 20], "257 handed bytes, and fewer than 256 stored", tail(event(WRITE, 0, [], leb(257) + bytes(255))))
    vector("written-huge.trace", "trace-malformed", [15, 21], "a written range of 2^63 bytes", tail(event(READ, 0, [], leb(1 << 63) + bytes(4))))
    vector("count-low.trace", "trace-malformed", [22], "the end section counts one event too few", tail(clock, again, n=1))
    vector("count-high.trace", "trace-malformed", [22], "the end section counts one event too many", tail(clock, again, n=3))
    vector("count-huge.trace", "trace-malformed", [22], "more than 2^53 events", tail(clock, n=(1 << 53) + 2))
    for name, outcome in {
        "exit-126": {"kind": "exited", "status": 126},
        "exit-in-range": {"kind": "exit-out-of-range", "status": 125},
        "trap-unknown": {"kind": "trapped", "trap": "surprise"},
        "unknown": {"kind": "fled"},
        "value-missing": {"kind": "returned"},
    }.items():
        vector(f"outcome-{name}.trace", "trace-malformed", [24], "an outcome that there is not", Trace().header().end(0, outcome))


main()
