#!/usr/bin/env python3
"""The attestation of a release: an in-toto Statement v1 with SLSA provenance v1, in a DSSE envelope.

    provenance.py statement DIR                        the statement about the programs that DIR/SHA256SUMS lists
    provenance.py pae STATEMENT                        the bytes that are to be signed
    provenance.py envelope STATEMENT SIGNATURE PUBLIC  the envelope

`provenact attest` speaks of bundles and not of programs, so the statement is written here, signed by OpenSSL and verified by
`provenact verify`. docs/release.md says what each member means. Where the environment is GitHub's, it names the run.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TYPE = "application/vnd.in-toto+json"
OURS = "https://opertus.systems/provenact"
SOURCE = r"{ ls Cargo.lock Cargo.toml build.rs; find src -type f ! -name '.*'; } | LC_ALL=C sort | xargs sha256sum | sha256sum"


def said(command):
    return subprocess.run(command, shell=True, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def statement(folder):
    sums = [line.split("  ") for line in (folder / "SHA256SUMS").read_text().splitlines()]
    place = os.environ.get
    on_github = "GITHUB_WORKFLOW_REF" in os.environ
    server = place("GITHUB_SERVER_URL")
    repository = f"{server}/{place('GITHUB_REPOSITORY')}" if on_github else None
    commit = {"digest": {"gitCommit": said("git rev-parse HEAD")}, "name": "commit"}
    asked = {"targets": [name.split("-", 2)[2] for _, name in sums]}
    run = {"builder": {"id": f"{OURS}/builder/local/v1"}}
    if on_github:
        commit["uri"] = f"git+{repository}@{place('GITHUB_REF')}"
        asked.update(repository=repository, ref=place("GITHUB_REF"))
        run["builder"]["id"] = f"{server}/{place('GITHUB_WORKFLOW_REF')}"
        run["metadata"] = {
            "invocationId": f"{repository}/actions/runs/{place('GITHUB_RUN_ID')}/attempts/{place('GITHUB_RUN_ATTEMPT')}"
        }
    lock = hashlib.sha256((ROOT / "Cargo.lock").read_bytes()).hexdigest()
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest}} for digest, name in sums],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{OURS}/buildtype/release/v1",
                "externalParameters": asked,
                "internalParameters": {
                    "changed": said("git status --porcelain") != "",
                    "tools": {name: (folder / f"{name}.tools").read_text().splitlines() for _, name in sums},
                },
                "resolvedDependencies": [
                    commit,
                    {"name": "provenact", "digest": {"sha256": said(SOURCE).split(" ")[0]}},
                    {"name": "Cargo.lock", "digest": {"sha256": lock}},
                ],
            },
            "runDetails": run,
        },
    }


def pae(payload):
    """DSSE v1, "pre-authentication encoding"."""
    return b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE.encode(), len(payload), payload)


def key_id(pem):
    """As `provenact key show` prints it: the SHA-256 of the SubjectPublicKeyInfo."""
    lines = [line for line in pem.read_text().splitlines() if line and "-----" not in line]
    return hashlib.sha256(base64.b64decode("".join(lines))).hexdigest()


def main(verb, *paths):
    paths = [Path(path) for path in paths]
    if verb == "statement":
        # ASCII and sorted: canonical (RFC 8785).
        sys.stdout.write(json.dumps(statement(*paths), sort_keys=True, separators=(",", ":")))
    elif verb == "pae":
        sys.stdout.buffer.write(pae(paths[0].read_bytes()))
    elif verb == "envelope":
        payload, signature = (base64.b64encode(path.read_bytes()).decode() for path in paths[:2])
        envelope = {"payloadType": TYPE, "payload": payload, "signatures": [{"keyid": key_id(paths[2]), "sig": signature}]}
        print(json.dumps(envelope, separators=(",", ":")))
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
