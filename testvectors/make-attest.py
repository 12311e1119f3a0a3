#!/usr/bin/env python3
"""Writes testvectors/{keys,envelope,pae,receipt,provenance,trust,policy} without any code of Provenact.

Needs the PyPI package `cryptography`. The secret keys are those of RFC 8032, section 7.1 (public
knowledge; sign nothing with them). JCS is what json.dumps gives for the values used here: ASCII
names, integers, no lone surrogates. A vector whose header differs from what the tests find is
wrong here or wrong there; that is the point of writing it twice.
"""

import base64
import copy
import hashlib
import json
import pathlib
import shutil

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = pathlib.Path(__file__).parent
TYPE = "application/vnd.in-toto+json"
SEEDS = {
    "alice": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "bob": "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "mallory": "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
}
KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes.fromhex(s)) for name, s in SEEDS.items()}


def jcs(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def spki(key):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def pem(der, label="PUBLIC KEY"):
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n"


def raw_pem(point):
    return pem(bytes.fromhex("302a300506032b6570032100") + point)


def pae(payload, kind=TYPE):
    kind = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def signature(name, payload, **changes):
    sig = base64.b64encode(KEYS[name].sign(pae(payload))).decode()
    return {"keyid": sha(spki(KEYS[name])), "sig": sig} | changes


def envelope(payload, /, *signatures, **changes):
    whole = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": TYPE,
        "signatures": list(signatures),
    }
    return whole | changes


def write(room, name, expect, covers, comment, content, **more):
    ids = (n if isinstance(n, str) else f"{room}-{n}" for n in covers)
    head = {"expect": expect, "covers": ", ".join(ids)}
    head |= {k.replace("_", "-"): v for k, v in more.items()} | {"comment": comment}
    text = "".join(f"{k}: {v}\n" for k, v in head.items())
    (ROOT / room / name).write_bytes(text.encode() + b"\n" + content)


def changed(value, path, new=None, drop=False):
    """A copy of value in which the member or element at path is new, or gone."""
    value = copy.deepcopy(value)
    at = value
    for step in path[:-1]:
        at = at[step]
    if drop:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return value


STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "a.txt", "digest": {"sha256": sha(b"a")}}],
    "predicateType": "https://example.com/predicate/v1",
    "predicate": {"says": "something"},
}


def envelopes():
    def put(name, expect, covers, comment, content, **more):
        if not isinstance(content, bytes):
            content = jcs(content)
        write("envelope", name, expect, covers, comment, content, **more)

    good = jcs(STATEMENT)
    a, b, m = (signature(name, good) for name in ("alice", "bob", "mallory"))
    whole = envelope(good, a)
    text = jcs(whole)
    bad, signed = "envelope-malformed", "signature-untrusted"

    put("one-signature", "accept", [11, 15], "signed by alice", whole, verified_by="alice")
    put("two-signatures", "accept", [15, 16], "two keys", envelope(good, b, a), verified_by="alice, bob")
    put("one-of-two-trusted", "accept", [15], "one signer is unknown", envelope(good, m, b), verified_by="bob")
    put("same-key-twice", "accept", [16], "two signatures, one key", envelope(good, a, a | {"keyid": "x"}), verified_by="alice")
    put("spaces", "accept", [1], "a reader takes any JSON spelling", b" " + json.dumps(whole, indent=1).encode() + b"\n", verified_by="alice")
    put("unknown-members", "accept", [4], "extensions are ignored", envelope(good, a | {"cert": "x"}, more=1), verified_by="alice")
    url = {"+": "-", "/": "_"}
    other = jcs(STATEMENT | {"predicate": {"says": "\u00ff\u00fe??>>~~"}})
    u = envelope(other, signature("alice", other))
    safe = lambda s: "".join(url.get(c, c) for c in s)
    assert safe(u["payload"]) != u["payload"]
    u["payload"], u["signatures"][0]["sig"] = safe(u["payload"]), safe(u["signatures"][0]["sig"])
    put("url-safe-base64", "accept", [7], "the other alphabet", u, verified_by="alice")
    put("no-key-id", "accept", [13], "a key id is optional", envelope(good, {"sig": a["sig"]}), verified_by="alice")
    put("empty-key-id", "accept", [13], "a key id may be empty", envelope(good, a | {"keyid": ""}), verified_by="alice")
    put("wrong-key-id", "accept", [13], "bob's key id at alice's signature", envelope(good, a | {"keyid": b["keyid"]}), verified_by="alice")
    put("foreign-signature", "accept", [15], "a signature of another length, by another algorithm", envelope(good, {"sig": "AAAA"}, a), verified_by="alice")

    put("empty", bad, [1], "no bytes", b"")
    put("array", bad, [1], "not an object", b"[" + text + b"]")
    put("two-values", bad, [1], "two envelopes, one after the other", text + text)
    put("trailing-bytes", bad, [1], "a byte after the object", text + b"x")
    put("not-utf-8", bad, [1], "a byte that is not UTF-8 in a member nobody reads", text[:-1] + b',"x":"\xff"}')
    put("byte-order-mark", bad, [1], "RFC 8259, section 8.1", b"\xef\xbb\xbf" + text)
    put("duplicate-payload", bad, [2], "two payloads, the second one signed", b'{"payload":"e30=",' + text[1:])
    put("duplicate-escaped", bad, [2], "the same name in two spellings", b'{"payload\\u0054ype":"x",' + text[1:])
    put("duplicate-deep", bad, [2], "inside a member nobody reads", text[:-1] + b',"x":[{"a":1,"a":1}]}')
    put("too-deep", bad, [3], "65 arrays in a member nobody reads", text[:-1] + b',"x":' + b"[" * 65 + b"]" * 65 + b"}")
    for member in whole:
        expect = bad
        put(f"no-{member.lower()}", expect, [5], f"{member} is missing", changed(whole, [member], drop=True))
        put(f"null-{member.lower()}", expect, [5], f"{member} is null", changed(whole, [member], None))
    put("no-sig", bad, [5], "a signature without its bytes", envelope(good, {"keyid": "x"}))
    put("key-id-number", bad, [5], "a key id that is not text", envelope(good, a | {"keyid": 1}))
    put("signature-text", bad, [5], "a signature that is not an object", envelope(good, "x"))

    put("type-plain-json", "payload-type", [6], "another type, signed as such", envelope(good, {"sig": base64.b64encode(KEYS["alice"].sign(pae(good, "application/json"))).decode()}, payloadType="application/json"))
    put("type-uppercase", "payload-type", [6], "compared to the byte", envelope(good, a, payloadType="application/vnd.in-toto+JSON"))
    put("type-parameter", "payload-type", [6], "no parameters", envelope(good, a, payloadType=TYPE + "; charset=utf-8"))
    odd = "application/vnd.in-toto+jsön"
    put("type-not-ascii", "payload-type", [6], "another type, signed as such with its length in bytes", envelope(good, {"sig": base64.b64encode(KEYS["alice"].sign(pae(good, odd))).decode()}, payloadType=odd))
    put("type-before-payload", "payload-type", [6], "the payload is not even base64", envelope(good, a, payloadType="x", payload="%"))

    p = whole["payload"]
    longer = jcs(STATEMENT | {"predicate": {"says": "something!"}})
    padded = next(x for x in (good, longer, longer[:-2] + b"!}}") if len(x) % 3 == 1)
    q = base64.b64encode(padded).decode()
    put("base64-no-padding", bad, [8], "padding is left out", envelope(padded, a, payload=q.rstrip("=")))
    put("base64-unused-bits", bad, [8], "a bit is set that no byte has", envelope(padded, a, payload=q[:-3] + chr(ord(q[-3]) + 1) + "=="))
    put("base64-line-end", bad, [8], "white space inside", envelope(good, a, payload=p[:76] + "\n" + p[76:]))
    put("base64-mixed", bad, [8], "both alphabets in one text", envelope(good, a, payload="+_8="))
    put("base64-sig", bad, [8], "the signature without padding", envelope(good, a | {"sig": a["sig"].rstrip("=")}))
    put("signatures-1025", bad, [9], "one signature too many, the first one good", envelope(good, a, *[{"sig": ""}] * 1024))

    put("integer-rounded", bad, [40], "2^53 + 1 in a member nobody reads", text[:-1] + b',"x":[{"a":9007199254740993}]}')
    put("integer-text", "accept", [40], "the same as text", text[:-1] + b',"x":"9007199254740993"}', verified_by="alice")

    put("unsigned", "unsigned", [14], "no signature", envelope(good))
    put("untrusted", signed, [15], "signed by a key that nobody trusts", envelope(good, m))
    put("untrusted-key-id", signed, [13, 15], "mallory's signature under alice's key id", envelope(good, m | {"keyid": a["keyid"]}))
    put("other-payload", signed, [11, 15], "alice signed other bytes", envelope(other, a))
    put("signed-without-pae", signed, [11], "the bare payload was signed", envelope(good, {"sig": base64.b64encode(KEYS["alice"].sign(good)).decode()}))
    order = 2**252 + 27742317777372353535851937790883648493
    raw = base64.b64decode(a["sig"])
    grown = raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    put("signature-malleable", signed, [12], "the second half grown by the group's order", envelope(good, {"sig": base64.b64encode(grown).decode()}))

    def statement(name, expect, covers, comment, value):
        payload = value if isinstance(value, bytes) else jcs(value)
        put(name, expect, covers, comment, envelope(payload, signature("alice", payload)))

    S, sm = STATEMENT, "statement-malformed"
    statement("statement-extensions", "accept", [25], "unknown members", S | {"x": 1, "subject": [S["subject"][0] | {"uri": "u"}]})
    statement("statement-other-digests", "accept", [22], "other digests beside SHA-256", changed(S, ["subject", 0, "digest", "sha512"], "00"))
    statement("statement-no-name", "accept", [23], "a subject without a label", changed(S, ["subject", 0, "name"], drop=True))
    for kind, value in {"null": None, "number": 1, "list": ["a.txt"]}.items():
        statement(f"statement-name-{kind}", sm, [46], "a label that is no text", changed(S, ["subject", 0, "name"], value))
    statement("statement-name-empty", "accept", [46], "an empty label is text", changed(S, ["subject", 0, "name"], ""))
    statement("statement-name-second", sm, [46], "the second subject's label is no text", S | {"subject": S["subject"] + [S["subject"][0] | {"name": {}}]})
    statement("statement-not-json", sm, [27], "text", b"hello")
    statement("statement-duplicate", sm, [27], "two predicates", b'{"predicate":{},' + good[1:])
    statement("statement-trailing", sm, [27], "two statements", good + good)
    statement("statement-v0.1", sm, [20], "the older statement type", S | {"_type": "https://in-toto.io/Statement/v0.1"})
    statement("statement-no-type", sm, [20], "no type", changed(S, ["_type"], drop=True))
    statement("statement-no-subject", sm, [21], "about nothing", S | {"subject": []})
    statement("statement-subject-missing", sm, [21], "subject is missing", changed(S, ["subject"], drop=True))
    for name, digest in {
        "none": {}, "weak": {"sha1": "a" * 40}, "short": {"sha256": "a" * 63},
        "uppercase": {"sha256": "A" * 64}, "prefixed": {"sha256": "sha256:" + "a" * 64}, "null": {"sha256": None},
    }.items():
        statement(f"statement-digest-{name}", sm, [22], "not one strong digest", changed(S, ["subject", 0, "digest"], digest))
    says = good.index(b'"something"')
    for name, number, expect in [
        ("2-53", "9007199254740992", "accept"), ("2-53-1", "9007199254740993", sm), ("2-53-2", "9007199254740994", "accept"),
        ("negative", "-9007199254740993", sm), ("2-63-1", "9223372036854775807", sm), ("2-64-1", "18446744073709551615", sm),
        ("2-64-1-text", '"18446744073709551615"', "accept"), ("2-64", "18446744073709551616", sm), ("1e20", "100000000000000000000", "accept"),
        ("exponent", "1e30", "accept"), ("fraction", "0.12345678901234567890123", "accept"),
        ("many-digits", "123456789012345678901234567890", sm),
    ]:
        statement(f"statement-integer-{name}", expect, [40], "digits survive a double, or are refused", good[:says] + number.encode() + good[says + 11:])
    second = S["subject"] + [{"name": "b", "digest": {}}]
    statement("statement-digest-second", sm, [22], "the second subject has no digest", S | {"subject": second})
    statement("statement-no-predicate-type", sm, [24], "the predicate type is empty", S | {"predicateType": ""})
    statement("statement-no-predicate", sm, [24], "the predicate is missing", changed(S, ["predicate"], drop=True))
    statement("statement-predicate-list", sm, [24], "the predicate is no object", S | {"predicate": []})


