//! The `provenact` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    provenact::cli::main(std::env::args_os())
}
