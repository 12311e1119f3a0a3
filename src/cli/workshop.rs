//! Modules made ready to be replayed: each is checked and compiled once for every engine.

use super::error::CommandError;
use crate::allowance::Allowance;
use crate::digest::{ManifestDigest, ModuleDigest};
use crate::reason::Reason;
use crate::runtime::Engine;
use crate::skill::Manifest;
use crate::verify::{self, Executable};
use crate::wasm::Canonical;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A module on each engine that is asked, or why it cannot be there.
pub type Ready = Arc<Made>;

/// A module on each engine that is asked, and the memory that it takes.
pub struct Made {
    engines: Vec<(Engine, Result<Executable, Arc<verify::Error>>)>,
    bytes: u64,
    _memory: Option<Allowance>,
}

impl Made {
    /// Each engine with what it made of the module.
    pub fn iter(&self) -> impl Iterator<Item = &(Engine, Result<Executable, Arc<verify::Error>>)> {
        self.engines.iter()
    }
}

/// Engines, and what they have compiled.
pub struct Workshop {
    engines: Vec<Engine>,
    made: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    slots: BTreeMap<Key, (Slot, u64)>,
    /// Counts who came for a module: what was asked for longest ago goes first.
    visits: u64,
}

type Key = (ModuleDigest, ManifestDigest);

/// Filled by whoever comes first; others wait for it. A module that is refused is refused once.
type Slot = Arc<Mutex<Option<Result<Ready, CommandError>>>>;

/// Bytes that compiling takes for each byte of a module, while it lasts.
const COMPILING: u64 = 64;
/// Bytes that a module takes besides its code.
const BESIDES: u64 = 64 << 10;
/// Modules that are kept at most, refused ones counted.
const KEPT: usize = 1024;

impl Workshop {
    /// A workshop with these engines and nothing made.
    pub fn new(engines: Vec<Engine>) -> Self {
        Self { engines, made: Mutex::default() }
    }

    /// The engines.
    pub fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// The module of `manifest`, ready to be replayed. Its bytes are asked for only if it is not
    /// at hand, and must have `digest`. What is made takes memory from the budget of `allowance`:
    /// a quarter of it for all modules that nobody executes just now.
    pub fn ready(
        &self,
        digest: ModuleDigest,
        manifest: &Manifest,
        allowance: Option<&Allowance>,
        bytes: impl FnOnce() -> Result<Vec<u8>, CommandError>,
    ) -> Result<Ready, CommandError> {
        let key = (digest, manifest.digest());
        let slot = {
            let mut shelf = self.shelf();
            shelf.visits += 1;
            let visit = shelf.visits;
            let slot = shelf.slots.entry(key).or_default();
            slot.1 = visit;
            slot.0.clone()
        };
        let mut place = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*place {
            return made.clone();
        }
        let module = bytes().inspect_err(|_| {
            self.shelf().slots.remove(&key);
        })?;
        let found = ModuleDigest::of(&module);
        if found != digest {
            let what = "the receipt";
            return Err(verify::Error::Module { what, found, expected: digest }.into());
        }
        let memory = match allowance {
            None => None,
            Some(allowance) => Some(self.room(module.len() as u64, allowance)?),
        };
        let made = self.make(module, manifest, memory).map(Arc::new);
        *place = Some(made.clone());
        drop(place);
        if let Some(allowance) = allowance {
            self.tidy(allowance.budget().most() / 4, Some(key));
        }
        made
    }

    fn make(
        &self,
        module: Vec<u8>,
        manifest: &Manifest,
        memory: Option<Allowance>,
    ) -> Result<Made, CommandError> {
        let module = Canonical::check(module, manifest.profile())?;
        let mut bytes = BESIDES;
        let mut engines = Vec::new();
        for engine in &self.engines {
            let made = Executable::prepare(engine, &module, manifest.entrypoint());
            bytes += made.as_ref().map_or(0, Executable::bytes);
            engines.push((engine.clone(), made.map_err(Arc::new)));
        }
        if let Some(memory) = &memory {
            memory.keep(bytes);
        }
        Ok(Made { engines, bytes, _memory: memory })
    }

    /// Memory to compile a module of `bytes` in.
    fn room(&self, bytes: u64, allowance: &Allowance) -> Result<Allowance, CommandError> {
        let bytes = BESIDES.saturating_add(bytes.saturating_mul(COMPILING));
        let budget = allowance.budget();
        let room = budget.try_for(bytes).or_else(|| {
            self.tidy(0, None);
            budget.try_for(bytes)
        });
        room.ok_or_else(|| {
            allowance.deny();
            CommandError::new(Reason::Interrupted, "no memory is left to compile the module in")
        })
    }

