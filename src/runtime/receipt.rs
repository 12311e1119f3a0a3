//! The receipt's payload: a function of (module, manifest, trace), the same code in run and replay.

use super::evidence::{Evidence, Output};
use crate::attest::receipt::{
    Attestation, Engines, FileUse, Files, FinalState, Grants, Invocation, Outputs, Receipt,
    SaltedBytes, Sha256Of, Strings, TraceSummary, Transfers, Use,
};
use crate::outcome::Outcome;
use crate::trace::{Seal, Version};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The receipt of an execution that left `evidence`, ended in `outcome` with `state`, and whose
/// trace is `seal`.
#[must_use]
pub fn receipt(
    evidence: &Evidence,
    outcome: &Outcome,
    state: Option<&FinalState>,
    seal: &Seal,
) -> Receipt {
    let header = evidence.header();
    let salt = header.salt.as_bytes();
    let environment = header.environment.iter().map(|[name, value]| format!("{name}={value}"));
    let used = evidence.uses().into_iter().map(|(capability, calls)| Use {
        kind: capability.kind().name().to_owned(),
        value: capability.value().to_owned(),
        calls,
    });
    Receipt {
        module: Sha256Of { sha256: header.module },
        manifest: Sha256Of { sha256: header.manifest },
        attestation: header
            .attestation
            .as_ref()
            .map(|attested| Attestation { sha256: attested.envelope, keyid: attested.key }),
        engines: evidence.one_engine_class.then_some(Engines::OneClass),
        invocation: Invocation {
            entrypoint: header.entrypoint.clone(),
            arguments: Strings::of(salt, &header.arguments),
            environment: Strings::of(salt, environment),
            stdin: evidence.stdin.clone().finish(),
            input: header.input.as_ref().map(|input| {
                let mut salted = SaltedBytes::new(salt);
                salted.update(input.as_bytes());
                salted.finish()
            }),
        },
        grants: Grants {
            capabilities: header.grants.clone(),
            policy: header.policy.map(|sha256| Sha256Of { sha256 }),
        },
        used: used.collect(),
        files: Files { read: files(&evidence.read), written: files(&evidence.written) },
        trace: TraceSummary {
            sha256: seal.digest,
            version: Version::CURRENT.to_string(),
            events: evidence.events(),
        },
        outcome: outcome.clone(),
        outputs: Outputs {
            stdout: evidence.stdout.so_far(),
            stderr: evidence.stderr.so_far(),
            output: evidence.output.as_ref().map(Output::so_far),
        },
        final_state: state.cloned(),
    }
}

fn files(transfers: &BTreeMap<Arc<str>, Transfers>) -> Vec<FileUse> {
    transfers.iter().map(|(path, transfers)| transfers.clone().finish(path)).collect()
}
