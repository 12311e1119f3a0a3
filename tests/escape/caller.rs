//! Guests that make one host call with arguments and memory that come on standard input: one guest for
//! each row of the host function table.

use super::place::Prison;
use provenact::abi::{Function, Gives, Length, Param, Role, ValType};
use std::fmt::Write as _;

/// Where the arguments of the call stand, eight bytes each, and the data after them.
pub const ARGS: u32 = 0x8000;
/// Where the data stands.
pub const DATA: u32 = ARGS + 8 * 16;
/// Bytes of arguments and data at most: what comes after them on standard input is left to be read.
pub const INPUT: u32 = 0x4000;
/// Where results go.
pub const RESULT: u32 = 0x100;
/// Bytes of memory that the guest has.
pub const MEMORY: u32 = 4 << 16;

/// Arguments of a call, and what stands in memory.
#[derive(Clone, Default)]
pub struct Input {
    pub args: Vec<u64>,
    pub data: Vec<u8>,
}

impl Input {
    /// What goes to standard input.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; (DATA - ARGS) as usize];
        for (slot, arg) in bytes.chunks_exact_mut(8).zip(&self.args) {
            slot.copy_from_slice(&arg.to_le_bytes());
        }
        bytes.extend(&self.data);
        assert!(bytes.len() <= INPUT as usize, "{}", bytes.len());
        bytes.resize(INPUT as usize, 0);
        bytes.extend([b'x'; 4096]);
        bytes
    }
}

/// A guest that calls `row` and exits with its errno. What `path_open` opened is read and printed; what
/// `path_filestat_get` found is told by its type: 100 more than that.
fn guest(row: &Function, has_directory: bool) -> String {
    let ty = |ty| match ty {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        ValType::F64 => "f64",
    };
    let params: Vec<&str> = row.params.iter().map(|param| ty(param.ty)).collect();
    let result = row.result().map_or(String::new(), |result| format!("(result {})", ty(result)));
    let mut call = "(call $it".to_owned();
    for (at, param) in params.iter().enumerate() {
        let _ = write!(call, " ({param}.load (i32.const {}))", ARGS + 8 * at as u32);
    }
    call += ")";
    let call = match row.gives {
        Gives::Errno => format!("(local.set $errno {call})"),
        Gives::Count => format!("(local.set $errno {call})"),
        Gives::Bits64 | Gives::Seconds => format!("(drop {call})"),
        Gives::Nothing | Gives::Never => call,
    };
    let then = match row.name {
        "path_open" => {
            "(if (i32.eqz (local.get $errno)) (then
          (drop (call $read (i32.load (i32.const 0x100)) (i32.const 16) (i32.const 1) (i32.const 24)))
          (i32.store (i32.const 20) (i32.load (i32.const 24)))
          (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 28)))))"
        }
        "path_filestat_get" => {
            "(if (i32.eqz (local.get $errno)) (then
          (local.set $errno (i32.add (i32.const 100) (i32.load8_u (i32.const 0x110))))))"
        }
        // What was delivered is printed; 1 is that the call failed.
        _ if row.gives == Gives::Count => {
            "(if (i32.lt_s (local.get $errno) (i32.const 0)) (then (call $exit (i32.const 1))))
        (i32.store (i32.const 20) (local.get $errno))
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 28)))
        (local.set $errno (i32.const 0))"
        }
        _ => "",
    };
    // Positions are of files: descriptor 4 is one.
    let first = if has_directory && matches!(row.name, "fd_pread" | "fd_pwrite") {
        "(drop (call $open (i32.const 3) (i32.const 0) (i32.const 48) (i32.const 4) (i32.const 0)
          (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 24)))"
    } else {
        ""
    };
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "{module}" "{name}" (func $it (param {params}) {result}))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 0) "\00\80\00\00\00\40\00\00")
  (data (i32.const 48) "file")
  (data (i32.const 16) "\00{printed}\00\00\00\01\00\00")
  (func (export "_start") (local $errno i32)
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    {first}
    {call}
    {then}
    (call $exit (local.get $errno))))"#,
        module = row.module,
        name = row.name,
        params = params.join(" "),
        // Where the bytes stand that are printed: what was read from a descriptor, or a result.
        printed = if row.gives == Gives::Count { "\\01" } else { "\\02" },
    )
}

/// `fstflags`: both times are now.
const NOW: u64 = 1 << 1 | 1 << 3;

/// Arguments that make sense: the granted directory, results at [`RESULT`], everything else 0.
pub fn plain(row: &Function) -> Vec<u64> {
    let mut results = (RESULT..).step_by(64);
    let value = |param: &Param| match param.role {
        // Without it nothing is set, and nobody looks at the path.
        Role::Value(_) if param.name == "fst_flags" => NOW,
        Role::Fd => 3,
        Role::Writes(..) => results.next().unwrap().into(),
        Role::Reads(..) | Role::ReadsVec(_) | Role::WritesVec(..) => u64::from(DATA),
        Role::Value(_) | Role::Size => 0,
    };
    let mut args: Vec<u64> = row.params.iter().map(value).collect();
    for param in row.params.iter().filter(|_| row.gives == Gives::Count) {
        // Room for what the call delivers.
        if let Role::Writes(Length::Param(at), ..) = param.role {
            args[at] = 0x1000;
        }
    }
    args
}

/// The descriptor of something that `row` can read or write.
pub fn stream(row: &Function) -> u64 {
    match row.name {
        "fd_pread" | "fd_pwrite" => 4,
        name => u64::from(name.contains("write")),
    }
}

impl Prison {
    /// Builds the guest of `row`; its name.
    pub fn caller(&self, row: &Function, caps: &str) -> String {
        let name = row.name.replace('_', "-");
        self.build(&name, &wat::parse_str(guest(row, !caps.is_empty())).unwrap(), caps).status(0);
        name
    }
}
