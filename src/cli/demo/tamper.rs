//! What a dishonest operator with a valid key can do: forge trace and receipt consistently.

use super::super::error::CommandError;
use super::super::keys::{KeySource, PassphraseArgs};
use crate::attest::receipt::{Bytes, Receipt};
use crate::attest::{Envelope, PAYLOAD_TYPE, Statement, pae};
use crate::files;
use crate::limits;
use crate::trace::{EventRef, Material, MaterialName, Reader, Writer};
use std::io::Cursor;
use std::path::Path;

/// Copies `from.json` and `from.trace` to `to.…`, with the decision turned round, digests made
/// anew and signed with `key`.
pub fn approve_to_decline(from: &str, to: &str, key: &Path) -> Result<(), CommandError> {
    let mut reader = Reader::open(files::open(Path::new(&format!("{from}.trace")))?)?;
    let material = |name| reader.material(name).map(|bytes| Material::new(name, bytes.to_vec()));
    let materials = MaterialName::ALL.iter().filter_map(|name| material(*name)).collect();
    let header = reader.header().clone();
    let mut writer = Writer::start(Cursor::new(Vec::new()), &header, materials)?;
    let mut stdout = Vec::new();
    while let Some(event) = reader.next()? {
        let [_, name] = &header.imports[event.function];
        let mut handed = event.handed.bytes.to_vec();
        if name == "fd_write" {
            handed = String::from_utf8_lossy(&handed).replace("approve", "decline").into_bytes();
            stdout.extend_from_slice(&handed);
        }
        let handed: &[u8] = &handed;
        writer.append(&EventRef {
            function: event.function,
            args: event.args,
            answer: event.answer,
            handed: if name == "fd_write" || event.handed.len > 0 {
                std::slice::from_ref(&handed)
            } else {
                &[]
            },
            written: event.written(),
        })?;
    }
    let Some(seal) = reader.seal() else { return Ok(()) };
    let (trace, seal) = writer.finish(&seal.end.outcome)?;
    let to_trace = format!("{to}.trace");
    files::write_new(Path::new(&to_trace), trace.get_ref(), files::MODE_SECRET, false)?;

    let mut receipt = read(&format!("{from}.json"))?;
    receipt.trace.sha256 = seal.digest;
    receipt.outputs.stdout = Bytes::of(&stdout);
    let payload = receipt.to_statement()?.to_payload()?;
    let key = KeySource::File(key.to_owned()).private_key("--key", &PassphraseArgs::default())?;
    let signed = Envelope::sign(payload, &[&key]);
    Ok(files::write_new(
        Path::new(&format!("{to}.json")),
        &signed.to_bytes()?,
        files::MODE_FILE,
        false,
    )?)
}

fn read(path: &str) -> Result<Receipt, CommandError> {
    let envelope = Envelope::parse(&files::read_limited(Path::new(path), limits::ENVELOPE_BYTES)?)?;
    Ok(Receipt::from_statement(&Statement::parse(envelope.payload_unverified().as_bytes())?)?)
}

/// Writes what the first signature of an envelope signs, and the signature, as bare files.
pub fn signature_files(envelope: &str, message: &str, signature: &str) -> Result<(), CommandError> {
    let bytes = files::read_limited(Path::new(envelope), limits::ENVELOPE_BYTES)?;
    let envelope = Envelope::parse(&bytes)?;
    let payload = envelope.payload_unverified().as_bytes();
    files::write_new(Path::new(message), &pae(PAYLOAD_TYPE, payload), files::MODE_FILE, false)?;
    let first = envelope.signature_bytes().next().unwrap_or_default();
    Ok(files::write_new(Path::new(signature), first, files::MODE_FILE, false)?)
}
