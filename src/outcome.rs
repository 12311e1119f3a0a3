//! How an execution ended: part of trace, receipt and report.
//!
//! Engine texts never get in: a trap is one of a closed list of names, so that every engine and
//! every version of it gives the same bytes.

use crate::abi::show::visible;
use crate::reason::Reason;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Highest exit status that a guest may give; those above belong to the launcher (126, 127, 134, 137).
pub const EXIT_MAX: u32 = 125;

/// How an execution ended.
///
/// In JSON an object with the member `kind`, for example `{"kind":"exited","status":3}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// The entrypoint returned.
    Returned {
        /// Its result, if its type has one.
        value: Option<i32>,
    },
    /// The guest called `proc_exit`.
    Exited {
        /// 0 to [`EXIT_MAX`].
        #[serde(deserialize_with = "own_status")]
        status: u32,
    },
    /// The guest called `proc_exit` with a status that WASI has no room for.
    ExitOutOfRange {
        /// Above [`EXIT_MAX`].
        #[serde(deserialize_with = "foreign_status")]
        status: u32,
    },
    /// The guest trapped.
    Trapped {
        /// How.
        trap: Trap,
    },
    /// The guest gave the host a pointer that leads outside its memory.
    HostFault {
        /// The function it called, as `module.name`.
        function: String,
    },
    /// A host call lay outside the effective capabilities.
    Denied {
        /// Which, and why.
        denial: Denial,
    },
    /// The execution was cut short from outside; nothing is known about how it would have ended.
    Interrupted {
        /// By what.
        cause: Interruption,
    },
}

impl Outcome {
    /// The outcome of `proc_exit(status)`.
    #[must_use]
    pub const fn exit(status: u32) -> Self {
        if status <= EXIT_MAX { Self::Exited { status } } else { Self::ExitOutOfRange { status } }
    }

    /// The reason for which this is a failure of the execution; `None` when the guest ended by
    /// itself, with whatever status.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Returned { .. } | Self::Exited { .. } => None,
            Self::ExitOutOfRange { .. } => Some(Reason::ExitOutOfRange),
            Self::Trapped { .. } => Some(Reason::GuestTrapped),
            Self::HostFault { .. } => Some(Reason::HostFault),
            Self::Denied { .. } => Some(Reason::CapabilityDenied),
            Self::Interrupted { .. } => Some(Reason::Interrupted),
        }
    }

    /// Whether the execution was cut short, so that replaying it is inconclusive.
    #[must_use]
    pub const fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }
}

/// One line for people.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned { value: None } => f.write_str("returned"),
            Self::Returned { value: Some(value) } => write!(f, "returned {value}"),
            Self::Exited { status } => write!(f, "exited with status {status}"),
            Self::ExitOutOfRange { status } => {
                write!(f, "exited with status {status}, above {EXIT_MAX}")
            }
            Self::Trapped { trap } => write!(f, "trapped: {trap}"),
            Self::HostFault { function } => {
                write!(
                    f,
                    "host fault: the host could not use an argument of {}",
                    visible(function, false)
                )
            }
            Self::Denied { denial } => write!(f, "denied: {denial}"),
            Self::Interrupted { cause } => write!(f, "interrupted: {cause}"),
        }
    }
}

/// A host call that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// The function, as `module.name`.
    pub function: String,
    /// The kind of capability it needed, for example `fs.write`, or `sock`, which is never granted.
    pub kind: String,
    /// What it wanted: a guest path, or `*`.
    pub value: String,
    /// The rule that decided, in kebab-case.
    pub rule: String,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, kind, value, rule } = self;
        let [function, kind, value, rule] =
            [function, kind, value, rule].map(|text| visible(text, false));
        write!(f, "{function} needs {kind}={value} (rule {rule})")
    }
}

/// An enum of kebab-case names: in JSON the name, for people the text.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident, $what:literal { $($variant:ident = $name:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type {$(
            #[doc = concat!("`", $name, "`: ", $text, ".")]
            $variant,
        )*}

        impl $type {
            /// Every one, in the order of the spec.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The kebab-case name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let name = String::deserialize(d)?;
                match name.as_str() {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(D::Error::custom(format_args!(concat!($what, " {:?} is unknown"), name))),
                }
            }
        }
    };
}