    /// Forgets modules, the longest unused first, until those that are left take `most` bytes. What
    /// is being executed stays in memory until nobody needs it.
    pub fn tidy(&self, most: u64, but: Option<Key>) {
        let mut shelf = self.shelf();
        let mut order: Vec<(u64, Key, u64)> = Vec::new();
        for (key, (slot, visit)) in &shelf.slots {
            // Who holds the lock is compiling.
            let Ok(made) = slot.try_lock() else { continue };
            let bytes = made.as_ref().and_then(|made| made.as_ref().ok()).map_or(0, |m| m.bytes);
            order.push((*visit, *key, bytes));
        }
        order.sort_unstable();
        let mut left: u64 = order.iter().map(|(_, _, bytes)| bytes).sum();
        let mut count = order.len();
        for (_, key, bytes) in order {
            if left <= most && count <= KEPT {
                break;
            }
            if but != Some(key) {
                shelf.slots.remove(&key);
                left -= bytes;
                count -= 1;
            }
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allowance::Budget;
    use crate::engines::EngineName;
    use crate::profile::Profile;
    use crate::wasm::{Module, SourceNote};
    use std::cell::Cell;

    /// A module that differs from others by `constant`, canonical, and its manifest.
    fn skill(constant: u32) -> (Vec<u8>, Manifest) {
        let text = format!(
            "(module (memory (export \"memory\") 1)
               (func (export \"_start\") (i32.store (i32.const 0) (i32.const {constant}))))"
        );
        let module = Module::parse(wat::parse_str(text).unwrap()).unwrap();
        let note = SourceNote::of("m");
        let module = Canonical::build(&module, Profile::CANONICAL, &note).unwrap().canonical;
        let digest = module.digest();
        let manifest = Manifest::new("m", "1", "_start", digest, Vec::new(), Profile::CANONICAL);
        (module.into_bytes(), manifest.unwrap())
    }

    fn workshop() -> Workshop {
        let engine = |name| Engine::new(name, None, None).unwrap();
        Workshop::new(vec![engine(EngineName::Cranelift), engine(EngineName::Wasmi)])
    }

    #[test]
    fn each_module_is_made_once_and_the_longest_unused_is_forgotten() {
        let workshop = workshop();
        let skills: Vec<_> = (0..4).map(skill).collect();
        let made = Cell::new(0);
        let ready = |at: usize, allowance: &Allowance| {
            let (bytes, manifest) = &skills[at];
            let bytes = || {
                made.set(made.get() + 1);
                Ok(bytes.clone())
            };
            workshop.ready(manifest.artifact(), manifest, Some(allowance), bytes).unwrap()
        };
        let roomy = Budget::new(1 << 30);
        let allowance = roomy.try_for(0).unwrap();
        let size = ready(0, &allowance).bytes;
        for at in [0, 1, 2, 0, 1, 2] {
            ready(at, &allowance);
        }
        assert_eq!(made.get(), 3);

        // A quarter has room for two: the one that was not asked for lately goes.
        let workshop = self::workshop();
        let made = Cell::new(0);
        let tight = Budget::new(4 * (2 * size + size / 2));
        let allowance = tight.try_for(0).unwrap();
        let ready = |at: usize| {
            let (bytes, manifest) = &skills[at];
            let bytes = || {
                made.set(made.get() + 1);
                Ok(bytes.clone())
            };
            workshop.ready(manifest.artifact(), manifest, Some(&allowance), bytes).unwrap()
        };
        for at in [0, 1, 0, 2, 0] {
            ready(at);
        }
        assert_eq!(made.get(), 3, "0 and 2 are kept");
        ready(1);
        assert_eq!(made.get(), 4, "1 was forgotten");
        workshop.tidy(0, None);
        assert!(tight.try_for(tight.most()).is_some(), "memory of what was forgotten is free");
    }

    #[test]
    fn there_is_no_room_to_compile_beyond_the_budget() {
        let (bytes, manifest) = skill(0);
        let allowance = Budget::new(1000).try_for(0).unwrap();
        let made = workshop().ready(manifest.artifact(), &manifest, Some(&allowance), || Ok(bytes));
        assert_eq!(made.err().map(|error| error.reason), Some(Reason::Interrupted));
        assert!(allowance.was_denied());
    }
}