def paes():
    for name, kind, payload in [
        ("specification", "http://example.com/HelloWorld", b"hello world"),
        ("empty", "", b""),
        ("two-bytes", "application/vnd.in-toto+jsön", b"{}"),
        ("three-bytes", "text/€", "€".encode()),
        ("four-bytes", "text/\U0001f980", b"\0"),
        ("combining", "text/e\u0301", b"\xff\xfe"),
        ("spaces", "a 3 b", b" 1 "),
        ("line-ends", "a\r\nb", b"\n\n"),
    ]:
        head = {"type": base64.b64encode(kind.encode()).decode(), "payload": base64.b64encode(payload).decode()}
        write("pae", name, "accept", ["envelope-11"], "lengths are in bytes", pae(payload, kind), **head)


RECEIPT = {
    "module": {"sha256": sha(b"module")},
    "manifest": {"sha256": sha(b"manifest")},
    "attestation": {"sha256": sha(b"attestation"), "keyid": sha(spki(KEYS["alice"]))},
    "invocation": {
        "entrypoint": "_start",
        "arguments": {"count": 1, "sha256": sha(bytes(32) + b"\5" + bytes(7) + b"clock")},
        "environment": {"count": 0, "sha256": sha(bytes(32))},
        "stdin": {"bytes": 0, "sha256": sha(bytes(32))},
    },
    "grants": {"capabilities": [{"kind": "fs.read", "value": "/data"}, {"kind": "time", "value": "*"}], "policy": None},
    "used": [{"kind": "fs.read", "value": "/data", "calls": 2}, {"kind": "time", "value": "*", "calls": 1}],
    "files": {
        "read": [{"path": "/data/a", "bytes": 1, "sha256": sha(bytes(8) + b"\1" + bytes(7) + b"x")}, {"path": "/data/b", "bytes": 0, "sha256": sha(b"")}],
        "written": [],
    },
    "trace": {"sha256": sha(b"trace"), "version": "1.0", "events": 9},
    "outcome": {"kind": "exited", "status": 3},
    "outputs": {"stdout": {"bytes": 5, "sha256": sha(b"12:00")}, "stderr": {"bytes": 0, "sha256": sha(b"")}},
    "finalState": {
        "memories": [{"name": "memory", "bytes": 65536, "sha256": sha(bytes(65536))}],
        "globals": [{"name": "count", "type": "i64", "bits": "18446744073709551615"}, {"name": "f", "type": "funcref", "bits": "null"}],
    },
}


def about(predicate, kind="https://opertus.systems/provenact/execution-receipt/v1"):
    subject = [
        {"name": "skill.wasm", "digest": {"sha256": sha(b"module")}},
        {"name": "receipt.trace", "digest": {"sha256": sha(b"trace")}},
    ]
    return {"_type": STATEMENT["_type"], "subject": subject, "predicateType": kind, "predicate": predicate}


