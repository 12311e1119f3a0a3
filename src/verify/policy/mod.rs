//! The policy: a valid signature is never enough. What is demanded is in a [`Trust`]; what comes
//! out is a [`Verdict`] that lists every rule with what it expected and found.
//!
//! Nothing here opens a file or reads a clock: the moment is handed in.

mod said;
mod signers;
mod verdict;

pub use said::Said;
pub(super) use verdict::Words;
pub use verdict::{Rule, Upheld, Verdict};

use crate::abi::Capability;
use crate::attest::time::Timestamp;
use crate::attest::{
    About, Allowed, Requirement, Role, Statement, Trust, TrustedKey, Verified, cut, finding,
    provenance, receipt,
};
use crate::engines::{EngineClass, EngineName};
use crate::reason::Reason;
use crate::skill::declares;
use finding::{Finding, Found};
use signers::Excluded;
use std::collections::{BTreeMap, BTreeSet};

/// Whom to believe, what to demand, and what time it is.
#[derive(Debug, Clone)]
pub struct Policy {
    trust: Trust,
    now: Timestamp,
    threshold: usize,
}

/// What a statement must be about: each thing by what it is called and its SHA-256.
pub(super) type Things<'a> = &'a [(String, [u8; 32])];

/// What a requirement is compared with besides statements.
#[derive(Debug, Clone, Default)]
pub(super) struct Context<'a> {
    /// Capabilities that a bundle declares, or a receipt was granted.
    pub capabilities: &'a [Capability],
    /// Functions that the module imports, as (module, name).
    pub imports: Vec<(&'a str, &'a str)>,
    /// Trusted keys with the role operator that signed the receipt.
    pub operators: Vec<&'a TrustedKey>,
}

/// How one requirement went: its rules, and for each statement that counts its place in the list
/// and the keys that count.
pub(super) struct Judged<'s> {
    pub verdict: Verdict,
    pub counted: Vec<(usize, Vec<&'s TrustedKey>)>,
    /// The keys that the threshold was compared with, met or not: to be shown.
    pub towards: Vec<&'s TrustedKey>,
}

impl Policy {
    /// A policy at a moment. `threshold` is how many distinct keys are demanded at least, beside
    /// what the trust file demands; it can only add.
    #[must_use]
    pub fn new(trust: Trust, now: Timestamp, threshold: std::num::NonZeroUsize) -> Self {
        Self { trust, now, threshold: threshold.get() }
    }

    /// Whom to believe.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The moment that validity is compared with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The same without what is required of statements of this type: for who is about to make one.
    #[must_use]
    pub fn requiring_nothing_of(self, predicate_type: &str) -> Self {
        Self { trust: self.trust.requiring_nothing_of(predicate_type), ..self }
    }

    /// What is required of bundles, of receipts, or of files.
    #[must_use]
    pub fn required_of(&self, about: About) -> Vec<Requirement> {
        let base = match about {
            About::Bundle => Requirement::built_in(provenance::PREDICATE_TYPE, about),
            About::Receipt => Requirement::built_in(receipt::PREDICATE_TYPE, about),
            About::File => None,
        };
        self.requirements(about, base)
    }

    /// What is required of such a thing: what the trust file says, and `base`, unless the file has
    /// a requirement of that predicate type and role in its place.
    pub(super) fn requirements(&self, about: About, base: Option<Requirement>) -> Vec<Requirement> {
        let listed = self.trust.requirements().iter().filter(|listed| listed.about == about);
        let listed: Vec<Requirement> = listed.cloned().collect();
        let replaces = |own: &Requirement, base: &Requirement| {
            own.predicate_type == base.predicate_type
                && own.role == base.role
                && base.build_types.iter().all(|ty| own.build_types.contains(ty))
        };
        let like = base.as_ref().map(|base| (base.predicate_type.clone(), base.role));
        let base = base.filter(|base| !listed.iter().any(|own| replaces(own, base)));
        let mut all: Vec<Requirement> = base.into_iter().chain(listed).collect();
        for requirement in &mut all {
            if like.as_ref().is_some_and(|(ty, role)| {
                *ty == requirement.predicate_type && *role == requirement.role
            }) {
                requirement.threshold = requirement.threshold.max(self.threshold);
            }
        }
        all
    }

