#!/usr/bin/env python3
"""Writes testvectors/key: private key files, without any code of Provenact.

Needs the PyPI package `cryptography`, for AES alone: DER is written by hand below, keys are derived
by Python's hashlib. The key is that of RFC 8032, section 7.1, test 1 (public knowledge; sign nothing
with it). Salts and IVs are fixed, so that the files stay what they are.
"""

import base64
import hashlib
import pathlib
import shutil

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROOT = pathlib.Path(__file__).parent / "key"
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
ALICE = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
BOB = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
WORD = "correct horse"
SALT, IV = bytes(range(16)), bytes(range(16, 32))
KEY, COST, WRONG = "key-malformed", "key-costly", "passphrase-wrong"


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    head = [size] if size < 128 else [0x81, size] if size < 256 else [0x82, size >> 8, size & 255]
    return bytes([tag, *head]) + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(data):
    return tlv(4, data)


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = [40 * first + second]
    for arc in rest:
        digits = [arc & 127]
        while arc := arc >> 7:
            digits.insert(0, arc & 127 | 128)
        out += digits
    return tlv(6, bytes(out))


NULL = tlv(5)
PRFS = {"sha1": 7, "sha224": 8, "sha256": 9, "sha384": 10, "sha512": 11}
AES = {16: "2.16.840.1.101.3.4.1.2", 24: "2.16.840.1.101.3.4.1.22", 32: "2.16.840.1.101.3.4.1.42"}


def pem(der, label="ENCRYPTED PRIVATE KEY"):
    text = base64.b64encode(der).decode()
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def info(algorithm="1.3.101.112", public=None):
    """PKCS#8 of the seed: version 1, or 2 with a public key."""
    more = [] if public is None else [tlv(0x81, b"\0" + public)]
    return seq(integer(len(more)), seq(oid(algorithm)), octets(octets(SEED)), *more)


def pbkdf2(rounds, prf="sha256", length=32, said=None):
    """The algorithm identifier, and the key for a passphrase."""
    fields = [octets(SALT), integer(rounds)] + ([integer(said)] if said else [])
    fields.append(seq(oid(f"1.2.840.113549.2.{PRFS[prf]}"), NULL))
    derive = lambda word: hashlib.pbkdf2_hmac(prf, word.encode(), SALT, rounds, length)
    return seq(oid("1.2.840.113549.1.5.12"), seq(*fields)), derive


def scrypt(n, r, p, length=32):
    fields = [octets(SALT), integer(n), integer(r), integer(p)]
    derive = lambda word: hashlib.scrypt(word.encode(), salt=SALT, n=n, r=r, p=p, dklen=length, maxmem=2**30)
    return seq(oid("1.3.6.1.4.1.11591.4.11"), seq(*fields)), derive


def padded(data):
    fill = 16 - len(data) % 16
    return data + bytes([fill]) * fill


def cbc(key, data):
    encryptor = Cipher(algorithms.AES(key), modes.CBC(IV)).encryptor()
    return encryptor.update(padded(data)) + encryptor.finalize()


def pbes2(kdf, cipher, data):
    return seq(seq(oid("1.2.840.113549.1.5.13"), seq(kdf, cipher)), octets(data))


def locked(kdf, length=32, plain=None, data=None):
    """An encrypted key file; without `data`, what `plain` becomes."""
    identifier, derive = kdf
    if data is None:
        data = cbc(derive(WORD), plain or info())
    return pbes2(identifier, seq(oid(AES[length]), octets(IV)), data)


def put(name, expect, covers, comment, content, word=WORD):
    head = {"expect": expect, "covers": ", ".join(f"trust-{n}" for n in covers)}
    head |= ({"passphrase": word} if word else {}) | {"comment": comment}
    text = "".join(f"{k}: {v}\n" for k, v in head.items())
    body = content if isinstance(content, str) else pem(content)
    (ROOT / name).write_text(f"{text}\n{body}")


def opens_wrongly(data):
    """A wrong passphrase below which the padding is right by chance."""
    for number in range(10_000):
        key = pbkdf2(1)[1](str(number))
        decryptor = Cipher(algorithms.AES(key), modes.CBC(IV)).decryptor()
        plain = decryptor.update(data) + decryptor.finalize()
        fill = plain[-1]
        if 1 <= fill <= 16 and plain.endswith(bytes([fill]) * fill):
            return str(number)
    raise AssertionError


