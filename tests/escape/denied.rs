//! Every row of the host function table, called with nothing granted; and what is never granted, with
//! everything granted.

use super::caller::{DATA, Input, plain};
use super::place::{Prison, outcome};
use super::table::Table;
use provenact::abi::{FUNCTIONS, Function, Length, Need, Role, Show};

/// A call that makes sense, about a file that is there.
fn sensible(row: &Function) -> Input {
    let mut args = plain(row);
    for (at, param) in row.params.iter().enumerate() {
        if let Role::Reads(Length::Param(len), Show::Bytes) = param.role {
            (args[at], args[len]) = (DATA.into(), 4);
        }
    }
    if row.need == Need::Poll {
        // One subscription to a clock.
        args[2] = 1;
    }
    let text: &[u8] = match row.need {
        Need::ReadFile | Need::WriteFile => b"/d/file",
        Need::Fetch => b"http://127.0.0.1:9/",
        _ => return Input { args, data: b"file".to_vec() },
    };
    args[1] = text.len() as u64;
    Input { args, data: text.to_vec() }
}

/// What nothing but the row's need decides.
fn must_be_denied(row: &Function) -> bool {
    !matches!(row.need, Need::Nothing | Need::ReadFd | Need::WriteFd)
}

#[test]
fn nothing_is_granted_by_itself() {
    let mut table = Table::default();
    let prison = Prison::new();
    for row in FUNCTIONS {
        prison.reset();
        let skill = prison.caller(row, "");
        let ended = prison.run(&skill, "", &sensible(row).bytes());
        prison.check(row.name, &ended);
        let found = outcome(&ended);
        if must_be_denied(row) {
            assert_eq!(found, "refused 126 capability-denied", "{}", row.name);
        } else if matches!(row.need, Need::ReadFd | Need::WriteFd) {
            // There is no descriptor 3.
            assert_eq!(found, "exit 8", "{}", row.name);
        }
        table.enter(row.name, found);
    }
    table.agrees("nothing-granted");
}

/// Declared and not granted, and granted and not declared, is as nothing.
#[test]
fn one_side_alone_grants_nothing() {
    const CAPS: &str = "--cap fs.read=/d --cap fs.write=/d";
    const GRANTS: &str = "--dir d::/d --allow time,random";
    let prison = Prison::new();
    for row in FUNCTIONS.iter().filter(|row| must_be_denied(row)) {
        let skill = prison.caller(row, CAPS);
        let declared = prison.run(&skill, "", &sensible(row).bytes());
        prison.check(row.name, &declared);
        assert_eq!(outcome(&declared), "refused 126 capability-denied", "{}", row.name);
        if !matches!(row.need, Need::Time | Need::Realtime | Need::Random | Need::Poll) {
            fs_err::remove_dir_all(prison.path(&format!("{skill}.skill"))).unwrap();
            let skill = prison.caller(row, "");
            let granted = prison.run(&skill, GRANTS, &sensible(row).bytes());
            prison.check(row.name, &granted);
            assert_eq!(outcome(&granted), "refused 126 capability-denied", "{}", row.name);
        }
    }
}

#[test]
fn sockets_are_denied_whatever_is_granted() {
    let prison = Prison::new();
    let caps = "--cap fs.read=/d --cap fs.write=/d";
    let grants = "--dir d::/d --allow time,random";
    let rows: Vec<_> = FUNCTIONS.iter().filter(|row| row.need == Need::Sockets).collect();
    assert_eq!(rows.len(), FUNCTIONS.iter().filter(|row| row.name.starts_with("sock_")).count());
    for row in rows {
        let skill = prison.caller(row, caps);
        for fd in [0, 1, 3, 4, u64::from(u32::MAX)] {
            let mut input = sensible(row);
            input.args[0] = fd;
            let ended = prison.run(&skill, grants, &input.bytes());
            prison.check(row.name, &ended);
            assert_eq!(outcome(&ended), "refused 126 capability-denied", "{} {fd}", row.name);
            assert!(ended.err().contains("sock=*"), "{}", ended.err());
        }
    }
}