    /// Holds statements to one requirement. They are verified; whether they are about `things` and
    /// of the right type is looked at here.
    pub(super) fn judge<'s>(
        &self,
        requirement: &Requirement,
        statements: &[&'s Verified<Statement>],
        things: Things<'_>,
        context: &Context<'_>,
        words: Words,
    ) -> Judged<'s> {
        let mut verdict = Verdict::new(words);
        let of_type = |s: &&Verified<Statement>| s.predicate_type() == requirement.predicate_type;
        let is_there = statements.iter().any(&of_type);
        let reason = if statements.is_empty() {
            Reason::AttestationMissing
        } else {
            Reason::PredicateMismatch
        };
        verdict.add("predicate-type", is_there, reason, || {
            let wanted = requirement.predicate_type.clone();
            let types: BTreeSet<&str> = statements.iter().map(|s| s.predicate_type()).collect();
            let types: Vec<String> = types.into_iter().take(4).map(cut).collect();
            let found = match types.as_slice() {
                _ if is_there => wanted.clone(),
                [] => "no verified statement".to_owned(),
                types => types.join(", "),
            };
            (wanted, found)
        });
        let pairs = self.trust.has_pairs(&requirement.predicate_type);
        let mut counted: Vec<(usize, Vec<&TrustedKey>)> = Vec::new();
        let mut excluded: Vec<Excluded<'_>> = Vec::new();
        let mut closest: Option<Verdict> = None;
        let mut engines: BTreeMap<EngineClass, BTreeSet<EngineName>> = BTreeMap::new();
        for (at, statement) in statements.iter().enumerate().filter(|(_, s)| of_type(s)) {
            let own = content(requirement, statement, things, words);
            let (keys, others) =
                signers::sorted(requirement, statement, &context.operators, pairs, self.now);
            let finding = Finding::of(statement);
            let passes = own.broken().is_none();
            if closest.as_ref().is_none_or(|best| own.broken_count() < best.broken_count()) {
                closest = Some(own);
            }
            if passes {
                if !keys.is_empty() {
                    // An engine that nobody knows is of no class.
                    let names = finding.into_iter().flat_map(|finding| finding.engines);
                    for name in names.filter_map(|name| name.parse::<EngineName>().ok()) {
                        engines.entry(name.class()).or_default().insert(name);
                    }
                    counted.push((at, keys));
                }
                excluded.extend(others);
            }
        }
        let passes = closest.as_ref().is_some_and(|best| best.broken().is_none());
        verdict.append(closest.unwrap_or_default());
        // A trusted no is not outvoted by others' yes.
        if passes && finding::passing(&requirement.predicate_type).is_some() {
            self.contradiction(requirement.about, statements, things, &mut verdict);
        }
        let mut towards = Vec::new();
        if passes {
            towards = threshold(requirement, &counted, &excluded, &mut verdict);
            if let Some(minimum) = requirement.minimum_engines {
                let upheld = engines.len() >= minimum;
                verdict.add("minimum-engines", upheld, Reason::PolicyUnmet, || {
                    let classes = engines.iter().map(|(class, names)| {
                        let names: Vec<_> = names.iter().map(|name| name.name()).collect();
                        format!("{class} ({})", names.join(", "))
                    });
                    let classes = classes.collect::<Vec<_>>().join(", ");
                    let found = format!("{}: {classes}", engines.len());
                    (format!("{minimum} independent classes of engines"), found)
                });
            }
        }
        compare(requirement, context, &mut verdict);
        if verdict.broken().is_some() {
            counted.clear();
        }
        Judged { verdict, counted, towards }
    }
}