def keys():
    private = lambda der: pem(der, "PRIVATE KEY")
    put("version-1", "accept", [6, 13], "PKCS#8 version 1", private(info()), word=None)
    put("version-2", "accept", [13], "PKCS#8 version 2, with the public key", private(info(public=ALICE)), word=None)
    put("version-2-other", KEY, [13], "another's public key", private(info(public=BOB)), word=None)
    put("x25519", KEY, [6], "a key for another algorithm", private(info("1.3.101.110")), word=None)
    put("two-blocks", KEY, [6], "two keys in one file", private(info()) * 2, word=None)
    put("text-after", KEY, [6], "text after the key", private(info()) + "alice\n", word=None)

    good = locked(scrypt(2**14, 8, 1))
    put("scrypt-openssl", "accept", [40], "as `openssl pkcs8 -topk8 -v2 aes-256-cbc -scrypt` writes it", good)
    put("scrypt-ours", "accept", [40, 41], "as provenact keygen writes it", locked(scrypt(2**14, 8, 5)))
    put("scrypt-most", "accept", [42], "128 MiB", locked(scrypt(2**17, 8, 1)))
    put("pbkdf2-sha256-aes256", "accept", [40], "as `openssl genpkey -aes256` writes it", locked(pbkdf2(2048)))
    put("pbkdf2-sha256-aes256-once", "accept", [40], "one iteration", locked(pbkdf2(1)))
    for prf in ("sha224", "sha384", "sha512"):
        put(f"pbkdf2-{prf}", "accept", [40], f"HMAC with {prf}", locked(pbkdf2(2, prf)))
    for length in (16, 24):
        put(f"pbkdf2-aes{length * 8}", "accept", [40], "a shorter key", locked(pbkdf2(2, length=length), length))
    put("pbkdf2-length-said", "accept", [40], "the length of the key is there", locked(pbkdf2(2, said=32)))
    put("encrypted-version-2", "accept", [13, 40], "version 2 below the encryption", locked(pbkdf2(2), plain=info(public=ALICE)))
    put("encrypted-version-2-other", KEY, [13], "another's public key below the encryption", locked(pbkdf2(2), plain=info(public=BOB)))
    put("encrypted-x25519", KEY, [6], "another algorithm below the encryption", locked(pbkdf2(2), plain=info("1.3.101.110")))
    put("encrypted-two-blocks", KEY, [6], "two keys in one file", pem(good) * 2)
    put("encrypted-trailing", KEY, [6], "a byte after the DER", good + b"\0")

    put("pbkdf2-sha1", KEY, [40], "HMAC with SHA-1", locked(pbkdf2(2, "sha1")))
    put("pbkdf2-length-wrong", KEY, [40], "a length that the cipher does not have", locked(pbkdf2(2, said=16)))
    gcm = AESGCM(pbkdf2(2)[1](WORD)).encrypt(IV[:12], info(), None)
    put("gcm", KEY, [40], "AES-256-GCM", pbes2(pbkdf2(2)[0], seq(oid("2.16.840.1.101.3.4.1.46"), seq(octets(IV[:12]))), gcm))
    put("des", KEY, [40], "triple DES", pbes2(pbkdf2(2)[0], seq(oid("1.2.840.113549.3.7"), octets(IV[:8])), bytes(56)))
    put("pbes1", KEY, [40], "PBES1 with MD5 and DES", seq(seq(oid("1.2.840.113549.1.5.3"), seq(octets(SALT[:8]), integer(2048))), octets(bytes(56))))

    nothing = bytes(64)
    for name, cost, comment in (
        ("memory", (2**18, 8, 1), "256 MiB and a KiB"),
        ("memory-n", (2**63, 8, 1), "a product that no 64 bits hold"),
        ("memory-r", (2**14, 65535, 1), "a great block size"),
        ("memory-p", (2, 65535, 65535), "a great parallelization"),
        ("steps", (2**14, 8, 65), "little memory, many times"),
    ):
        put(f"scrypt-{name}", COST, [42], comment, locked((scrypt(*cost)[0], None), data=nothing))
    for name, cost in {"n-0": (0, 8, 1), "n-1": (1, 8, 1), "n-3": (3, 8, 1), "r-0": (2, 0, 1), "p-0": (2, 8, 0), "n-2-64": (2**64, 8, 1)}.items():
        put(f"scrypt-{name}", KEY, [40], "no parameter of RFC 7914", locked((scrypt(*cost)[0], None), data=nothing))
    for name, rounds, expect in (("most", 10_000_001, COST), ("2-32", 2**32 - 1, COST), ("0", 0, KEY)):
        put(f"pbkdf2-rounds-{name}", expect, [42 if rounds else 40], f"{rounds} iterations", locked((pbkdf2(rounds)[0], None), data=nothing))

    put("wrong", WRONG, [44], "another passphrase", good, word="correct horse ")
    data = cbc(pbkdf2(1)[1](WORD), info())
    put("wrong-padding-fits", WRONG, [44], "another passphrase, below which the padding is right", locked(pbkdf2(1), data=data), word=opens_wrongly(data))
    put("damaged", WRONG, [44], "the last byte of the encrypted key is another", locked(pbkdf2(2), data=locked(pbkdf2(2))[-64:-1] + b"\0"))
    put("cut", WRONG, [44], "the last byte of the encrypted key is gone", locked(pbkdf2(2), data=locked(pbkdf2(2))[-64:-1]))
    put("unencrypted-label", KEY, [6], "a key in clear that says to be encrypted", pem(info()))


if __name__ == "__main__":
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir()
    keys()
