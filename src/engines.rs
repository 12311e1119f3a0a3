//! The engines that can execute a module, and which of them are independent of one another.

use std::fmt;
use std::str::FromStr;

/// An engine in one configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EngineName {
    /// Wasmtime with its optimizing compiler: what `run` records with.
    Cranelift,
    /// The same, with its own canonicalization of NaNs: it shows what NaN bits leak.
    CraneliftNan,
    /// Wasmtime's compiler for a virtual machine, and its interpreter.
    Pulley,
    /// Wasmi: an interpreter of another descent.
    Wasmi,
}

/// Engines that share the code which an error could lie in. What two classes agree on, no single
/// translator or executor has made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EngineClass {
    /// One front end and one optimizer: cranelift, cranelift-nan, pulley.
    Wasmtime,
    /// A compiler and executor of its own, and an older wasmparser: wasmi.
    Wasmi,
}

impl EngineName {
    /// Every one, in the order in which they are asked.
    pub const ALL: [Self; 4] = [Self::Cranelift, Self::CraneliftNan, Self::Pulley, Self::Wasmi];

    /// The name in commands and verdicts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cranelift => "cranelift",
            Self::CraneliftNan => "cranelift-nan",
            Self::Pulley => "pulley",
            Self::Wasmi => "wasmi",
        }
    }

    /// The class that it belongs to.
    #[must_use]
    pub const fn class(self) -> EngineClass {
        match self {
            Self::Cranelift | Self::CraneliftNan | Self::Pulley => EngineClass::Wasmtime,
            Self::Wasmi => EngineClass::Wasmi,
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no engine of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engines are cranelift, cranelift-nan, pulley and wasmi")]
pub struct UnknownEngine;

impl FromStr for EngineName {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        Self::ALL.into_iter().find(|engine| engine.name() == name).ok_or(UnknownEngine)
    }
}

impl fmt::Display for EngineClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wasmtime => "wasmtime",
            Self::Wasmi => "wasmi",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_refused() {
        for engine in EngineName::ALL {
            assert_eq!(engine.name().parse(), Ok(engine));
        }
        for other in ["", "Cranelift", "all", "v8"] {
            assert_eq!(other.parse::<EngineName>(), Err(UnknownEngine), "{other}");
        }
    }
}