impl Policy {
    /// Adds the rule whether a key that is trusted to judge says no, or something that nobody knows, about any of
    /// `things`, in the words of any type of verdict. What is required does not matter.
    pub(super) fn contradiction(
        &self,
        about: About,
        statements: &[&Verified<Statement>],
        things: Things<'_>,
        verdict: &mut Verdict,
    ) {
        let mut against: Vec<String> = Vec::new();
        for statement in statements {
            let is_about = things.iter().any(|(_, digest)| statement.subject_matches(digest));
            let Some(usual) = Requirement::built_in(statement.predicate_type(), about) else {
                continue;
            };
            if let Some(Finding { found: Found::Failed(_) | Found::Unknown(_), .. }) =
                Finding::of(statement)
                && is_about
            {
                // The no of a key that was named by hand is heard, pair or not.
                let (keys, _) = signers::sorted(&usual, statement, &[], false, self.now);
                against.extend(keys.iter().map(ToString::to_string));
            }
        }
        verdict.add("contradiction", against.is_empty(), Reason::VerdictFailed, || {
            let found = if against.is_empty() { "none".to_owned() } else { against.join(", ") };
            ("no trusted key that says no".to_owned(), found)
        });
    }

    /// The rule about contradiction, where no requirement for verdicts brings it and there is one.
    pub(super) fn contradicted(
        &self,
        requirements: &[Requirement],
        about: About,
        statements: &[&Verified<Statement>],
        things: Things<'_>,
        verdict: &mut Verdict,
    ) {
        let is_verdict = |ty: &str| finding::passing(ty).is_some();
        let is_required = requirements.iter().any(|r| is_verdict(&r.predicate_type));
        if !is_required && statements.iter().any(|s| is_verdict(s.predicate_type())) {
            self.contradiction(about, statements, things, verdict);
        }
    }
}

/// Distinct public keys over all statements that hold; a trust list has each key once.
fn threshold<'s>(
    requirement: &Requirement,
    counted: &[(usize, Vec<&'s TrustedKey>)],
    excluded: &[Excluded<'_>],
    verdict: &mut Verdict,
) -> Vec<&'s TrustedKey> {
    let wanted = requirement.threshold;
    let mut keys: Vec<&TrustedKey> = Vec::new();
    for key in counted.iter().flat_map(|(_, keys)| keys) {
        if !keys.iter().any(|known| known.key() == key.key()) {
            keys.push(key);
        }
    }
    let by_owner = requirement.role == Some(Role::Auditor) && wanted > 1;
    let of_one_owner = if by_owner { one_of_each_owner(&mut keys) } else { Vec::new() };
    let mut others: Vec<&Excluded<'_>> = Vec::new();
    for other in excluded.iter().chain(&of_one_owner) {
        let is_known = keys.iter().any(|key| key.key() == other.key.key())
            || others.iter().any(|known| known.key.key() == other.key.key());
        if !is_known {
            others.push(other);
        }
    }
    // When those that do not count would have been enough, what stands against them decides.
    // Those that could not be made to count at all are none of them.
    let could = |other: &&&Excluded<'_>| other.reason != Reason::ThresholdUnmet;
    let decisive = others.iter().find(could);
    let decisive = decisive.filter(|_| keys.len() + others.iter().filter(could).count() >= wanted);
    let reason = decisive.map_or(Reason::ThresholdUnmet, |other| other.reason);
    verdict.add("threshold", keys.len() >= wanted, reason, || {
        let role = requirement.role;
        let role = role.map_or("any role".to_owned(), |role| format!("the role {role}"));
        let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let mut found = match names.len() {
            0 => "0".to_owned(),
            n => format!("{n}: {}", names.join(", ")),
        };
        for Excluded { key, why, .. } in &others {
            found.push_str(&format!("; not counted: {key}: {why}"));
        }
        let keys = if wanted == 1 { "key" } else { "distinct keys" };
        let owners = if by_owner { ", of different owners" } else { "" };
        (format!("{wanted} {keys} with {role}{owners}"), found)
    });
    keys
}

/// Leaves of auditors' keys one of each owner, and gives those that are left out. Who names a key for
/// one command knows whose it is; a key of the file that has no owner there may be anybody's.
fn one_of_each_owner<'k>(keys: &mut Vec<&'k TrustedKey>) -> Vec<Excluded<'k>> {
    let (mut owners, mut left_out) = (BTreeSet::new(), Vec::new());
    keys.retain(|key| {
        let why = match key.owner() {
            None if key.is_named() => return true,
            None => "the trust file gives it no owner".to_owned(),
            Some(owner) if owners.insert(owner) => return true,
            Some(owner) => format!("another key of its owner {owner:?} counts already"),
        };
        left_out.push(Excluded { key, reason: Reason::ThresholdUnmet, why });
        false
    });
    left_out
}

