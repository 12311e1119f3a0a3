//! The rungs that rest on what somebody says: statements, held to the policy.

use super::looked::Looked;
use super::{Found, unsigned};
use crate::attest::finding::Finding;
use crate::attest::provenance::Provenance;
use crate::attest::receipt::{PREDICATE_TYPE, Receipt};
use crate::attest::{
    self, About, Envelope, Requirement, Role, Rung, Statement, TrustedKey, Verified, finding,
};
use crate::engines::EngineName;
use crate::verify::Error;
use crate::verify::envelope::verified;
use crate::verify::policy::{Context, Policy, Verdict, Words};
use std::collections::BTreeSet;

/// What trusted keys say of the receipt and of its module.
pub(super) struct Statements<'a> {
    policy: &'a Policy,
    /// The receipt itself, or why it is nobody's.
    own: Result<Verified<Statement>, Verdict>,
    /// The others, each with its line.
    others: Vec<(&'a [u8], Verified<Statement>)>,
    receipt: [(String, [u8; 32]); 1],
    bundle: [(String, [u8; 32]); 2],
    statement: String,
    module: String,
    events: u64,
}

/// The rung at which a requirement is judged; none when it is about a file.
pub(super) fn rung_of(requirement: &Requirement) -> Option<Rung> {
    let Requirement { predicate_type, about, role, .. } = requirement;
    match (kind(predicate_type), about) {
        (_, About::File) => None,
        (Kind::Rebuild, _) => Some(Rung::Rebuilt),
        (Kind::Replay, _) => Some(Rung::Replayed),
        (Kind::Receipt, _) if *role == Some(Role::Auditor) => Some(Rung::CoSigned),
        (_, About::Bundle) => Some(Rung::Source),
        (_, About::Receipt) => Some(Rung::Authentic),
    }
}

/// How many classes of engines a requirement asks for, if it asks for more than one.
pub(super) fn engines(requirement: &Requirement) -> Option<usize> {
    requirement.minimum_engines.filter(|engines| *engines > 1)
}

/// Whether a requirement limits what may be declared, granted or imported.
pub(super) fn limits_capabilities(requirement: &Requirement) -> bool {
    requirement.capabilities.is_some() || !requirement.forbidden_imports.is_empty()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Receipt,
    Replay,
    Rebuild,
    Other,
}

fn kind(predicate_type: &str) -> Kind {
    match predicate_type {
        PREDICATE_TYPE => Kind::Receipt,
        finding::REPLAY_TYPE => Kind::Replay,
        finding::REBUILD_TYPE => Kind::Rebuild,
        _ => Kind::Other,
    }
}

/// What is judged at a rung: as the trust file requires it, otherwise one key. Capabilities and imports
/// have a rung of their own, and so have engines.
fn requirements(policy: &Policy, rung: Rung) -> Vec<Requirement> {
    let engines_apart = |requirement: &mut Requirement| match rung {
        Rung::CrossEngine => {
            requirement.threshold = 1;
            requirement.minimum_engines = engines(requirement).or(Some(2));
        }
        _ => requirement.minimum_engines = requirement.minimum_engines.filter(|n| *n < 2),
    };
    let judged_at = if rung == Rung::CrossEngine { Rung::Replayed } else { rung };
    let mut all = [About::Bundle, About::Receipt].map(|about| policy.required_of(about)).concat();
    all.retain(|requirement| rung_of(requirement) == Some(judged_at));
    if all.is_empty() {
        let (ty, about) = match judged_at {
            Rung::Rebuilt => (finding::REBUILD_TYPE, About::Bundle),
            Rung::Replayed => (finding::REPLAY_TYPE, About::Receipt),
            _ => (PREDICATE_TYPE, About::Receipt),
        };
        all.push(Requirement::new(ty, about, Some(Role::Auditor)));
    }
    for requirement in &mut all {
        requirement.capabilities = None;
        requirement.forbidden_imports.clear();
        engines_apart(requirement);
    }
    all
}

