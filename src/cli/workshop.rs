//! Modules made ready to be replayed: each is checked and compiled once for every engine.

use super::error::CommandError;
use crate::digest::{ManifestDigest, ModuleDigest};
use crate::runtime::Engine;
use crate::skill::Manifest;
use crate::verify::{self, Executable};
use crate::wasm::Canonical;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A module on each engine that is asked, or why it cannot be there.
pub type Ready = Arc<Vec<(Engine, Result<Executable, Arc<verify::Error>>)>>;

/// Engines, and what they have compiled.
pub struct Workshop {
    engines: Vec<Engine>,
    made: Mutex<BTreeMap<(ModuleDigest, ManifestDigest), Slot>>,
}

/// Filled by whoever comes first; others wait for it.
type Slot = Arc<Mutex<Option<Ready>>>;

impl Workshop {
    /// A workshop with these engines and nothing made.
    pub fn new(engines: Vec<Engine>) -> Self {
        Self { engines, made: Mutex::default() }
    }

    /// The module of `manifest`, ready to be replayed. Its bytes are asked for only if it was not
    /// made before, and must have `digest`.
    pub fn ready(
        &self,
        digest: ModuleDigest,
        manifest: &Manifest,
        bytes: impl FnOnce() -> Result<Vec<u8>, CommandError>,
    ) -> Result<Ready, CommandError> {
        let key = (digest, manifest.digest());
        let slot = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = { slot }.entry(key).or_default().clone();
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*slot {
            return Ok(ready.clone());
        }
        let module = bytes()?;
        let found = ModuleDigest::of(&module);
        if found != digest {
            let what = "the receipt";
            return Err(verify::Error::Module { what, found, expected: digest }.into());
        }
        let module = Canonical::check(module, manifest.profile())?;
        let made = self.engines.iter().map(|engine| {
            let made = Executable::prepare(engine, &module, manifest.entrypoint());
            (engine.clone(), made.map_err(Arc::new))
        });
        let ready: Ready = Arc::new(made.collect());
        *slot = Some(ready.clone());
        Ok(ready)
    }
}