/// The rules for what one statement says.
fn content(
    requirement: &Requirement,
    statement: &Verified<Statement>,
    things: Things<'_>,
    words: Words,
) -> Verdict {
    let mut verdict = Verdict::new(words);
    for (what, digest) in things {
        let upheld = statement.subject_matches(digest);
        verdict.add("subject", upheld, Reason::SubjectMismatch, || {
            let found: Vec<String> = (statement.subjects().iter().take(4))
                .map(|s| format!("{} sha256:{}", cut(&s.name), crate::digest::hex(&s.sha256)))
                .collect();
            let digest = crate::digest::hex(digest);
            (format!("a statement about {what} sha256:{digest}"), found.join(", "))
        });
    }
    let mut one_of = |name, reason, wanted: &[String], found: &Option<String>| {
        if !wanted.is_empty() {
            let found = found.as_deref().unwrap_or_default();
            let upheld = wanted.iter().any(|wanted| wanted == found);
            verdict
                .add(name, upheld, reason, || (wanted.join(" or "), format!("{:?}", cut(found))));
        }
    };
    let gist = statement.gist();
    if requirement.predicate_type == provenance::PREDICATE_TYPE {
        let (types, builders) = (&requirement.build_types, &requirement.builders);
        one_of("build-type", Reason::PredicateMismatch, types, &gist.build_type);
        one_of("builder", Reason::BuilderUntrusted, builders, &gist.builder);
    }
    if let (Some(passing), Some(finding)) =
        (finding::passing(&requirement.predicate_type), Finding::of(statement))
    {
        one_of("verifier", Reason::BuilderUntrusted, &requirement.verifiers, &gist.verifier);
        let (upheld, reason, found) = match &finding.found {
            Found::Passed(value) => (true, Reason::VerdictFailed, *value),
            Found::Failed(value) | Found::Inconclusive(value) => {
                (false, Reason::VerdictFailed, *value)
            }
            Found::Unknown(value) => (false, Reason::VerdictUnknown, value.as_str()),
        };
        verdict.add("verdict", upheld, reason, || (passing.to_owned(), found.to_owned()));
        if let Some(minimum) = requirement.minimum_depth {
            let found = finding.depth;
            verdict.add("minimum-depth", found >= minimum, Reason::PolicyUnmet, || {
                (format!("at least {minimum}"), found.to_string())
            });
        }
    }
    verdict
}

/// The rules for the thing itself: what it may ask for.
pub(super) fn compare(requirement: &Requirement, context: &Context<'_>, verdict: &mut Verdict) {
    let list =
        |texts: Vec<String>| if texts.is_empty() { "none".to_owned() } else { texts.join(", ") };
    if let Some(allowed) = &requirement.capabilities {
        let is_allowed = |capability: &&Capability| {
            allowed.iter().any(|allowed| match allowed {
                Allowed::Kind(kind) => *kind == capability.kind(),
                Allowed::Within(outer) => declares(std::slice::from_ref(outer), capability),
            })
        };
        let beyond: Vec<_> = context.capabilities.iter().filter(|c| !is_allowed(c)).collect();
        verdict.add("capabilities", beyond.is_empty(), Reason::PolicyUnmet, || {
            let all = || context.capabilities.iter().collect();
            let found = if beyond.is_empty() { all() } else { beyond.clone() };
            let allowed = list(allowed.iter().map(ToString::to_string).collect());
            let found = list(found.into_iter().map(ToString::to_string).collect());
            (format!("only {allowed}"), found)
        });
    }
    if !requirement.forbidden_imports.is_empty() {
        let forbidden = &requirement.forbidden_imports;
        let imports = context.imports.iter();
        let found: Vec<String> = imports
            .filter(|(module, name)| forbidden.iter().any(|pattern| pattern.matches(module, name)))
            .map(|(module, name)| format!("{module}.{name}"))
            .collect();
        verdict.add("forbidden-imports", found.is_empty(), Reason::PolicyUnmet, || {
            let patterns = list(forbidden.iter().map(ToString::to_string).collect());
            (format!("no import of {patterns}"), list(found.clone()))
        });
    }
}