def receipts():
    def put(name, expect, covers, comment, content):
        write("receipt", name, expect, covers, comment, content if isinstance(content, bytes) else jcs(content))

    def with_(name, covers, comment, path, new=None, drop=False, expect="receipt-malformed"):
        put(name, expect, covers, comment, about(changed(RECEIPT, path, new, drop)))

    R, good = RECEIPT, about(RECEIPT)
    put("complete", "accept", [1, 2, 3, 4, 5, 6, 8, 12], "every member is there", good)
    with_("unattested", [2], "run with --allow-unsigned", ["attestation"], None, expect="accept")
    with_("one-engine-class", [2, 14], "the module uses garbage collection or exceptions", ["engines"], "one-class", expect="accept")
    with_("engines-null", [2, 14], "engines is not there or one-class", ["engines"], None)
    with_("engines-other", [2, 14], "engines is not there or one-class", ["engines"], "every-class")
    with_("policy", [2], "a policy file decided", ["grants", "policy"], {"sha256": sha(b"policy")}, expect="accept")
    with_("count-2-53", [5], "the greatest count", ["trace", "events"], 2**53, expect="accept")
    gone = changed(R, ["finalState"], None)
    put("interrupted", "accept", [7], "nothing to read at the end", about(changed(gone, ["outcome"], {"kind": "interrupted", "cause": "wall-clock"})))
    put("interrupted-with-state", "receipt-malformed", [7], "a state that nobody can reproduce", about(changed(R, ["outcome"], {"kind": "interrupted", "cause": "wall-clock"})))
    put("predicate-type", "predicate-mismatch", [1], "another predicate type", about(R, "https://opertus.systems/provenact/execution-receipt/v2"))
    for member in R:
        with_(f"no-{member.lower()}", [2], f"{member} is missing", [member], drop=True)
    for path in (["extra"], ["module", "extra"], ["attestation", "extra"], ["invocation", "extra"], ["invocation", "stdin", "extra"], ["grants", "extra"], ["grants", "capabilities", 0, "extra"], ["used", 0, "extra"], ["files", "extra"], ["files", "read", 0, "extra"], ["trace", "extra"], ["outcome", "extra"], ["outputs", "extra"], ["finalState", "extra"], ["finalState", "globals", 0, "extra"]):
        with_("unknown-" + "-".join(str(s).lower() for s in path[:-1] or ["top"]), [2], "a member that the format does not have", path, 1)
    with_("no-policy", [2], "a member that may be null is missing", ["grants", "policy"], drop=True)
    with_("outcome-unknown", [13], "an outcome that the format does not have", ["outcome"], {"kind": "vanished"})
    denial = {"function": "wasi_snapshot_preview1.path_open", "kind": "fs.write", "value": "/data/x", "rule": "not-granted"}
    for name, outcome in {
        "returned": {"kind": "returned", "value": None}, "returned-value": {"kind": "returned", "value": -1},
        "out-of-range": {"kind": "exit-out-of-range", "status": 126}, "trapped": {"kind": "trapped", "trap": "unreachable"},
        "host-fault": {"kind": "host-fault", "function": "wasi_snapshot_preview1.fd_read"}, "denied": {"kind": "denied", "denial": denial},
    }.items():
        with_(f"outcome-{name}", [13], "how the execution ended", ["outcome"], outcome, expect="accept")
    for name, outcome in {
        "status-126": {"kind": "exited", "status": 126}, "range-125": {"kind": "exit-out-of-range", "status": 125},
        "trap-unknown": {"kind": "trapped", "trap": "wasm trap: surprise"}, "cause-unknown": {"kind": "interrupted", "cause": "boredom"},
        "no-value": {"kind": "returned"},
    }.items():
        with_(f"outcome-{name}", [13], "not one of the outcomes", ["outcome"], outcome)
    with_("capability-unknown", [2], "a capability that the format does not have", ["grants", "capabilities", 0], {"kind": "teleport", "value": "*"})
    put("subject-module", "subject-mismatch", [3], "the statement is about another module", changed(good, ["subject", 0, "digest", "sha256"], sha(b"other")))
    put("subject-trace", "subject-mismatch", [3], "the statement is about another trace", changed(good, ["subject", 1, "digest", "sha256"], sha(b"other")))
    put("subject-third", "receipt-malformed", [3], "the statement is about more", changed(good, ["subject"], good["subject"] + [{"name": "x", "digest": {"sha256": sha(b"x")}}]))
    put("subject-order", "receipt-malformed", [3], "the subjects are swapped", changed(good, ["subject"], good["subject"][::-1]))
    put("subject-label", "receipt-malformed", [3], "a subject has another label", changed(good, ["subject", 0, "name"], "module.wasm"))
    with_("digest-prefixed", [4], "a prefix before the digits", ["manifest", "sha256"], "sha256:" + sha(b"manifest"))
    with_("digest-uppercase", [4], "uppercase digits", ["manifest", "sha256"], sha(b"manifest").upper())
    with_("count-above-2-53", [5], "above the greatest count, and exact", ["trace", "events"], 2**53 + 2)
    with_("count-rounded", [5], "not exact in every reader", ["trace", "events"], 2**53 + 1, expect="statement-malformed")
    with_("count-negative", [5], "a count below nothing", ["trace", "events"], -1)
    with_("count-fraction", [5], "half an event", ["trace", "events"], 0.5)
    with_("count-text", [5], "a count as text", ["trace", "events"], "9")
    for path in (["grants", "capabilities"], ["used"], ["files", "read"], ["finalState", "globals"]):
        name, value = "-".join(s.lower() for s in path), R
        for step in path:
            value = value[step]
        with_(f"order-{name}", [6], "out of order", path, value[::-1])
        with_(f"twice-{name}", [6], "the first one comes twice", path, value[:1] + value)
    for name, kind, bits in [("too-great", "i32", "4294967296"), ("negative", "i64", "-1"), ("leading-zero", "i64", "01"), ("plus", "i64", "+1"), ("fraction", "f64", "0.5"), ("v128-short", "v128", "ff"), ("v128-uppercase", "v128", "F" * 32), ("reference", "funcref", "7"), ("type", "i8", "0"), ("family", "(ref null 3)", "null")]:
        with_(f"bits-{name}", [8], "not the one spelling of the bits", ["finalState", "globals", 0], {"name": "count", "type": kind, "bits": bits})
    text = jcs(good)
    put("spaces", "receipt-malformed", [12], "a space after the payload's first byte", b"{ " + text[1:])
    put("member-order", "receipt-malformed", [12], "members in another order", json.dumps(good, separators=(",", ":")).encode())
    put("escape", "receipt-malformed", [12], "a letter spelt as an escape", text.replace(b"_start", b"\\u005fstart", 1))
    put("statement-extension", "receipt-malformed", [12], "a member beside the statement's own", good | {"x": 1})


PORTABLE = {
    "name": "portable",
    "passes": [
        {"name": "relaxed-simd"},
        {"name": "nan"},
        {"name": "stack", "words": 1 << 20, "model": 1},
        {"name": "growth", "pages": 1 << 16, "elements": 10**7},
    ],
}

PROVENANCE = {
    "buildDefinition": {
        "buildType": "https://opertus.systems/provenact/buildtype/canonicalize/v1",
        "externalParameters": {
            "name": "clock", "version": "0.1.0", "entrypoint": "_start", "profile": PORTABLE,
            "capabilities": [{"kind": "fs.read", "value": "/data"}, {"kind": "time", "value": "*"}],
            "recipe": {"command": ["make", "clock.wasm"]},
        },
        "resolvedDependencies": [
            {"name": "clock.wasm", "digest": {"sha256": sha(b"source")}},
            {"name": "provenact", "digest": {"sha256": sha(b"tool")}, "annotations": {"version": "0.1.0"}},
            {"name": "profile", "digest": {"sha256": sha(jcs(PORTABLE))}},
        ],
    },
    "runDetails": {
        "builder": {"id": "https://opertus.systems/provenact/builder/local/v1", "version": {"provenact": "0.1.0"}},
        "byproducts": [{"name": "skill.debug.wasm", "digest": {"sha256": sha(b"companion")}}],
    },
}


