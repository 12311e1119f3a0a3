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
        /// Name of the reason.
        reason: &'static str,
        /// The whole message.
        message: String,
    },
}

impl Outcome {
    /// Name of the reason.
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
            let after = build(&module, nan_alone(), &threads.many);
            untouched::check(&built, &after.map_err(|error| error.to_string())?)?;
        }
        holds(&built, profile, threads).map_err(|broken| what(&broken))?;
        checker(source, built, profile).map_err(|broken| what(&broken))?;
    }
    let [canonical, portable] = sizes;
    Ok(Outcome::Forms { canonical, portable })
}

fn nan_alone() -> Profile {
    let others = Pass::ALL.into_iter().filter(|pass| *pass != Pass::Nan);
    others.fold(Profile::PORTABLE, Profile::without)
}

fn build(module: &Module, profile: Profile, threads: &ThreadPool) -> Result<Vec<u8>, Error> {
    let note = SourceNote { name: "module.wasm", command: &[] };
    let built = threads.install(|| Canonical::build(module, profile, &note))?;
    Ok(built.canonical.into_bytes())
}

/// A refusal must say where, inside of the module.
fn refusal(error: &Error, bytes: usize) -> Result<Outcome, String> {
    let message = error.to_string();
    let digits = message.split("byte ").nth(1).unwrap_or_default();
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    match digits.parse::<usize>() {
        Ok(offset) if offset <= bytes => {
            Ok(Outcome::Refused { reason: error.reason().name(), message })
        }
        _ => Err(format!("refused without an offset in the module: {message}")),
    }
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
    let name = b"\x10provenact:stack\x03";
    module.windows(name.len()).any(|window| window == name)
}

/// The checker accepts the output, and the input only if it is the output.
fn checker(source: &[u8], built: Vec<u8>, profile: Profile) -> Result<(), String> {
    let unchanged = source == built;
    match Canonical::check(source.to_vec(), profile) {
        Ok(_) if unchanged => {}
        Ok(_) if profile == Profile::CANONICAL => {
            return Err("the checker takes the input, which is not canonical".to_owned());
        }
        // Canonical already, and portable without a change that the checker could miss.
        Ok(_) => return Err("the checker takes the input, which the writer changed".to_owned()),
        Err(error) if unchanged => return Err(format!("the checker refuses its input: {error}")),
        Err(error) => {
            refusal(&error, source.len())?;
        }
    }
    Canonical::check(built, profile).map(drop).map_err(|error| error.to_string())
}
