//! A file with one envelope: a receipt, or any in-toto statement about a file that was named.

use super::Demand;
use super::report::{Entry, Proof, names};
use crate::attest::Envelope;
use crate::attest::receipt::Receipt;
use crate::cli::error::CommandError;
use crate::digest::TraceDigest;
use crate::reason::Reason;
use crate::verify::{Consumed, consume};
use crate::{files, limits};
use std::path::Path;

pub fn verify(path: &Path, demand: &Demand) -> Result<(Entry, Proof), CommandError> {
    let envelope = Envelope::parse(&files::read_limited(path, limits::ENVELOPE_BYTES)?)?;
    // What others say of a receipt lies beside it: receipt.json, receipt.intoto.jsonl.
    let beside_path = path.with_extension("intoto.jsonl");
    let beside =
        files::read_if_present(&beside_path, limits::ATTESTATIONS_BYTES)?.unwrap_or_default();
    let wanted = demand.predicate_type.as_deref();
    let consumed = consume(&demand.policy, &envelope, &demand.subjects, wanted, &beside);
    let consumed = consumed.map_err(|error| match error.reason() {
        // The envelope itself was read above.
        Reason::EnvelopeMalformed => CommandError::from(error).of(beside_path.display()),
        _ => error.into(),
    })?;
    let trust = demand.policy.trust().file().map(|digest| digest.to_string());
    let Consumed { upheld, said, by, receipt } = consumed;
    let mut entry = Entry {
        path: path.display().to_string(),
        kind: "envelope",
        module: None,
        manifest: None,
        source: None,
        origin: None,
        made_from: None,
        original_kept: None,
        trace: None,
        replayed: None,
        by: by.iter().map(Into::into).collect(),
        trust,
        rules: upheld.rules().to_vec(),
        lines: Vec::new(),
        headline: format!("signed by {}", names(&by)),
        says: vec![said],
    };
    match receipt {
        Some(receipt) => of_receipt(&mut entry, path, &receipt)?,
        None => {
            let text = super::report::said(&entry.says);
            entry.lines = text.lines().map(|line| line.trim().to_owned()).collect();
        }
    }
    Ok((entry, upheld))
}

fn of_receipt(entry: &mut Entry, path: &Path, receipt: &Receipt) -> Result<(), CommandError> {
    let trace = path.with_extension("trace");
    let compared = trace.exists();
    if compared {
        let found = TraceDigest::from_bytes(files::digest_of(&trace)?);
        if found != receipt.trace.sha256 {
            let expected = receipt.trace.sha256;
            let message =
                format!("{} has digest {found}, the receipt names {expected}", trace.display());
            return Err(CommandError::new(Reason::TraceMismatch, message));
        }
    }
    entry.kind = "receipt";
    let beside = if compared { "; the trace beside it is the one it names" } else { "" };
    entry.headline.push_str(&format!("; not replayed{beside}"));
    entry.module = Some(receipt.module.sha256.to_string());
    entry.manifest = Some(receipt.manifest.sha256.to_string());
    entry.trace = Some(receipt.trace.sha256.to_string());
    entry.replayed = Some(false);
    entry.lines = vec![
        format!("module {}", receipt.module.sha256),
        format!("outcome claimed: {}", receipt.outcome),
    ];
    Ok(())
}
