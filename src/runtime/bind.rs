//! The host function table, bound: once to the linker, once to wasmtime-wasi.
//!
//! Both are expansions of `abi`'s rows, so a row that has no implementation, or one of another
//! type, does not compile.

use super::on_wasmtime::State;
use super::own;
use crate::abi::{FORMER_NAME, Function, for_each_host_function};
use wasmtime::{Caller, Extern, Linker, Memory};
use wasmtime_wasi::p1::{WasiP1Ctx, wasi_snapshot_preview1 as preview1};
use wasmtime_wasi::runtime::in_tokio;
use wiggle::GuestMemory;

/// Who answers calls of a host function, live.
#[derive(Clone, Copy)]
pub(super) enum Live {
    /// A function: parameters in, raw bits of the result out.
    Wasi(fn(&mut WasiP1Ctx, &mut GuestMemory<'_>, &[u64]) -> wasmtime::Result<u64>),
    /// The `provenact` interface.
    Skill,
}

macro_rules! bits {
    (i32, $value:expr) => {
        u64::from($value as u32)
    };
    (i64, $value:expr) => {
        $value as u64
    };
    (f64, $value:expr) => {
        $value.to_bits()
    };
}

macro_rules! value {
    (i32, $bits:expr) => {
        $bits as u32 as i32
    };
    (i64, $bits:expr) => {
        $bits as i64
    };
    (f64, $bits:expr) => {
        f64::from_bits($bits)
    };
}

macro_rules! result {
    (Errno) => {
        i32
    };
    (Count) => {
        i32
    };
    (Seconds) => {
        i64
    };
    (Bits64) => {
        f64
    };
    (Nothing) => {
        ()
    };
    (Never) => {
        ()
    };
}

macro_rules! give {
    (Errno, $bits:expr) => {
        $bits as u32 as i32
    };
    (Count, $bits:expr) => {
        $bits as u32 as i32
    };
    (Seconds, $bits:expr) => {
        $bits as i64
    };
    (Bits64, $bits:expr) => {
        f64::from_bits($bits)
    };
    (Nothing, $bits:expr) => {{
        let _: u64 = $bits;
    }};
    (Never, $bits:expr) => {{
        let _: u64 = $bits;
    }};
}

macro_rules! live {
    (wasi, $name:ident, $($param:ident: $ty:ident),*) => {
        Some(Live::Wasi(|context, memory, params| {
            let mut at = 0..;
            let mut next = || at.next().and_then(|at: usize| params.get(at)).copied().unwrap_or_default();
            $(let $param = value!($ty, next());)*
            let _ = &mut next;
            Ok(u64::from(preview1::$name(context, memory, $($param),*)? as u32))
        }))
    };
    (wasi_async, $name:ident, $($param:ident: $ty:ident),*) => {
        Some(Live::Wasi(|context, memory, params| {
            let mut at = 0..;
            let mut next = || at.next().and_then(|at: usize| params.get(at)).copied().unwrap_or_default();
            $(let $param = value!($ty, next());)*
            let _ = &mut next;
            Ok(u64::from(in_tokio(preview1::$name(context, memory, $($param),*))? as u32))
        }))
    };
    (own, $name:ident, $($rest:tt)*) => {
        Some(Live::Wasi(own::$name))
    };
    (skill, $name:ident, $($rest:tt)*) => {
        Some(Live::Skill)
    };
    (seam, $name:ident, $($rest:tt)*) => {
        None
    };
}

macro_rules! bindings {
    ($($module:literal { $(
        $kind:ident $name:ident($($param:ident: $ty:ident = $role:ident $(($($of:tt)*))?),*) -> $gives:ident $(fails $fails:ident)?, $need:expr;
    )* })*) => {
        /// Defines `row` in `linker` as the module's host function number `function`.
        ///
        /// # Errors
        /// When the linker refuses the definition.
        pub(super) fn define(
            linker: &mut Linker<State>,
            function: usize,
            row: &Function,
        ) -> wasmtime::Result<()> {
            match (row.module, row.name) {
                $($(
                    ($module, stringify!($name)) => {
                        let called = move |caller: Caller<'_, State>, $($param: $ty),*| -> wasmtime::Result<result!($gives)> {
                            let bits = through_seam(caller, function, &[$(bits!($ty, $param)),*])?;
                            Ok(give!($gives, bits))
                        };
                        linker.func_wrap($module, stringify!($name), called)?;
                        if $module == "provenact" {
                            linker.func_wrap(FORMER_NAME, stringify!($name), called)?;
                        }
                    }
                )*)*
                _ => wasmtime::bail!("{}.{} has no binding", row.module, row.name),
            }
            Ok(())
        }

        /// The live implementation of `row`; `None` for calls that the seam decides by itself.
        pub(super) fn live(row: &Function) -> Option<Live> {
            match (row.module, row.name) {
                $($(($module, stringify!($name)) => live!($kind, $name, $($param: $ty),*),)*)*
                _ => None,
            }
        }
    };
}
for_each_host_function!(bindings);

/// Hands a call over to the seam, with the guest's memory.
#[inline]
fn through_seam(
    mut caller: Caller<'_, State>,
    function: usize,
    params: &[u64],
) -> wasmtime::Result<u64> {
    match memory(&mut caller) {
        Some(memory) => {
            let (bytes, state) = memory.data_and_store_mut(&mut caller);
            Ok(state.seam.call(function, params, bytes)?)
        }
        None => Ok(caller.data_mut().seam.call(function, params, &mut [])?),
    }
}

/// The memory that the interfaces speak of: the export named `memory`. It is looked up once.
#[inline]
fn memory(caller: &mut Caller<'_, State>) -> Option<Memory> {
    if let Some(found) = caller.data().memory {
        return found;
    }
    let found = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Some(memory),
        _ => None,
    };
    caller.data_mut().memory = Some(found);
    found
}