def provenances():
    def put(name, expect, covers, comment, value, rewrite="yes"):
        more = {"rewrite": rewrite} if expect == "accept" else {}
        write("provenance", name, expect, covers, comment, jcs(value), **more)

    subject = [
        {"name": "skill.wasm", "digest": {"sha256": sha(b"module")}},
        {"name": "manifest.json", "digest": {"sha256": sha(b"manifest")}},
    ]
    slsa = "https://slsa.dev/provenance/v1"
    good = {"_type": STATEMENT["_type"], "subject": subject, "predicateType": slsa, "predicate": PROVENANCE}
    at, sm, pm = ["predicate"], "statement-malformed", "predicate-mismatch"
    outer = at + ["buildDefinition", "externalParameters"]

    def b(*numbers):
        return [f"buildtype-canonicalize-{n}" for n in numbers]

    deps, run = at + ["buildDefinition", "resolvedDependencies"], at + ["runDetails"]
    all_ = PROVENANCE["buildDefinition"]["resolvedDependencies"]
    put("complete", "accept", [1, 2, 3, 6, 8, *b(1, 2, 3, 4, 5, 6)], "every member but the time is there", good)
    small = changed(changed(good, outer + ["recipe"], drop=True), run + ["byproducts"], drop=True)
    small = changed(small, outer + ["profile"], {"name": "canonical"})
    small = changed(small, deps + [2, "digest", "sha256"], sha(jcs({"name": "canonical"})))
    put("smallest", "accept", [8, *b(6)], "no recipe, no companion, no passes", small)
    timed = changed(good, run + ["metadata"], {"finishedOn": "2023-11-14T22:13:20Z"})
    put("finished", "accept", [10], "a time was asked for", timed)
    for name, time in {"fraction": "2023-11-14T22:13:20.5Z", "offset": "2023-11-14T22:13:20+01:00", "date": "2023-11-14", "no-day": "2023-02-29T00:00:00Z", "seconds": 1700000000}.items():
        put(f"finished-{name}", sm, [10], "not the one form of a time", changed(timed, run + ["metadata", "finishedOn"], time))
    more = changed(good, run + ["metadata"], {"invocationId": "7", "startedOn": "yesterday"})
    more = changed(more, at + ["buildDefinition", "internalParameters"], {"x": 1})
    more = changed(more, run + ["builder", "builderDependencies"], [])
    for n in range(3):
        more = changed(more, deps + [n, "mediaType"], "application/wasm")
    more = changed(more, deps + [0, "annotations"], {"version": 7})
    more = changed(more, deps + [1, "annotations", "more"], "x")
    put("slsa-members", "accept", [9], "members of SLSA that we do not use", more, rewrite="no")
    put("predicate-type", pm, [1], "an older SLSA", changed(good, ["predicateType"], "https://slsa.dev/provenance/v0.2"))
    put("build-type", pm, [2], "another build type", changed(good, at + ["buildDefinition", "buildType"], "https://example.com/make/v1"))
    put("build-type-missing", pm, [2], "no build type", changed(good, at + ["buildDefinition", "buildType"], drop=True))
    put("builder", pm, [3], "another builder", changed(good, run + ["builder", "id"], "https://example.com/builder"))
    put("parameter-unknown", sm, b(1), "an unknown parameter may change what was built", changed(good, outer + ["optimise"], True))
    put("recipe-unknown", sm, b(1), "an unknown part of the recipe", changed(good, outer + ["recipe", "shell"], True))
    for member in ("name", "version", "entrypoint", "profile", "capabilities"):
        put(f"no-{member}", sm, b(1), f"{member} is missing", changed(good, outer + [member], drop=True))
    put("profile-name", sm, b(1), "the profile's name without its passes", changed(good, outer + ["profile"], "portable"))
    put("profile-order", sm, b(1), "passes in another order", changed(good, outer + ["profile", "passes"], PORTABLE["passes"][::-1]))
    put("profile-parameter", sm, b(1), "a parameter that its pass does not have", changed(good, outer + ["profile", "passes", 1, "words"], 7))
    put("profile-unknown-member", sm, b(1), "an unknown member of a pass", changed(good, outer + ["profile", "passes", 0, "level"], 2))
    put("capability-unknown", sm, b(1), "a kind of capability that there is not", changed(good, outer + ["capabilities", 0, "kind"], "teleport"))
    put("source-missing", sm, b(2), "no source module", changed(good, deps, all_[1:]))
    put("source-alone", sm, b(2), "no tool and no profile", changed(good, deps, all_[:1]))
    put("source-twice", sm, b(2), "two source modules", changed(good, deps, all_[:1] + all_))
    put("source-weak", sm, b(3), "no SHA-256 of the source", changed(good, deps + [0, "digest"], {"sha1": "0" * 40}))
    put("dependencies-order", sm, b(2), "the tool first", changed(good, deps, [all_[1], all_[0], all_[2]]))
    named = changed(good, deps + [0, "name"], "provenact")
    put("source-named-as-tool", "accept", b(2, 3), "a source module may have any name", named)
    put("tool-name", sm, b(4), "another tool", changed(good, deps + [1, "name"], "make"))
    put("tool-version", sm, b(4), "another version than the builder's", changed(good, deps + [1, "annotations", "version"], "0.2.0"))
    put("tool-no-version", sm, b(4), "no version", changed(good, deps + [1, "annotations"], drop=True))
    put("tool-weak", sm, b(4), "no SHA-256 of the tool's source", changed(good, deps + [1, "digest"], {"gitCommit": "0" * 40}))
    put("profile-digest", sm, b(5), "the digest of another profile", changed(good, deps + [2, "digest", "sha256"], sha(b"{}")))
    put("profile-label", sm, b(5), "another name", changed(good, deps + [2, "name"], "portable"))
    v0 = {"name": "v0/manifest.json", "digest": {"sha256": sha(b"v0")}, "annotations": {"signers": ["alice", "bob"]}}
    imported = changed(good, deps, all_ + [v0, {"name": "v0/keys", "digest": {"sha256": sha(b"keys")}}])
    v0, v0_keys = deps + [3], deps + [4]
    put("imported", "accept", b(2, 8, 9), "of a skill that was imported", imported)
    put("imported-no-keys", sm, b(2), "manifest without keys", changed(imported, v0_keys, drop=True))
    put("imported-more", sm, b(2), "a sixth dependency", changed(imported, deps, imported["predicate"]["buildDefinition"]["resolvedDependencies"] + all_[:1]))
    put("imported-order", sm, b(2), "the keys before the manifest", changed(changed(imported, v0 + ["name"], "v0/keys"), v0_keys + ["name"], "v0/manifest.json"))
    put("imported-manifest-name", sm, b(8), "another name", changed(imported, v0 + ["name"], "manifest.json"))
    put("imported-manifest-weak", sm, b(8), "no SHA-256 of the manifest", changed(imported, v0 + ["digest"], {"sha1": "0" * 40}))
    put("imported-no-annotations", sm, b(8), "nobody signed", changed(imported, v0 + ["annotations"], drop=True))
    for name, signers in {"none": [], "unsorted": ["bob", "alice"], "twice": ["alice", "alice"], "control": ["al\nice"], "empty": [""], "text": "alice"}.items():
        put(f"imported-signers-{name}", sm, b(8), "no list of signers", changed(imported, v0 + ["annotations", "signers"], signers))
    put("imported-keys-name", sm, b(9), "another name", changed(imported, v0_keys + ["name"], "keys"))
    put("imported-keys-weak", sm, b(9), "no SHA-256 of the keys file", changed(imported, v0_keys + ["digest"], {"sha512": "0" * 128}))
    put("manifest-missing", sm, [6], "no manifest among the subjects", changed(good, ["subject"], subject[:1]))
    put("module-twice", sm, [6], "two modules among the subjects", changed(good, ["subject"], subject + subject[:1]))
    put("byproduct-unknown", sm, b(6), "another by-product", changed(good, run + ["byproducts", 0, "name"], "log.txt"))
    put("byproduct-twice", sm, b(6), "two companions", changed(good, run + ["byproducts"], PROVENANCE["runDetails"]["byproducts"] * 2))
    from_source(put, b, good)