named! {
    /// How a guest trapped (WebAssembly specification, §4.4, and the host's `abort`).
    Trap, "trap" {
        Unreachable = "unreachable", "an unreachable instruction was executed";
        MemoryOutOfBounds = "memory-out-of-bounds", "a memory access was out of bounds";
        TableOutOfBounds = "table-out-of-bounds", "a table access was out of bounds";
        IndirectCallToNull = "indirect-call-to-null", "an indirect call met an empty table element";
        BadSignature = "bad-signature", "an indirect call met a function of another type";
        IntegerOverflow = "integer-overflow", "an integer operation overflowed";
        IntegerDivisionByZero = "integer-division-by-zero", "an integer was divided by zero";
        BadConversionToInteger = "bad-conversion-to-integer", "a float has no integer value";
        HeapMisaligned = "heap-misaligned", "an atomic access was not aligned";
        NullReference = "null-reference", "a null reference was used";
        ArrayOutOfBounds = "array-out-of-bounds", "an array access was out of bounds";
        CastFailure = "cast-failure", "a reference was cast to a type that it is not of";
        UnhandledException = "unhandled-exception", "an exception was not caught";
        Abort = "abort", "the guest called abort";
        StackLimit = "stack-limit", "calls were nested deeper than the module's profile allows";
    }
}

named! {
    /// What cut an execution short.
    Interruption, "interruption" {
        WallClock = "wall-clock", "the time was up";
        NativeStack = "native-stack", "the native stack was used up";
        HostMemory = "host-memory", "the host had no more memory";
        Signal = "signal", "a signal ended it";
        OutputFailed = "output-failed", "the recording could not be written";
        HostFailed = "host-failed", "the engine or the host failed";
        MemoryLimit = "memory-limit", "the guest's memories would have grown beyond what the run may take";
        TableLimit = "table-limit", "the guest's tables would have grown beyond what the run may take";
        FileLimit = "file-limit", "the guest would have had more files open than the run may have";
        OutputLimit = "output-limit", "more bytes would have left the guest than the run may give out";
        TraceLimit = "trace-limit", "the trace would have become longer than the run may write";
    }
}

fn own_status<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    let status = u32::deserialize(d)?;
    if status > EXIT_MAX {
        return Err(D::Error::custom(format_args!("exit status {status} is above {EXIT_MAX}")));
    }
    Ok(status)
}

fn foreign_status<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    let status = u32::deserialize(d)?;
    if status <= EXIT_MAX {
        return Err(D::Error::custom(format_args!("exit status {status} is within {EXIT_MAX}")));
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn samples() -> Vec<(Outcome, &'static str)> {
        let denial = Denial {
            function: "wasi_snapshot_preview1.path_open".into(),
            kind: "fs.write".into(),
            value: "/data/x".into(),
            rule: "not-granted".into(),
        };
        vec![
            (Outcome::Returned { value: None }, r#"{"kind":"returned","value":null}"#),
            (Outcome::Returned { value: Some(-1) }, r#"{"kind":"returned","value":-1}"#),
            (Outcome::exit(125), r#"{"kind":"exited","status":125}"#),
            (Outcome::exit(126), r#"{"kind":"exit-out-of-range","status":126}"#),
            (
                Outcome::Trapped { trap: Trap::IntegerDivisionByZero },
                r#"{"kind":"trapped","trap":"integer-division-by-zero"}"#,
            ),
            (
                Outcome::HostFault { function: "wasi_snapshot_preview1.fd_read".into() },
                r#"{"function":"wasi_snapshot_preview1.fd_read","kind":"host-fault"}"#,
            ),
            (
                Outcome::Interrupted { cause: Interruption::WallClock },
                r#"{"cause":"wall-clock","kind":"interrupted"}"#,
            ),
            (Outcome::Denied { denial }, DENIED),
        ]
    }

    const DENIED: &str = r#"{"denial":{"function":"wasi_snapshot_preview1.path_open","kind":"fs.write","rule":"not-granted","value":"/data/x"},"kind":"denied"}"#;

    #[test]
    fn json_form_round_trips() {
        for (outcome, text) in samples() {
            assert_eq!(String::from_utf8(json::to_jcs(&outcome).unwrap()).unwrap(), text);
            assert_eq!(json::from_slice::<Outcome>(text.as_bytes()).unwrap(), outcome);
            assert_eq!(outcome.to_string().lines().count(), 1);
        }
        for trap in Trap::ALL {
            let outcome = Outcome::Trapped { trap: *trap };
            let text = json::to_jcs(&outcome).unwrap();
            assert_eq!(json::from_slice::<Outcome>(&text).unwrap(), outcome);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for bad in [
            r#"{"kind":"exited","status":126}"#,
            r#"{"kind":"exit-out-of-range","status":125}"#,
            r#"{"kind":"exited","status":-1}"#,
            r#"{"kind":"exited","status":1,"more":1}"#,
            r#"{"kind":"trapped","trap":"surprise"}"#,
            r#"{"kind":"fled"}"#,
            r#"{"status":1}"#,
            r#"{"kind":"denied","denial":{"function":"f","kind":"time","value":"*","rule":"r","x":1}}"#,
        ] {
            assert!(json::from_slice::<Outcome>(bad.as_bytes()).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn only_an_end_of_its_own_is_no_failure() {
        let failures: Vec<_> = samples().iter().map(|(o, _)| o.reason().is_some()).collect();
        assert_eq!(failures, [false, false, false, true, true, true, true, true]);
    }
}
