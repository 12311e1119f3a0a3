//! Executing guests: engine, host functions, recording, replay.
//!
//! Run and replay are one [`execute`] through one [`Seam`]; only the [`Host`] behind it differs.

mod act;
mod authority;
mod bind;
mod call;
mod cause;
mod divergence;
mod effects;
mod engine;
mod error;
mod evidence;
mod execute;
mod input;
mod known;
mod live;
mod on_wasmi;
mod on_wasmtime;
mod own;
mod pool;
mod possible;
mod receipt;
mod replayer;
mod seam;
mod skill;
mod state;

pub use authority::{LEADS_UP, Root, open_at_first, roots};
pub use call::{Call, Span};
pub use cause::Cause;
pub use divergence::{AROUND, Divergence, Frame, explain};
pub use effects::Effect;
pub use engine::{Engine, Program};
pub use error::Error;
pub use evidence::{Evidence, Keep, Shared, Writer};
pub use execute::{Execution, execute, thread_for_guests};
pub use live::{LiveHost, PreopenError};
pub use receipt::receipt;
pub use replayer::{Replayer, Told};
pub use seam::{Host, Seam, Stop};
