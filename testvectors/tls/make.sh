#!/usr/bin/env bash
# Makes a root, a certificate of it for localhost, both for a hundred years, and one that was for a day: make.sh,
# in this folder, with OpenSSL and libfaketime. The keys are for tests alone; that of the root is not kept.
set -euo pipefail
cd "$(dirname "$0")"
root=$(mktemp)
trap 'rm -f "$root" leaf.csr' EXIT
openssl() { faketime '2020-01-01 00:00:00' openssl "$@"; }
new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256"
openssl req -x509 $new -keyout "$root" -out root.pem -days 36500 -subj "/CN=test root" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
openssl req $new -keyout localhost.key.pem -out leaf.csr -subj "/CN=localhost"
for certificate in "2 localhost.pem 36500" "3 expired.pem 1"; do
    read -r serial file days <<< "$certificate"
    openssl x509 -req -in leaf.csr -CA root.pem -CAkey "$root" -set_serial "$serial" -days "$days" -sha256 -out "$file" \
        -extfile <(printf 'subjectAltName=DNS:localhost\nbasicConstraints=critical,CA:FALSE\n')
done