impl<'a> Statements<'a> {
    /// Reads what lies beside the receipt, in the bundle and in the trace. What a statement is about
    /// counts, and not where it lies; what nobody trusted signed adds nothing and takes nothing away.
    ///
    /// # Errors
    /// Lines that are no envelopes.
    pub fn read(
        policy: &'a Policy,
        envelope: &Envelope,
        receipt: &Receipt,
        lines: [&'a [u8]; 2],
        attestation: &'a [u8],
    ) -> Result<Self, Error> {
        let mut all = Vec::new();
        for lines in lines {
            all.extend(attest::parse_lines(lines)?);
        }
        all.extend(Envelope::parse(attestation).ok().map(|envelope| (attestation, envelope)));
        attest::bound_work(all.iter().map(|(_, envelope)| envelope), policy.trust())?;
        let said = |(line, envelope)| Some((line, verified(policy, &envelope).ok()?));
        let others = all.into_iter().filter_map(said).collect();
        let own = envelope.verify(policy.trust()).and_then(|payload| payload.statement());
        let digest = envelope.payload_unverified().digest();
        Ok(Self {
            policy,
            own: own.map_err(unsigned),
            others,
            receipt: [("the receipt".to_owned(), *digest.as_bytes())],
            bundle: [
                ("the module".to_owned(), *receipt.module.sha256.as_bytes()),
                ("the manifest".to_owned(), *receipt.manifest.sha256.as_bytes()),
            ],
            statement: digest.to_string(),
            module: receipt.module.sha256.to_string(),
            events: receipt.trace.events,
        })
    }

    /// What the author says of the source.
    pub fn source(&self, looked: &Looked<'_>) -> Found {
        const EXPECTED: &str = "an author's provenance of the receipt's module";
        let of = Some(self.who_could(Role::Author));
        let Some(module) = looked.module() else {
            return Found {
                of,
                ..Found::missing("the receipt's module, which an author attested")
            };
        };
        let lines = self.spoken_at(Rung::Source).flat_map(|(line, _)| [line, &b"\n"[..]]);
        let lines = lines.collect::<Vec<_>>().concat();
        let wanted = requirements(self.policy, Rung::Source);
        let attested = module.attested_by(self.policy, &wanted, &lines);
        let attested = attested.and_then(|attested| {
            looked.check_beside(&attested)?;
            Ok(attested)
        });
        let mut found = match attested {
            Err(error) => Found::failed(EXPECTED, &error),
            Ok(attested) => {
                let (fact, digest) = told(attested.provenance());
                let by = attested.by().to_vec();
                let (upheld, _) = attested.into_evidence();
                Found { verdict: Verdict::of(upheld), by, fact, digest, of }
            }
        };
        self.hear(Rung::Source, &mut found.verdict);
        Found { of, ..found }
    }

    /// What is said at any other rung.
    pub fn of(&self, rung: Rung) -> Found {
        let role = if rung == Rung::Authentic { Role::Operator } else { Role::Auditor };
        let mut found = Found { of: Some(self.who_could(role)), ..Found::default() };
        found.digest = if rung == Rung::Rebuilt { &self.module } else { &self.statement }.clone();
        let others: Vec<&Verified<Statement>> =
            self.spoken_at(rung).map(|(_, said)| said).collect();
        let context = Context { operators: self.operators(), ..Context::default() };
        let (mut depth, mut classes) = (0, BTreeSet::new());
        for requirement in requirements(self.policy, rung) {
            let is_own = requirement.predicate_type == PREDICATE_TYPE;
            let own: Vec<&Verified<Statement>> = self.own.iter().collect();
            let (statements, things) =
                if is_own { (&own, &[][..]) } else { (&others, self.things(requirement.about)) };
            if let (true, Err(unsigned)) = (is_own, &self.own) {
                found.verdict.append(unsigned.clone());
                continue;
            }
            let judged =
                self.policy.judge(&requirement, statements, things, &context, Words::Every);
            found.verdict.append(judged.verdict);
            let counted = judged.counted.iter().filter_map(|(at, _)| statements.get(*at));
            for finding in counted.filter_map(|said| Finding::of(said)) {
                depth = depth.max(finding.depth);
                let known = finding.engines.iter().filter_map(|name| name.parse().ok());
                classes.extend(known.map(|name: EngineName| name.class().to_string()));
            }
            for key in judged.towards {
                if !found.by.contains(key) {
                    found.by.push(key.clone());
                }
            }
        }
        self.hear(rung, &mut found.verdict);
        found.fact = match rung {
            Rung::Rebuilt => "module and manifest".to_owned(),
            Rung::Replayed => format!("{} events, depth {depth}", self.events),
            Rung::CrossEngine => classes.into_iter().collect::<Vec<_>>().join(", "),
            _ => "this receipt".to_owned(),
        };
        found
    }

    /// Adds the rule that no trusted key says no, unless it stands there.
    fn hear(&self, rung: Rung, verdict: &mut Verdict) {
        if verdict.rules().iter().any(|rule| rule.name == "contradiction") {
            return;
        }
        let about = if matches!(rung, Rung::Source | Rung::Rebuilt) {
            About::Bundle
        } else {
            About::Receipt
        };
        let said: Vec<_> = self.spoken_at(rung).map(|(_, said)| said).collect();
        if said.iter().any(|said| finding::passing(said.predicate_type()).is_some()) {
            self.policy.contradiction(about, &said, self.things(about), verdict);
        }
    }

    /// The statements that a rung is about.
    fn spoken_at(&self, rung: Rung) -> impl Iterator<Item = &(&'a [u8], Verified<Statement>)> {
        self.others.iter().filter(move |(_, said)| {
            matches!(
                (rung, kind(said.predicate_type())),
                (Rung::Rebuilt, Kind::Rebuild)
                    | (Rung::Replayed | Rung::CrossEngine, Kind::Replay)
                    | (Rung::Source | Rung::Authentic, Kind::Other)
            )
        })
    }

    fn things(&self, about: About) -> &[(String, [u8; 32])] {
        match about {
            About::Bundle => &self.bundle,
            About::Receipt | About::File => &self.receipt,
        }
    }

    /// The keys that signed the receipt and are trusted as operators.
    fn operators(&self) -> Vec<&TrustedKey> {
        let by = self.own.as_ref().map(Verified::by).unwrap_or_default();
        by.iter().filter(|key| key.roles().has(Role::Operator)).collect()
    }

    /// How many trusted keys have the role; of auditors without those of the receipt's operators.
    fn who_could(&self, role: Role) -> usize {
        let operators = self.operators();
        let is_theirs = |key: &TrustedKey| {
            let same = |own: &&TrustedKey| {
                own.key() == key.key() || (key.owner().is_some() && own.owner() == key.owner())
            };
            operators.iter().any(same)
        };
        let keys = self.policy.trust().keys().iter().filter(|key| key.roles().has(role));
        keys.filter(|key| role != Role::Auditor || !is_theirs(key)).count()
    }
}

/// What provenance says of the source: in a few words, and its digest.
fn told(provenance: &Provenance) -> (String, String) {
    let Some(materials) = &provenance.materials else {
        return (format!("from {}", provenance.source_name), provenance.source.to_string());
    };
    let git = match &materials.git {
        None => "no commit".to_owned(),
        Some(git) if git.dirty => format!("changes to commit {}", git.commit),
        Some(git) => format!("commit {}", git.commit),
    };
    (format!("{} files, {git}", materials.inputs.len()), materials.tree().to_string())
}