def from_source(put, b, plain):
    """Statements of builds from source, made of the plain one."""
    sm, definition = "statement-malformed", ["predicate", "buildDefinition"]
    asked = {
        "environment": [{"name": "LEVEL", "value": "3"}, {"name": "MODE", "value": ""}], "epoch": 1700000000, "inputs": ["**", "!*.orig"],
        "leaksAllowed": True, "output": "out/clock.wasm",
        "toolchain": [{"command": ["cc", "--version"], "name": "cc", "version": "14"}, {"command": ["ld", "-v"], "name": "ld"}],
    }
    check = {"builds": 2, "reproducible": True, "varied": ["directory", "time-zone"]}
    git = {"annotations": {"dirty": False, "folder": "skills/clock"}, "digest": {"gitCommit": "0123456789abcdef" * 2 + "01234567"}, "name": "git"}
    inputs = [("Cargo.lock", {"lock": True}), ("build.sh", {"executable": True}), ("src/main.c", None), ("src/yarn.lock", {"executable": True, "lock": True})]
    tools = [("cc", {"version": "14"}), ("ld", {"version": "2.44"}), ("make", None)]

    def resource(name, notes):
        return {"name": name, "digest": {"sha256": sha(name.encode())}} | ({"annotations": notes} if notes else {})

    def given(inputs=inputs, tools=tools, git=git):
        files = [resource(f"inputs/{path}", notes) for path, notes in inputs]
        tree = sha("".join(f"{one['digest']['sha256']}  {path}\n" for one, (path, _) in zip(files, inputs)).encode())
        whole = {"annotations": {"files": len(files)}, "digest": {"sha256": tree}, "name": "inputs"}
        return [whole] + ([git] if git else []) + files + [resource(f"tools/{name}", notes) for name, notes in tools]

    def of(asked=asked, check=check, more=None):
        value = changed(plain, definition + ["externalParameters", "recipe", "source"], asked)
        if check:
            value = changed(value, definition + ["internalParameters"], {"check": check})
        value["predicate"]["buildDefinition"]["resolvedDependencies"] += given() if more is None else more
        return value

    every = range(11, 18)
    put("from-source", "accept", b(2, *every), "every member is there", of())
    bare = {"environment": [], "epoch": 0, "inputs": ["**"], "output": "clock.wasm", "toolchain": []}
    put("from-source-smallest", "accept", b(2, *every), "no commit, no check, no variable, a tool that nobody asked", of(bare, None, given(tools=tools[2:], git=None)))
    put("from-source-no-tools", "accept", b(16), "the command is an input", of(bare, None, given(tools=[])))
    put("from-source-epoch-last", "accept", b(11), "the last second of the year 9999", of(asked | {"epoch": 253402300799}))
    put("from-source-output-long", "accept", b(11), "4,096 bytes", of(asked | {"output": "x" * 4096}))
    put("from-source-commit-64", "accept", b(13), "a commit of a repository with SHA-256", of(more=given(git=changed(git, ["digest", "gitCommit"], "a" * 64))))
    put("from-source-root", "accept", b(13), "the recipe lies in the repository's root", of(more=given(git=changed(git, ["annotations", "folder"], ""))))
    put("from-source-check-other", "accept", b(15), "something else was varied", of(check=check | {"varied": ["kernel"]}))
    put("from-source-check-16", "accept", b(15), "as many builds as there may be, and they differ", of(check=check | {"builds": 16, "reproducible": False}))

    def refuse(name, number, comment, *args, **more):
        put(f"from-source-{name}", sm, b(number), comment, of(*args, **more))

    for member in ("environment", "epoch", "inputs", "output", "toolchain"):
        refuse(f"no-{member}", 17, f"{member} is missing", changed(asked, [member], drop=True))
    refuse("unknown", 17, "an unknown member may change what was built", asked | {"shell": "sh"})
    refuse("unknown-variable", 17, "an unknown member of a variable", changed(asked, ["environment", 0, "secret"], True))
    refuse("unknown-tool", 17, "an unknown member of a tool", changed(asked, ["toolchain", 0, "sha256"], sha(b"cc")))
    refuse("leaks-text", 17, "a text", asked | {"leaksAllowed": "true"})
    for member in ("environment", "toolchain"):
        refuse(f"{member}-unsorted", 11, "out of order", asked | {member: asked[member][::-1]})
        refuse(f"{member}-twice", 11, "one name twice", asked | {member: asked[member][:1] * 2})
    refuse("inputs-none", 11, "no pattern", asked | {"inputs": []})
    for name, epoch in {"negative": -1, "fraction": 0.5, "text": "0", "10000": 253402300800}.items():
        refuse(f"epoch-{name}", 11, "no whole second before the year 10000", asked | {"epoch": epoch})
    for name, output in {
        "absolute": "/clock.wasm", "parent": "../clock.wasm", "parent-within": "a/../clock.wasm", "here": "./clock.wasm", "empty": "", "empty-part": "out//clock.wasm",
        "folder": "out/", "backslash": "out\\clock.wasm", "control": "clock\n.wasm", "delete": "clock\u007f.wasm", "too-long": "x" * 4097,
    }.items():
        refuse(f"output-{name}", 11, "no plain path", asked | {"output": output})

    def swap(at, path, new=None, drop=False):
        return changed(given(), [at] + path, new, drop)

    refuse("all-name", 12, "another name", more=swap(0, ["name"], "input"))
    refuse("all-weak", 12, "no SHA-256", more=swap(0, ["digest"], {"sha1": "0" * 40}))
    refuse("all-digest", 12, "the digest of another list", more=swap(0, ["digest", "sha256"], sha(b"")))
    refuse("all-fewer", 12, "one file fewer than there are", more=swap(0, ["annotations", "files"], len(inputs) - 1))
    refuse("all-more", 12, "one file more than there are", more=swap(0, ["annotations", "files"], len(inputs) + 1))
    refuse("all-no-count", 12, "not how many", more=swap(0, ["annotations"], drop=True))
    refuse("all-count-text", 12, "how many, as text", more=swap(0, ["annotations", "files"], str(len(inputs))))
    for name, commit in {"short": "a" * 39, "between": "a" * 41, "uppercase": "A" * 40, "name": "HEAD"}.items():
        refuse(f"commit-{name}", 13, "no commit", more=swap(1, ["digest", "gitCommit"], commit))
    refuse("commit-none", 13, "a SHA-256 instead of a commit", more=swap(1, ["digest"], {"sha256": sha(b"")}))
    refuse("commit-dirty-text", 13, "a text", more=swap(1, ["annotations", "dirty"], "no"))
    for member in ("dirty", "folder"):
        refuse(f"commit-no-{member}", 13, f"{member} is missing", more=swap(1, ["annotations", member], drop=True))
    refuse("commit-folder", 13, "a folder outside", more=swap(1, ["annotations", "folder"], "../clock"))
    refuse("input-unsorted", 14, "out of order", more=given(inputs=inputs[::-1]))
    refuse("input-twice", 14, "one path twice", more=given(inputs=inputs[:1] + inputs))
    for name, path in {"parent": "../a", "absolute": "/a", "control": "a\rb", "backslash": "a\\b"}.items():
        refuse(f"input-{name}", 14, "no plain path", more=given(inputs=[(path, None)]))
    refuse("input-bare", 14, "a path without the prefix", more=swap(2, ["name"], "Cargo.lock"))
    refuse("input-weak", 14, "no SHA-256", more=swap(2, ["digest"], {"sha1": "0" * 40}))
    refuse("input-lock-not-said", 14, "a lock file that is not marked", more=swap(2, ["annotations"], drop=True))
    refuse("input-no-lock", 14, "marked as a lock file, and none by its name", more=swap(4, ["annotations"], {"lock": True}))
    for mark in ("executable", "lock"):
        refuse(f"input-{mark}-false", 14, "a mark that is not true", more=swap(4, ["annotations"], {mark: False}))
    for name, value in {"none": 0, "one": 1, "17": 17, "text": "2"}.items():
        refuse(f"check-builds-{name}", 15, "not 2 to 16 builds", check=check | {"builds": value})
    for name, value in {"none": [], "unsorted": check["varied"][::-1], "twice": check["varied"][:1] * 2}.items():
        refuse(f"check-varied-{name}", 15, "empty, or not sorted and distinct", check=check | {"varied": value})
    for member in check:
        refuse(f"check-no-{member}", 15, f"{member} is missing", check=changed(check, [member], drop=True))
    refuse("check-unknown", 15, "an unknown member", check=check | {"level": 2})
    refuse("tool-bare", 16, "a name without the prefix", more=swap(6, ["name"], "cc"))
    refuse("tool-weak", 16, "no SHA-256", more=swap(6, ["digest"], {"sha1": "0" * 40}))
    refuse("tool-unsorted", 16, "out of order", more=given(tools=tools[::-1]))
    refuse("tool-twice", 16, "one name twice", more=given(tools=tools[:1] * 2))
    refuse("tool-version-number", 16, "a version that is no text", more=swap(6, ["annotations", "version"], 14))
    refuse("nothing-given", 2, "nothing that the command was given", more=[])
    whole = given()
    refuse("git-first", 2, "the commit before all inputs", more=[whole[1], whole[0], *whole[2:]])
    refuse("git-last", 2, "the commit behind the inputs", more=[whole[0], *whole[2:], whole[1]])
    refuse("tools-first", 2, "the tools before the inputs", more=whole[:2] + whole[6:] + whole[2:6])
    put("from-source-not-asked", sm, b(2), "inputs, and no source that was asked for", changed(of(), definition + ["externalParameters", "recipe", "source"], drop=True))


