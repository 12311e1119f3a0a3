//! Pointers, lengths and counts that lie, in every call that has some: found in the host function table.

use super::caller::{DATA, Input, MEMORY, RESULT, plain, stream};
use super::place::{Prison, outcome};
use super::table::Table;
use provenact::abi::{FUNCTIONS, Function, Role};

const CAPS: &str = "--cap fs.read=/d --cap fs.write=/d";
const GRANTS: &str = "--dir d::/d --allow time,random";

const LAST: u64 = MEMORY as u64 - 1;
const END: u64 = MEMORY as u64;
const TOP: u64 = u32::MAX as u64;

/// Whether a parameter points into memory.
fn is_pointer(role: Role) -> bool {
    matches!(role, Role::Reads(..) | Role::Writes(..) | Role::ReadsVec(_) | Role::WritesVec(..))
}

/// Which values every pointer gets, and which every length.
const LIES: &[(&str, Option<u64>, Option<u64>)] = &[
    ("the last byte", Some(LAST), Some(16)),
    ("the end", Some(END), Some(0)),
    ("the end, one byte", Some(END), Some(1)),
    ("past the end", Some(END + 4096), Some(16)),
    ("the top", Some(TOP), Some(1)),
    ("near the top, over it", Some(TOP - 7), Some(64)),
    ("near the top, longest", Some(TOP - 7), Some(TOP)),
    ("null, longest", Some(0), Some(TOP)),
    ("in memory, longest", None, Some(TOP)),
    ("in memory, half of all", None, Some(1 << 31)),
    ("in memory, all of it and one", None, Some(END + 1)),
    ("in memory, times 8 wraps", None, Some(1 << 29)),
    ("odd", Some(RESULT as u64 + 1), Some(3)),
];

fn lie(row: &Function, pointer: Option<u64>, length: Option<u64>) -> Input {
    let mut args = plain(row);
    for (arg, param) in args.iter_mut().zip(row.params) {
        match param.role {
            Role::Size => *arg = length.unwrap_or(*arg),
            role if is_pointer(role) => *arg = pointer.unwrap_or(*arg),
            // Standard output and input are there to be written and read.
            Role::Fd if !row.name.starts_with("path_") => {
                *arg = stream(row);
            }
            _ => {}
        }
    }
    Input { args, data: b"file".to_vec() }
}

#[test]
fn no_pointer_leads_out_of_memory() {
    let mut table = Table::default();
    let prison = Prison::new();
    let rows = FUNCTIONS.iter().filter(|row| row.params.iter().any(|p| is_pointer(p.role)));
    for row in rows {
        let skill = prison.caller(row, CAPS);
        for (name, pointer, length) in LIES {
            prison.reset();
            let ended = prison.run_and_replay(&skill, GRANTS, &lie(row, *pointer, *length).bytes());
            let case = format!("{} {name}", row.name);
            prison.check(&case, &ended);
            table.enter(&case, outcome(&ended));
        }
    }
    table.agrees("pointers");
}

/// A list of (address, length) pairs.
fn iovecs(pairs: &[(u32, u32)]) -> Vec<u8> {
    pairs.iter().flat_map(|(at, len)| [at.to_le_bytes(), len.to_le_bytes()].concat()).collect()
}

/// Vectors of buffers: many, over one another, over their own list, over the result.
#[test]
fn vectors_of_buffers_may_lie_over_one_another() {
    let mut table = Table::default();
    let prison = Prison::new();
    let all = MEMORY - 8;
    let vectors: &[(&str, Vec<u8>, u64, u32)] = &[
        ("one, all of memory", iovecs(&[(0, MEMORY)]), 1, RESULT),
        ("one, all of memory and one", iovecs(&[(0, MEMORY + 1)]), 1, RESULT),
        ("one, to the top", iovecs(&[(1, u32::MAX)]), 1, RESULT),
        ("one, over the top", iovecs(&[(u32::MAX, u32::MAX)]), 1, RESULT),
        ("two, the same", iovecs(&[(RESULT, 64), (RESULT, 64)]), 2, 16),
        ("one, over its own list", iovecs(&[(DATA, 64)]), 1, 16),
        ("one, over the result", iovecs(&[(RESULT, 64)]), 1, RESULT),
        ("one, over the end of the result", iovecs(&[(RESULT + 3, 64)]), 1, RESULT),
        ("the result over the list", iovecs(&[(RESULT, 8)]), 1, DATA),
        ("the result over the length", iovecs(&[(RESULT, 8)]), 1, DATA + 4),
        ("empty ones, then one over the top", iovecs(&[(0, 0), (0, 0), (u32::MAX, 2)]), 3, RESULT),
        ("one good, then one bad", iovecs(&[(RESULT, 8), (u32::MAX, 2)]), 2, 16),
        ("lengths that wrap", iovecs(&[(0, all), (0, all), (0, all)]), 3, RESULT),
        ("a list that runs out of memory", iovecs(&[(RESULT, 8)]), 30_000, 16),
        ("2^29 buffers", iovecs(&[(RESULT, 8)]), 1 << 29, 16),
        ("2^32 - 1 buffers", iovecs(&[(RESULT, 8)]), TOP, 16),
        ("none", Vec::new(), 0, RESULT),
    ];
    for row in FUNCTIONS {
        let is_vector = |role| matches!(role, Role::ReadsVec(_) | Role::WritesVec(..));
        let Some(list) = row.params.iter().position(|p| is_vector(p.role)) else { continue };
        let skill = prison.caller(row, CAPS);
        for (name, data, count, result) in vectors {
            let mut args = plain(row);
            args[0] = stream(row);
            args[list + 1] = *count;
            *args.last_mut().unwrap() = u64::from(*result);
            let input = Input { args, data: data.clone() };
            let ended = prison.run_and_replay(&skill, GRANTS, &input.bytes());
            let case = format!("{} {name}", row.name);
            prison.check(&case, &ended);
            table.enter(&case, outcome(&ended));
        }
    }
    table.agrees("vectors");
}
