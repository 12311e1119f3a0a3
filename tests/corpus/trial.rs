//! What one module must do.

use super::untouched;
use provenact::profile::{Pass, Profile};
use provenact::wasm::{Canonical, Error, Module, SourceNote};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// How a trial ended well.
pub enum Outcome {
    /// Both forms hold.
    Forms {
        /// Bytes of the canonical form.
        canonical: usize,
        /// Bytes of the portable form.
        portable: usize,
    },
    /// There is no form of it.
    Refused {
        /// Which of the listed reasons.
        reason: &'static str,
        /// The whole message.
        message: String,
    },
}

impl Outcome {
    /// Which of the listed reasons.
    pub fn refused(&self) -> Option<&'static str> {
        match self {
            Self::Forms { .. } => None,
            Self::Refused { reason, .. } => Some(reason),
        }
    }
}

/// One thread, and more threads than processors.
pub struct Threads {
    one: ThreadPool,
    many: ThreadPool,
}

impl Threads {
    pub fn new() -> Self {
        let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        Self { one: pool(1), many: pool(5) }
    }
}

/// Takes a module through both profiles; an error says which promise is broken.
pub fn of(source: &[u8], threads: &Threads) -> Result<Outcome, String> {
    let module = match Module::parse(source.to_vec()) {
        Ok(module) => module,
        Err(error) => return refusal(&error, source.len()),
    };
    let mut sizes = [0, 0];
    for (size, profile) in sizes.iter_mut().zip([Profile::CANONICAL, Profile::PORTABLE]) {
        let what = |what: &str| format!("{}: {what}", profile.name());
        let built = match build(&module, profile, &threads.one) {
            Ok(built) => built,
            Err(error @ Error::Reencode { .. }) => return Err(what(&error.to_string())),
            Err(error) => return refusal(&error, source.len()),
        };
        *size = built.len();
        let again = build(&module, profile, &threads.many);
        if again.as_ref() != Ok(&built) {
            return Err(what("a second run, with more threads, is not like the first"));
        }
        if profile == Profile::CANONICAL {
            nan(&module, &built, threads).map_err(|broken| format!("nan: {broken}"))?;
        }
        holds(&built, profile, threads).map_err(|broken| what(&broken))?;
        checker(source, built, profile).map_err(|broken| what(&broken))?;
    }
    let [canonical, portable] = sizes;
    Ok(Outcome::Forms { canonical, portable })
}

/// The pass that rewrites most, alone: what it makes is a fixed point of it, and functions without
/// float code stay as they are.
fn nan(module: &Module, canonical: &[u8], threads: &Threads) -> Result<(), String> {
    let others = Pass::ALL.into_iter().filter(|pass| *pass != Pass::Nan);
    let alone = others.fold(Profile::PORTABLE, Profile::without);
    let after = build(module, alone, &threads.many).map_err(|error| error.to_string())?;
    untouched::check(canonical, &after)?;
    let once = Module::parse(after.clone()).map_err(|error| error.to_string())?;
    match build(&once, alone, &threads.many) {
        Ok(twice) if twice == after => Ok(()),
        Ok(_) => Err("the output changes when the pass runs again".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn build(module: &Module, profile: Profile, threads: &ThreadPool) -> Result<Vec<u8>, Error> {
    let note = SourceNote::of("module.wasm");
    let built = threads.install(|| Canonical::build(module, profile, &note))?;
    Ok(built.canonical.into_bytes())
}

/// A refusal must be one of the listed kind, and say where, inside of the module.
fn refusal(error: &Error, bytes: usize) -> Result<Outcome, String> {
    let message = error.to_string();
    let (reason, offset) = match error {
        Error::Threads { offset, .. } => ("threads", offset),
        Error::LegacyExceptions { offset, .. } => ("legacy-exceptions", offset),
        Error::ObjectFile { offset, .. } => ("object-file", offset),
        _ => return Err(format!("refused for a reason that is not listed: {message}")),
    };
    if *offset > bytes as u64 || !message.contains(&format!("byte {offset}")) {
        return Err(format!("refused without an offset in the module: {message}"));
    }
    Ok(Outcome::Refused { reason, message })
}

/// The output is valid and a fixed point of both profiles.
fn holds(built: &[u8], profile: Profile, threads: &Threads) -> Result<(), String> {
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::WASM3)
        .validate_all(built)
        .map_err(|error| format!("the output is not valid: {error}"))?;
    let module = Module::parse(built.to_vec()).map_err(|error| error.to_string())?;
    for again in [Profile::CANONICAL, profile] {
        match build(&module, again, &threads.many) {
            Ok(bytes) if bytes == built => {}
            Ok(_) => return Err(format!("the output changes under {} again", again.name())),
            // Exports that the portable profile adds have reserved names.
            Err(Error::ReservedExport { .. })
                if profile == Profile::PORTABLE && counts_stack(built) => {}
            Err(error) => return Err(format!("the output is refused: {error}")),
        }
    }
    Ok(())
}

fn counts_stack(module: &[u8]) -> bool {
    let name = b"\x0fprovenact:stack\x03";
    module.windows(name.len()).any(|window| window == name)
}

/// The checker accepts the output, and the input only if it is the output.
fn checker(source: &[u8], built: Vec<u8>, profile: Profile) -> Result<(), String> {
    let unchanged = source == built;
    match Canonical::check(source.to_vec(), profile) {
        Ok(_) if unchanged => {}
        Ok(_) => return Err("the checker takes the input, which the writer changed".to_owned()),
        Err(error) if unchanged => return Err(format!("the checker refuses the input: {error}")),
        Err(Error::NotCanonical { offset, .. }) if offset <= source.len() as u64 => {}
        Err(error) if profile == Profile::CANONICAL => {
            return Err(format!("the checker refuses the input otherwise: {error}"));
        }
        Err(_) => {}
    }
    Canonical::check(built, profile).map(drop).map_err(|error| error.to_string())
}