def trusts():
    def put(name, expect, covers, comment, text):
        write("trust", name, expect, covers, comment, text.encode())

    def entry(name, public, more=""):
        return f'\n[[key]]\nname = {json.dumps(name)}\n{more}public = """\n{public}"""\n'

    a, b, private = pem(spki(KEYS["alice"])), pem(spki(KEYS["bob"])), pem(bytes(48), "PRIVATE KEY")
    head, bad, key = "version = 1\n", "trust-malformed", "key-malformed"
    put("two-keys", "accept", [1, 3, 4, 6], "two keys", head + entry("alice", a) + entry("bob", b))
    put("crlf", "accept", [6], "line ends of another system", (head + entry("alice", a)).replace("\n", "\r\n"))
    put("long-name", "accept", [9], "the longest name", head + entry("x" * 256, a))
    put("no-version", bad, [1], "no version", entry("alice", a))
    put("version-2", bad, [1], "a later version", "version = 2\n" + entry("alice", a))
    put("version-text", bad, [1], "the version as text", 'version = "1"\n' + entry("alice", a))
    put("unknown-top", bad, [2], "a member that the format does not have", head + "treshold = 2\n" + entry("alice", a))
    put("unknown-key", bad, [2], "a member that the format does not have, in a key", head + entry("alice", a, 'role = "auditor"\n'))
    put("not-toml", bad, [2], "JSON", '{"version":1}')
    put("no-public", bad, [2], "a key without its bytes", head + '[[key]]\nname = "alice"\n')
    put("empty", "trust-empty", [3], "nobody is trusted", head)
    put("name-twice", bad, [4], "one name for two keys", head + entry("alice", a) + entry("alice", b))
    put("key-twice", bad, [5], "one key under two names", head + entry("alice", a) + entry("bob", a))
    put("pem-private", key, [6], "a private key", head + entry("alice", private))
    put("pem-two", key, [6], "two keys in one text", head + entry("alice", a + b))
    put("pem-text-before", key, [6], "text before the key", head + entry("alice", "Alice:\n" + a))
    put("pem-text-after", key, [6], "text after the key", head + entry("alice", a + "Alice\n"))
    x = bytes.fromhex("302a300506032b656e032100") + bytes(range(32))
    put("pem-x25519", key, [6], "a key for another algorithm", head + entry("alice", pem(x)))
    put("pem-der-trailing", key, [6], "a byte after the DER", head + entry("alice", pem(spki(KEYS["alice"]) + b"\0")))
    null = bytes.fromhex("302c300706032b65700500032100") + spki(KEYS["alice"])[12:]
    put("pem-parameters", key, [6], "algorithm parameters, which RFC 8410 forbids", head + entry("alice", pem(null)))
    put("point-off-curve", key, [6], "no point of the curve", head + entry("alice", raw_pem(b"\2" + bytes(31))))
    for name, point in {
        "identity": b"\1" + bytes(31), "order-2": b"\xec" + b"\xff" * 30 + b"\x7f", "order-4": bytes(32),
        "order-8": bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        "identity-signed": b"\1" + bytes(30) + b"\x80",
    }.items():
        put(f"weak-{name}", key, [7], "a point of small order, for which anyone can sign", head + entry("alice", raw_pem(point)))
    for low in (0xED, 0xEE, 0xF0, 0xFF):
        put(f"point-unreduced-{low:02x}", key, [8], "a coordinate that is not below the prime", head + entry("alice", raw_pem(bytes([low]) + b"\xff" * 30 + b"\x7f")))
    put("name-empty", bad, [9], "no name", head + entry("", a))
    put("name-too-long", bad, [9], "257 characters", head + entry("x" * 257, a))
    put("name-escape", bad, [9], "a terminal escape in the name", head + entry("\u001b[2Jalice", a))
    more = lambda text: head + entry("alice", a, text + "\n")
    put("roles", "accept", [14], "every member of a key", more('roles = ["author", "operator"]\nnot-before = 2026-01-01T00:00:00Z\nnot-after = 2026-12-31T23:59:59+01:00\nrevoked = true\nkeep = ["sha256:%s"]\nbuilders = ["https://example.com/b"]\nverifiers = ["https://example.com/v"]' % sha(b"a")))
    put("role-unknown", bad, [14], "a role that there is not", more('roles = ["owner"]'))
    put("role-auditor-and", bad, [15], "one who audits what they signed", more('roles = ["operator", "auditor"]'))
    put("not-before-local", bad, [16], "a time without an offset", more("not-before = 2026-01-01T00:00:00"))
    put("not-before-date", bad, [16], "a date without a time", more("not-before = 2026-01-01"))
    put("not-before-text", bad, [16], "a text", more('not-before = "2026-01-01T00:00:00Z"'))
    put("never-valid", bad, [16], "the end before the start", more("not-before = 2026-01-02T00:00:00Z\nnot-after = 2026-01-01T00:00:00Z"))
    put("owner", "accept", [22], "an owner of 256 characters", more('owner = "%s"' % ("é" * 256)))
    for name, owner in {"empty": "", "long": "x" * 257, "escape": "\\u001b[2JBob"}.items():
        put(f"owner-{name}", bad, [22], "no label", more(f'owner = "{owner}"'))
    put("owner-number", bad, [22], "not a text", more("owner = 1"))
    put("keep-not-revoked", bad, [17], "digests to keep of a key that is not revoked", more('keep = ["sha256:%s"]' % sha(b"a")))
    for name, digest in {"short": "sha256:" + "a" * 63, "uppercase": "sha256:" + "A" * 64, "bare": "a" * 64, "weak": "sha1:" + "a" * 40}.items():
        put(f"keep-{name}", bad, [17], "not a strong digest in its one spelling", more(f'revoked = true\nkeep = ["{digest}"]'))

    def need(name, expect, covers, comment, text):
        put(name, expect, covers, comment, head + entry("alice", a) + "\n[[require]]\n" + text + "\n")

    slsa, vsa = "https://slsa.dev/provenance/v1", "https://slsa.dev/verification_summary/v1"
    replay, ours = (f"https://opertus.systems/provenact/{n}/v1" for n in ("replay-verdict", "execution-receipt"))
    ty = lambda t, about: f'predicate-type = "{t}"\nsubject = "{about}"\n'
    need("require-provenance", "accept", [18, 19], "all that provenance can be held to", ty(slsa, "bundle") + 'role = "author"\nthreshold = 2\nbuilders = ["b"]\nbuild-types = ["t"]\ncapabilities = ["time", "fs.read=/data", "env"]\nforbidden-imports = ["env.*", "wasi_snapshot_preview1.sock_send"]')
    need("require-verdict", "accept", [18, 19], "all that a verdict can be held to", ty(replay, "receipt") + 'verdict = "reproduced"\nminimum-depth = 1\nminimum-engines = 2\nverifiers = ["v"]\ncapabilities = []')
    need("require-other", "accept", [18], "another predicate type, with its role", ty("https://example.com/predicate/v1", "file") + 'role = "author"')
    need("require-no-type", bad, [18], "no predicate type", 'subject = "file"\nrole = "author"')
    need("require-no-subject", bad, [18], "about nothing", f'predicate-type = "{slsa}"')
    need("require-subject-unknown", bad, [18], "about something else", ty(slsa, "image"))
    need("require-no-role", bad, [18], "a type without a usual role", ty("https://example.com/predicate/v1", "file"))
    need("require-receipt-bundle", bad, [18], "a receipt is not about a bundle", ty(ours, "bundle"))
    need("require-threshold-0", bad, [20], "nobody is enough", ty(slsa, "bundle") + "threshold = 0")
    need("require-threshold-negative", bad, [20], "less than nobody", ty(slsa, "bundle") + "threshold = -1")
    need("require-engines-0", bad, [20], "no engine is enough", ty(replay, "receipt") + "minimum-engines = 0")
    need("require-unknown", bad, [2], "a member that the format does not have", ty(slsa, "bundle") + "treshold = 2")
    for name, text in {
        "verdict-provenance": ty(slsa, "bundle") + 'verdict = "reproduced"', "depth-provenance": ty(slsa, "bundle") + "minimum-depth = 1",
        "engines-vsa": ty(vsa, "bundle") + "minimum-engines = 1", "builders-vsa": ty(vsa, "bundle") + 'builders = ["b"]',
        "build-types-receipt": ty(ours, "receipt") + 'build-types = ["t"]', "verifiers-provenance": ty(slsa, "bundle") + 'verifiers = ["v"]',
        "capabilities-file": ty(slsa, "file") + 'capabilities = ["time"]', "imports-receipt": ty(ours, "receipt") + 'forbidden-imports = ["*"]',
    }.items():
        need(f"require-{name}", bad, [19], "a member that would not be looked at", text)
    need("require-verdict-failed", bad, [21], "a no is demanded", ty(vsa, "bundle") + 'verdict = "FAILED"')
    need("require-verdict-unknown", bad, [21], "a verdict that there is not", ty(replay, "bundle") + 'verdict = "fine"')
    need("require-build-types-none", bad, [21], "a list that takes nothing", ty(slsa, "bundle") + "build-types = []")
    need("require-capability-unknown", bad, [21], "a capability that there is not", ty(slsa, "bundle") + 'capabilities = ["teleport"]')
    need("require-import-pattern", bad, [21], "a star inside", ty(slsa, "bundle") + 'forbidden-imports = ["env.*x"]')


