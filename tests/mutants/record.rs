//! Recordings: real executions, made by the program itself, with what it takes to audit them.

use super::common::Place;
use super::event::{Events, decode};
use super::sections::{Section, parse};
use provenact::abi::Function;
use provenact::attest::receipt::Receipt;
use provenact::attest::time::Timestamp;
use provenact::attest::{Envelope, PrivateKey, Trust};
use provenact::engines::EngineName;
use provenact::outcome::Outcome;
use provenact::runtime::Engine;
use provenact::skill::Manifest;
use provenact::trace::{Header, Reader};
use provenact::verify::{Claim, Executable, Policy};
use provenact::wasm::Canonical;
use std::io::Cursor;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a replay may take, in ticks.
const PATIENCE: u64 = 4;
const TICK: Duration = Duration::from_secs(1);

/// A skill, compiled once.
pub struct Skill {
    pub manifest: Manifest,
    pub executable: Executable,
}

/// One execution.
pub struct Recording {
    pub name: String,
    pub skill: Arc<Skill>,
    /// The operator, who signs what is forged.
    pub operator: PrivateKey,
    pub policy: Policy,
    /// The two files, as the program wrote them.
    pub envelope: Vec<u8>,
    pub trace: Vec<u8>,
    pub receipt: Receipt,
    pub header: Header,
    pub rows: Vec<&'static Function>,
    pub sections: Vec<Section>,
    pub hashes: Vec<(u8, [u8; 32])>,
    pub events: Events,
    pub outcome: Outcome,
}

/// One engine for all; a replay that does not end is cut short.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = super::common::home().join("mutants");
        fs_err::create_dir_all(&cache).unwrap();
        let engine = Engine::new(EngineName::Cranelift, Some(&cache), Some(PATIENCE)).unwrap();
        let clock = engine.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(TICK);
                clock.tick();
            }
        });
        engine
    })
}

impl Skill {
    /// The bundle `NAME.skill` in `place`.
    pub fn read(place: &Place, name: &str) -> Arc<Self> {
        let manifest =
            Manifest::parse(&place.read(&format!("{name}.skill/manifest.json"))).unwrap();
        let module = place.read(&format!("{name}.skill/skill.wasm"));
        let module = Canonical::check(module, manifest.profile()).unwrap();
        let executable = Executable::prepare(engine(), &module, manifest.entrypoint()).unwrap();
        Arc::new(Self { manifest, executable })
    }
}

impl Recording {
    /// What `run --detached` left in `place` as `LABEL.json` and `LABEL.trace`.
    pub fn read(place: &Place, label: &str, name: &str, skill: &Arc<Skill>) -> Self {
        let pem = String::from_utf8(place.read("operator.key.pem")).unwrap();
        let operator = PrivateKey::from_pem(&pem).unwrap();
        let trust = Trust::from_keys([("operator".to_owned(), operator.public())]).unwrap();
        let now = Timestamp::from_unix(1_800_000_000).unwrap();
        let policy = Policy::new(trust, now, NonZeroUsize::MIN);
        let envelope = place.read(&format!("{label}.json"));
        let receipt = Claim::read(&envelope, Some(&policy)).unwrap().receipt().clone();
        let trace = place.read(&format!("{label}.trace"));
        let mut reader = Reader::open(Cursor::new(trace.clone())).unwrap();
        let events = decode(&mut reader).unwrap();
        let outcome = reader.seal().unwrap().end.outcome.clone();
        let header = reader.header().clone();
        let (sections, hashes) = parse(&trace);
        Self {
            name: name.to_owned(),
            skill: Arc::clone(skill),
            operator,
            policy,
            envelope,
            trace,
            receipt,
            rows: header.functions().unwrap(),
            header,
            sections,
            hashes,
            events,
            outcome,
        }
    }

    /// A payload, signed with the valid key.
    pub fn sign(&self, payload: Vec<u8>) -> Vec<u8> {
        Envelope::sign(payload, &[&self.operator]).to_bytes().unwrap()
    }

    /// How people call event `at`.
    pub fn event(&self, at: usize) -> String {
        match self.events.get(at) {
            Some(event) => format!("event {at} {}", self.rows[event.function].name),
            None => format!("after event {at}"),
        }
    }
}
