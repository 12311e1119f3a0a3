//! The host that every engine offers: functions that answer the same to the same call number and
//! note what they were asked, and one that enters the module again.

use super::rng::{Rng, mix};
use super::seen::{GaveUp, Type, Value};

/// Import module of the functions with a meaning.
pub const HOST: &str = "host";
/// `(param i32) (result i32)`: calls the export [`REENTRY`] of the caller, three levels deep.
pub const REENTER: &str = "reenter";
/// What [`REENTER`] calls, of the same type.
pub const REENTRY: &str = "reentry";
/// Levels of entering again.
const LEVELS: u32 = 3;
/// Greatest size of one memory in bytes; growth beyond is a matter of the host.
pub const MEMORY: usize = 64 << 20;
/// Greatest number of elements of one table.
pub const TABLE: usize = 200_000;

/// Data of a store, in wasmtime and wasmi alike.
#[derive(Default)]
pub struct Host {
    /// Calls of host functions and a digest of what they were given.
    pub log: (u64, u64),
    /// Set when growth was refused that the module's own limits would allow.
    pub gave_up: Option<GaveUp>,
    level: u32,
}

impl Host {
    /// Notes a call of the import number `import`; its results.
    pub fn call(&mut self, import: u64, args: &[Value], results: &[Type]) -> Vec<Value> {
        let (count, digest) = self.log;
        let noted = args.iter().fold(mix(digest ^ import), |digest, arg| mix(digest ^ bits(*arg)));
        self.log = (count + 1, noted);
        let mut rng = Rng::new(count ^ import << 40);
        results.iter().map(|ty| Value::special(*ty, &mut rng)).collect()
    }

    /// Whether [`REENTER`] may enter again.
    pub fn enter(&mut self) -> bool {
        self.level += 1;
        self.level <= LEVELS
    }

    pub fn leave(&mut self) {
        self.level -= 1;
    }

    /// Whether a memory may grow to `desired` bytes.
    pub fn memory(&mut self, desired: usize, maximum: Option<usize>) -> bool {
        self.limit(desired, maximum, MEMORY)
    }

    /// Whether a table may grow to `desired` elements.
    pub fn table(&mut self, desired: usize, maximum: Option<usize>) -> bool {
        self.limit(desired, maximum, TABLE)
    }

    fn limit(&mut self, desired: usize, maximum: Option<usize>, limit: usize) -> bool {
        if desired <= limit {
            return true;
        }
        if maximum.is_none_or(|maximum| desired <= maximum) {
            self.gave_up = Some(GaveUp::Growth);
        }
        false
    }
}

fn bits(value: Value) -> u64 {
    let (tag, bits) = match value {
        Value::I32(bits) => (1, u128::from(bits)),
        Value::I64(bits) => (2, u128::from(bits)),
        Value::F32(bits) => (3, u128::from(bits)),
        Value::F64(bits) => (4, u128::from(bits)),
        Value::V128(bits) => (5, bits),
        Value::Null => (6, 0),
        Value::NonNull => (6, 1),
    };
    let halves = [bits as u64, (bits >> 64) as u64];
    halves.into_iter().fold(tag, |digest, half| mix(digest ^ mix(half)))
}

/// The value that an imported global of type `ty` has.
pub fn global(ty: Type, number: u64) -> Value {
    Value::special(ty, &mut Rng::new(0x5eed ^ number))
}