def policies():
    """Each file: a header, an empty line, one line with an envelope, then the trust file.

    The envelope must be upheld, or refused with the reason that the header names, at the moment `now`
    with the given threshold, subjects (hexadecimal SHA-256), predicate type, and key that was named beside the file.
    """
    now = "1782864000"  # 2026-07-01T00:00:00Z
    thing = sha(b"a")
    slsa, vsa = "https://slsa.dev/provenance/v1", "https://slsa.dev/verification_summary/v1"
    replay = "https://opertus.systems/provenact/replay-verdict/v1"
    keys = {name: pem(spki(KEYS[name])) for name in KEYS}

    def key(name, more='roles = ["author"]'):
        return f'[[key]]\nname = "{name}"\n{more}\npublic = """\n{keys[name]}"""\n\n'

    def require(ty, more="", subject="file"):
        return f'[[require]]\npredicate-type = "{ty}"\nsubject = "{subject}"\n{more}\n\n'

    def put(name, expect, covers, comment, trust, payload, signers, subject=thing, **more):
        if not isinstance(payload, bytes):
            payload = jcs(payload)
        line = jcs(envelope(payload, *(signature(s, payload) for s in signers))) + b"\n"
        more = {"now": now, "subject": subject} | more
        more = {k: v for k, v in more.items() if v is not None}
        write("policy", name, expect, covers, comment, line + ("version = 1\n\n" + trust).encode(), **more)
        path = ROOT / "policy" / name
        path.write_bytes(path.read_bytes().replace(b"covers: policy-", b"covers: trust-").replace(b", policy-", b", trust-"))

    def said(ty, predicate, subject=None):
        subject = subject or [{"name": "a", "digest": {"sha256": thing}}]
        return {"_type": STATEMENT["_type"], "subject": subject, "predicateType": ty, "predicate": predicate}

    def built(builder="b", build_type="t"):
        return said(slsa, {"buildDefinition": {"buildType": build_type}, "runDetails": {"builder": {"id": builder}}})

    def summary(result="PASSED", levels=(), verifier="v"):
        return said(vsa, {"verificationResult": result, "verifiedLevels": list(levels), "verifier": {"id": verifier}})

    def verdict(value="reproduced", depth=2, engines=("cranelift", "wasmi")):
        return said(replay, {"verdict": value, "depth": depth, "engines": [{"name": n, "version": "1"} for n in engines]})

    example = "https://example.com/predicate/v1"
    other = said(example, {"says": "something"})
    may = require(example, 'role = "author"')
    two = require(example, 'role = "author"\nthreshold = 2')
    a, b = key("alice"), key("bob")
    audit = key("alice", 'roles = ["auditor"]')

    put("one-of-one", "accept", [40, 41], "one author is enough", a + may, other, ["alice"])
    put("two-of-two", "accept", [42], "two distinct keys", a + b + two, other, ["alice", "bob"])
    put("one-of-two", "threshold-unmet", [42], "one key where two are wanted", a + b + two, other, ["alice"])
    put("same-key-twice", "threshold-unmet", [42], "two signatures of one key", a + b + two, other, ["alice", "alice"])
    put("stranger-second", "threshold-unmet", [42], "the second signer is not trusted", a + b + two, other, ["alice", "mallory"])
    put("threshold-flag", "threshold-unmet", [43], "the command line demands more", a + b + may, other, ["alice"], threshold="2")
    put("threshold-flag-less", "threshold-unmet", [43], "the command line cannot demand less", a + b + two, other, ["alice"], threshold="1")
    put("untrusted", "signature-untrusted", [40], "signed by a stranger", a + may, other, ["mallory"])
    put("unsigned", "unsigned", [40], "signed by nobody", a + may, other, [])
    put("no-role", "key-role", [44], "a key without roles counts for nothing", key("alice", "") + may, other, ["alice"])
    put("other-role", "key-role", [44], "an operator is no author", key("alice", 'roles = ["operator"]') + may, other, ["alice"])
    put("role-of-one", "key-role", [42, 44], "the second signer has another role", a + key("bob", 'roles = ["operator"]') + two, other, ["alice", "bob"])

    revoked = 'roles = ["author"]\nrevoked = true\n'
    put("revoked", "key-revoked", [45], "nothing is kept", key("alice", revoked) + may, other, ["alice"])
    put("revoked-kept-subject", "accept", [45], "its one subject is kept", key("alice", revoked + f'keep = ["sha256:{thing}"]') + may, other, ["alice"])
    put("revoked-kept-statement", "accept", [45], "the statement is kept", key("alice", revoked + f'keep = ["sha256:{sha(jcs(other))}"]') + may, other, ["alice"])
    put("revoked-kept-other", "key-revoked", [45], "something else is kept", key("alice", revoked + f'keep = ["sha256:{sha(b"b")}"]') + may, other, ["alice"])
    both = said(example, {}, [{"name": "a", "digest": {"sha256": thing}}, {"name": "b", "digest": {"sha256": sha(b"b")}}])
    put("revoked-kept-one-of-two", "key-revoked", [45], "a kept subject does not carry another along", key("alice", revoked + f'keep = ["sha256:{thing}"]') + may, both, ["alice"], subject=sha(b"b"))
    put("revoked-second", "key-revoked", [42, 45], "the second signer is revoked", a + key("bob", revoked) + two, other, ["alice", "bob"])
    put("too-early", "key-not-valid", [46], "the key is for later", key("alice", 'roles = ["author"]\nnot-before = 2026-07-01T00:00:01Z') + may, other, ["alice"])
    put("first-second", "accept", [46], "the first second counts", key("alice", 'roles = ["author"]\nnot-before = 2026-07-01T02:00:00+02:00') + may, other, ["alice"])
    put("too-late", "key-not-valid", [46], "the key is of the past", key("alice", 'roles = ["author"]\nnot-after = 2026-06-30T23:59:59Z') + may, other, ["alice"])
    put("last-second", "accept", [46], "the last second counts", key("alice", 'roles = ["author"]\nnot-after = 2026-07-01T00:00:00Z') + may, other, ["alice"])

    put("not-required", "predicate-mismatch", [47], "a type that the file does not have", a, other, ["alice"])
    put("not-required-named", "accept", [47], "the type is named by hand", a, other, ["alice"], type=example)
    put("named-otherwise", "predicate-mismatch", [48], "another type is wanted", a + may, other, ["alice"], type="https://example.com/predicate/v2")
    put("no-subject", "subject-needed", [49], "a signature alone", a + may, other, ["alice"], subject=None)
    put("other-subject", "subject-mismatch", [50], "about something else", a + may, other, ["alice"], subject=sha(b"b"))
    put("one-of-two-subjects", "subject-mismatch", [50], "about one of two things", a + may, other, ["alice"], subject=f"{thing} {sha(b'b')}")
    put("two-subjects", "accept", [50], "about both things", a + may, both, ["alice"], subject=f"{thing} {sha(b'b')}")
    for name, digest in {"none": {}, "weak": {"sha1": "a" * 40}, "short": {"sha256": thing[:63]}, "uppercase": {"sha256": thing.upper()}}.items():
        put(f"digest-{name}", "statement-malformed", [50], "not one strong digest", a + may, said(example, {}, [{"name": "a", "digest": digest}]), ["alice"])
    put("no-predicate", "statement-malformed", [48], "nothing is said", a + may, changed(other, ["predicate"], drop=True), ["alice"])

    taken = require(slsa, 'build-types = ["t"]')
    put("build-type", "accept", [51], "a build type that is taken", a + taken, built(), ["alice"])
    put("build-type-other", "predicate-mismatch", [51], "another build type", a + taken, built(build_type="u"), ["alice"])
    put("build-type-default", "predicate-mismatch", [51], "without a list, our own build type alone", a, built(), ["alice"])
    pair = require(slsa, 'build-types = ["t"]\nbuilders = ["b"]')
    put("builder-pair", "accept", [52], "the key may speak for the builder", key("alice", 'roles = ["author"]\nbuilders = ["b"]') + pair, built(), ["alice"])
    put("builder-no-pair", "builder-untrusted", [52], "the builder is taken, but not from this key", a + pair, built(), ["alice"])
    put("builder-other", "builder-untrusted", [52], "a builder that is not taken", key("alice", 'roles = ["author"]\nbuilders = ["b", "c"]') + pair, built("c"), ["alice"])
    put("builder-not-of-key", "builder-untrusted", [52], "the key speaks for another builder", key("alice", 'roles = ["author"]\nbuilders = ["c"]') + taken, built(), ["alice"])

    put("vsa", "accept", [53], "a summary that passed", audit, summary(), ["alice"])
    put("vsa-failed", "verdict-failed", [53], "a summary that failed", audit, summary("FAILED"), ["alice"])
    put("vsa-unknown", "verdict-unknown", [53], "a result that there is not", audit, summary("passed"), ["alice"])
    put("vsa-none", "verdict-unknown", [53], "no result", audit, said(vsa, {}), ["alice"])
    put("vsa-author", "key-role", [44, 53], "an author is no auditor", a, summary(), ["alice"])
    put("vsa-level", "accept", [54], "deep enough", audit + require(vsa, "minimum-depth = 2"), summary(levels=["SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_3"]), ["alice"])
    put("vsa-level-low", "policy-unmet", [54], "not deep enough", audit + require(vsa, "minimum-depth = 2"), summary(levels=["SLSA_BUILD_LEVEL_1", "SLSA_SOURCE_LEVEL_3"]), ["alice"])
    named = require(vsa, 'verifiers = ["v"]')
    put("verifier-pair", "accept", [52], "the key may speak for the verifier", key("alice", 'roles = ["auditor"]\nverifiers = ["v"]') + named, summary(), ["alice"])
    put("verifier-no-pair", "builder-untrusted", [52], "the verifier is taken, but not from this key", audit + named, summary(), ["alice"])
    put("verifier-other", "builder-untrusted", [52], "a verifier that is not taken", key("alice", 'roles = ["auditor"]\nverifiers = ["w"]') + named, summary(verifier="w"), ["alice"])

    paired, other_pair = key("alice", 'roles = ["author"]\nbuilders = ["b"]'), key("alice", 'roles = ["author"]\nbuilders = ["c"]')
    put("named", "accept", [44, 62], "nothing is paired: a key that was named and is not listed counts", a + taken, built(), ["bob"], named="bob")
    put("named-no-pair", "builder-untrusted", [62], "the file pairs another key, and does not list this one", paired + taken, built(), ["bob"], named="bob")
    put("named-no-pair-required", "builder-untrusted", [52], "the builder is taken, but not from a key that is not listed", a + pair, built(), ["bob"], named="bob")
    put("named-second", "builder-untrusted", [42, 62], "the second signer is not listed", paired + require(slsa, 'build-types = ["t"]\nthreshold = 2'), built(), ["alice", "bob"], named="bob")
    put("named-listed", "accept", [62], "what the file says of a key that was named stands", paired + key("bob", 'roles = ["author"]\nbuilders = ["b"]') + taken, built(), ["bob"], named="bob")
    put("named-listed-other", "builder-untrusted", [52], "the file pairs it with another builder", other_pair + taken, built(), ["alice"], named="alice")
    put("named-verifier-no-pair", "builder-untrusted", [62], "the same of verifiers", key("alice", 'roles = ["auditor"]\nverifiers = ["v"]'), summary(), ["bob"], named="bob")
    put("named-other-pairs", "accept", [62], "builders say nothing about verifiers", paired, summary(), ["bob"], named="bob")

    put("replay", "accept", [53], "reproduced", audit, verdict(), ["alice"])
    for value, expect in {"refuted": "verdict-failed", "interrupted": "verdict-failed", "inconclusive": "verdict-failed", "maybe": "verdict-unknown", "Reproduced": "verdict-unknown"}.items():
        put(f"replay-{value.lower()}-{expect.split('-')[1]}", expect, [53], "not reproduced", audit, verdict(value), ["alice"])
    deep = require(replay, "minimum-depth = 2\nminimum-engines = 2")
    put("replay-deep", "accept", [54, 55], "deep enough, on two classes of engines", audit + deep, verdict(), ["alice"])
    put("replay-shallow", "policy-unmet", [54], "not deep enough", audit + deep, verdict(depth=1), ["alice"])
    put("replay-depth-text", "policy-unmet", [54], "a depth that is no number", audit + deep, verdict(depth="2"), ["alice"])
    put("replay-one-engine", "policy-unmet", [55], "two versions of one engine", audit + deep, verdict(engines=("wasmi", "wasmi")), ["alice"])
    put("replay-one-class", "policy-unmet", [55], "three engines of one class", audit + deep, verdict(engines=("cranelift", "cranelift-nan", "pulley")), ["alice"])
    put("replay-engine-unknown", "policy-unmet", [55], "an engine that nobody knows is of no class", audit + deep, verdict(engines=("wasmi", "v8", "wasmtime", "Cranelift")), ["alice"])
    put("replay-two-auditors-engines", "accept", [55], "the classes of all verdicts together", audit + key("bob", 'roles = ["auditor"]') + deep, verdict(engines=("pulley", "wasmi")), ["alice", "bob"])

    auditor = lambda name, owner=None: key(name, 'roles = ["auditor"]' + (f'\nowner = "{owner}"' if owner else ""))
    pair = require(replay, "threshold = 2")
    put("auditors-two-owners", "accept", [42, 60], "two keys of two owners", auditor("alice", "Alice") + auditor("bob", "Bob") + pair, verdict(), ["alice", "bob"])
    put("auditors-one-owner", "threshold-unmet", [60], "two keys of one owner", auditor("alice", "Alice") + auditor("bob", "Alice") + pair, verdict(), ["alice", "bob"])
    put("auditors-one-without-owner", "threshold-unmet", [60], "nobody knows whose the second key is", auditor("alice", "Alice") + auditor("bob") + pair, verdict(), ["alice", "bob"])
    put("auditors-without-owners", "threshold-unmet", [60], "nobody knows whose the keys are", auditor("alice") + auditor("bob") + pair, verdict(), ["alice", "bob"])
    put("auditors-one", "threshold-unmet", [42, 60], "one of two", auditor("alice", "Alice") + auditor("bob", "Bob") + pair, verdict(), ["alice"])
    put("auditor-without-owner", "accept", [60], "one auditor needs no owner", auditor("alice") + require(replay), verdict(), ["alice"])
    put("authors-one-owner", "accept", [60], "owners are looked at for auditors alone", key("alice", 'roles = ["author"]\nowner = "A"') + key("bob", 'roles = ["author"]\nowner = "A"') + two, other, ["alice", "bob"])
    put("auditors-flag", "threshold-unmet", [43, 60], "the command line demands two, of one owner", auditor("alice", "Alice") + auditor("bob", "Alice") + require(replay), verdict(), ["alice", "bob"], threshold="2")


if __name__ == "__main__":
    for room in ("envelope", "pae", "receipt", "provenance", "trust", "policy", "keys"):
        shutil.rmtree(ROOT / room, ignore_errors=True)
        (ROOT / room).mkdir()
    for name in ("alice", "bob"):
        (ROOT / "keys" / f"{name}.pub.pem").write_text(pem(spki(KEYS[name])))
    envelopes()
    paes()
    receipts()
    provenances()
    trusts()
    policies()
