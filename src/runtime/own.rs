//! Host functions that are our own: AssemblyScript's runtime imports.

use super::act::Act;
use super::call::{Call, InvocationSizes};
use crate::abi::{self, show};
use std::fmt::Write as _;
use std::io::Write as _;
use wasmtime_wasi::p1::WasiP1Ctx;
use wiggle::GuestMemory;

/// `env.seed() -> f64`: a random float in 1..2, all 52 bits of its fraction random.
pub(super) fn seed(_: &mut WasiP1Ctx, _: &mut GuestMemory<'_>, _: &[u64]) -> wasmtime::Result<u64> {
    let mut bytes = [0; 8];
    #[expect(clippy::disallowed_methods, reason = "the live host is where randomness enters")]
    getrandom::fill(&mut bytes).map_err(|e| wasmtime::format_err!("no randomness: {e}"))?;
    Ok(u64::from_le_bytes(bytes) >> 12 | 1.0_f64.to_bits())
}

/// `env.trace(message, n, a0..a4)`: a line on standard error, as AssemblyScript's loader prints it.
pub(super) fn trace(
    _: &mut WasiP1Ctx,
    memory: &mut GuestMemory<'_>,
    params: &[u64],
) -> wasmtime::Result<u64> {
    let GuestMemory::Unshared(memory) = memory else {
        wasmtime::bail!("shared memory");
    };
    let Some(row) = abi::lookup("env", "trace") else {
        wasmtime::bail!("env.trace is not in the table");
    };
    let call = Call::resolve(0, (row, Act::of(row)), params, memory, &InvocationSizes::default());
    std::io::stderr().write_all(trace_line(&call, call.read_bytes(0, memory)).as_bytes())?;
    Ok(0)
}

/// The line that `env.trace` prints for `message` (UTF-16).
pub(super) fn trace_line(call: &Call, message: &[u8]) -> String {
    let mut line = format!("trace: {}", show::utf16(message));
    let shown = usize::try_from(call.arg(1)).unwrap_or(usize::MAX).min(5);
    for (at, bits) in call.args().iter().skip(2).take(shown).enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(line, "{comma} {}", f64::from_bits(*bits));
    }
    line.push('\n');
    line
}
