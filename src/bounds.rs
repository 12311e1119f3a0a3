//! What one run may take: one table. An operator's policy overrides each (spec/policy.md).
//!
//! Unlike `limits`, which bound what a reader of untrusted bytes takes, these bound the execution. What
//! exceeds one before the guest starts is refused; what exceeds one later interrupts the execution, so
//! that the guest never sees it.

use crate::limits;
use crate::outcome::Interruption;
use std::fmt;

macro_rules! bounds {
    ($($(#[doc = $doc:literal])+ $field:ident = $name:literal, $default:expr $(, at most $most:expr)?;)*) => {
        /// What one run may take.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Bounds {$(
            $(#[doc = $doc])+
            pub $field: u64,
        )*}

        impl Default for Bounds {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        impl Bounds {
            /// Name in policies, default and meaning of each.
            pub const TABLE: &[(&'static str, u64, &'static str)] =
                &[$(($name, $default, concat!($($doc),+).trim_ascii())),*];

            /// Sets the bound of that name.
            ///
            /// # Errors
            /// When there is none of that name, and when the value could not take effect.
            pub fn set(&mut self, name: &str, value: u64) -> Result<(), Unset> {
                match name {
                    $($name => {
                        $(if value > $most {
                            return Err(Unset::Above($most));
                        })?
                        self.$field = value;
                    })*
                    _ => return Err(Unset::Unknown),
                }
                Ok(())
            }

            /// Whether a policy could set the bound of that name higher than it is.
            #[must_use]
            pub fn can_be_raised(&self, name: &str) -> bool {
                match name {
                    $($name => true $(&& self.$field < $most)?,)*
                    _ => false,
                }
            }
        }
    };
}

bounds! {
    /// Bytes of the module; more is refused (`limit-exceeded`). A policy can only lower it.
    module_bytes = "module-bytes", limits::MODULE_BYTES, at most limits::MODULE_BYTES;
    /// Functions that the module defines; more is refused (`limit-exceeded`).
    functions = "functions", 1_000_000;
    /// Memories and tables that the module has, imported ones included; more is refused (`limit-exceeded`).
    instances = "instances", 200;
    /// Seconds that compiling the module may take; after them it is given up (`limit-exceeded`).
    compile_seconds = "compile-seconds", 300;
    /// Bytes of memory that the program may have while it compiles (Linux); then it is given up (`limit-exceeded`).
    compile_bytes = "compile-bytes", 16 << 30;
    /// Bytes of all linear memories together; more interrupts (`memory-limit`).
    memory_bytes = "memory-bytes", 4 << 30;
    /// Elements of all tables together; more interrupts (`table-limit`).
    table_elements = "table-elements", 20_000_000;
    /// Descriptors that the guest may have open, its streams and directories included; fewer than it begins with is refused (`limit-exceeded`), more interrupts (`file-limit`).
    open_files = "open-files", 1000;
    /// Bytes that may leave the guest: streams, files, output, 4096 for each call that can make a name in a directory (of `fs_write_file` for each name of its path), and where its links lead; more interrupts (`output-limit`).
    output_bytes = "output-bytes", 64 << 30;
    /// Bytes of the trace; more interrupts (`trace-limit`). A policy can only lower it.
    trace_bytes = "trace-bytes", limits::TRACE_BYTES, at most limits::TRACE_BYTES;
    /// Seconds that the execution may take; more interrupts (`wall-clock`). `--timeout` lowers it.
    wall_clock_seconds = "wall-clock-seconds", 86_400;
}

/// Bytes for which a name in a directory counts that the guest makes: a block of a file system.
pub const NAME_BYTES: u64 = 4096;

/// Why a bound was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unset {
    /// There is no bound of that name.
    #[error("there is no such limit")]
    Unknown,
    /// No reader of such files takes more.
    #[error("it cannot be more than {0}")]
    Above(u64),
}

/// Something exceeds a bound before the guest starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct Exceeded {
    /// The bound's name.
    pub name: &'static str,
    /// What was found.
    pub found: u64,
    /// What is allowed.
    pub most: u64,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, found, most } = self;
        write!(f, "{name}: {found} is more than the {most} that this run may take")
    }
}

impl Bounds {
    /// The bound that an interruption is always owed to; time can also be that of `--timeout`.
    #[must_use]
    pub const fn behind(cause: Interruption) -> Option<&'static str> {
        match cause {
            Interruption::MemoryLimit => Some("memory-bytes"),
            Interruption::TableLimit => Some("table-elements"),
            Interruption::FileLimit => Some("open-files"),
            Interruption::OutputLimit => Some("output-bytes"),
            Interruption::TraceLimit => Some("trace-bytes"),
            _ => None,
        }
    }

    /// Holds a guest to its bounds that begins with so many open descriptors.
    ///
    /// # Errors
    /// When they are too many.
    pub fn admit_open(&self, found: u64) -> Result<(), Exceeded> {
        let (name, most) = ("open-files", self.open_files);
        if found > most { Err(Exceeded { name, found, most }) } else { Ok(()) }
    }

    /// Holds a module to its bounds: its bytes, the functions it defines, its memories and tables.
    ///
    /// # Errors
    /// The first that is exceeded.
    pub fn admit(&self, bytes: u64, functions: u64, instances: u64) -> Result<(), Exceeded> {
        for (name, found, most) in [
            ("module-bytes", bytes, self.module_bytes),
            ("functions", functions, self.functions),
            ("instances", instances, self.instances),
        ] {
            if found > most {
                return Err(Exceeded { name, found, most });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_is_set_by_its_name() {
        for (name, default, meaning) in Bounds::TABLE {
            let mut bounds = Bounds::default();
            assert_eq!((bounds.set(name, *default), bounds), (Ok(()), Bounds::default()), "{name}");
            assert_eq!(bounds.can_be_raised(name), !meaning.contains("only lower"), "{name}");
            assert_eq!(bounds.set(name, default - 1), Ok(()), "{name}");
            assert!(bounds.can_be_raised(name), "{name}");
            assert_ne!(bounds, Bounds::default(), "{name}");
            let above =
                if meaning.contains("only lower") { Err(Unset::Above(*default)) } else { Ok(()) };
            assert_eq!(bounds.set(name, default + 1), above, "{name}");
            assert!(meaning.contains('`'), "{name} does not say how it ends");
        }
        assert_eq!(Bounds::default().set("memory", 1), Err(Unset::Unknown));
        let behind = Interruption::ALL.iter().filter_map(|cause| Bounds::behind(*cause));
        let named = behind.map(|name| Bounds::default().set(name, 1)).collect::<Vec<_>>();
        assert_eq!(named, [Ok(()); 5]);
    }
}
