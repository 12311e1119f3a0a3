//! What recording and replaying cost, in whole processes: `provenact run` and `provenact replay`
//! beside plain Wasmtime on the same canonical bytes, and `provenact verify` by itself.
//!
//! `cargo bench --bench whole_process [-- [--rounds N] [PROGRAM…]]` makes its own inputs below
//! `target/tmp`, warms every side up once (both caches of compiled code are full then), takes the
//! sides in turn N times (5 unless told) and prints a table. Times are those of bash's `time`: wall
//! clock, user and system, in milliseconds. Nothing is left behind.

mod guests;
mod measure;
mod peer;
mod table;

use guests::{Data, Guest};
use measure::{Sample, Side};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use table::Table;

/// The program under test.
const PROVENACT: &str = env!("CARGO_BIN_EXE_provenact");
/// The first argument of the process that is the peer.
const PEER: &str = "peer";
/// The first argument of the process that stands for a source slower than memory.
const SOURCE: &str = "source";
/// Processes behind one sample of `verify`, which are too short to be timed one by one.
const VERIFICATIONS: u32 = 20;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let done = match args.first().map(String::as_str) {
        Some(PEER) => peer::run(&args[1..]),
        Some(SOURCE) => guests::source(),
        _ => options(&mut args).and_then(|rounds| bench(rounds, &args)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            table::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Takes `--rounds N` out of `args`; what is left names programs.
fn options(args: &mut Vec<String>) -> Result<usize> {
    let Some(at) = args.iter().position(|arg| arg == "--rounds") else { return Ok(5) };
    let rounds = args.get(at + 1).ok_or("--rounds needs a number")?.parse()?;
    args.drain(at..at + 2);
    if rounds == 0 { Err("--rounds needs a number above 0".into()) } else { Ok(rounds) }
}

fn bench(rounds: usize, only: &[String]) -> Result<()> {
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| name.contains(one.as_str()));
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let desk = Desk::set_up(place.path())?;
    let mut table = Table::new();
    if wanted("cpu") {
        table.sides("cpu", &desk.sides(&Guest::cpu(), rounds)?, [1.05, 1.05], None);
    }
    if wanted("clock") {
        table.sides("clock ×3M", &desk.sides(&Guest::clock(), rounds)?, [1.3, 1.05], None);
    }
    for data in [Data::Text, Data::Random, Data::Mixed] {
        if wanted(&format!("read {}", data.name())) || wanted("open") {
            data.write(&desk.data)?;
        }
        if wanted(&format!("read {}", data.name())) {
            let samples = desk.sides(&Guest::reader(), rounds)?;
            let name = format!("read {}", data.name());
            table.sides(&name, &samples, [f64::INFINITY, 1.05], Some(guests::FILE_BYTES));
        }
    }
    if wanted("open") {
        let samples = desk.sides(&Guest::opener(), rounds)?;
        table.sides("open ×20k", &samples, [f64::INFINITY, 0.5], None);
    }
    if wanted("pipe") {
        let samples = desk.sides(&Guest::piped(), rounds)?;
        let name = format!("pipe {} MB/s", guests::SOURCE_RATE >> 20);
        table.sides(&name, &samples, [f64::INFINITY, 0.5], Some(guests::SOURCE_BYTES));
    }
    if wanted("sleep") {
        let samples = desk.sides(&Guest::sleeper(), rounds)?;
        table.sides("sleep 1 s", &samples, [f64::INFINITY, 0.5], None);
    }
    if wanted("state") {
        let small = desk.sides(&Guest::state("page", 1), rounds)?;
        let sides = desk.sides(&Guest::state("state", 64 << 4), rounds)?;
        table.sides("state 64 MiB", &sides, [f64::INFINITY; 2], None);
        table.beyond("64 MiB", "64 KiB", [&sides, &small], 50.0);
    }
    if wanted("verify") {
        table.verify(&desk.verifications(rounds)?, 15.0);
    }
    table.print(rounds);
    Ok(())
}

/// A folder with keys, caches and a data directory for the guests.
struct Desk {
    folder: PathBuf,
    /// What the guests see as `/data`.
    data: PathBuf,
}

impl Desk {
    fn set_up(folder: &Path) -> Result<Self> {
        let desk = Self { folder: folder.to_path_buf(), data: folder.join("data") };
        fs_err::create_dir(&desk.data)?;
        for name in ["author", "operator"] {
            desk.must(&["keygen", "-o", name])?;
        }
        Ok(desk)
    }

    /// Builds and attests a guest.
    fn skill(&self, guest: &Guest) -> Result<()> {
        let module = format!("{}.wasm", guest.name);
        let skill = format!("{}.skill", guest.name);
        fs_err::write(self.folder.join(&module), wat::parse_str(&guest.text)?)?;
        let mut build = vec!["build", &module, "-o", &skill, "--force"];
        if guest.reads {
            build.extend(["--cap", "fs.read=/data"]);
        } else {
            build.extend(["--deny", "fs.read"]);
        }
        build.extend(["--deny", "fs.write"]);
        self.must(&build)?;
        self.must(&["attest", &skill, "--key", "author.key.pem"])
    }

    /// Samples of the peer, of `run` and of `replay`, taken in turn.
    fn sides(&self, guest: &Guest, rounds: usize) -> Result<[Vec<Sample>; 3]> {
        self.skill(guest)?;
        let skill = format!("{}.skill", guest.name);
        let directory = format!("{}::/data", self.data.display());

        let mut peer = Command::new(std::env::current_exe()?);
        peer.args([PEER, "peer-cache", &format!("{skill}/skill.wasm")]);
        let mut run = self.provenact();
        run.args(["run", "--quiet", "--force", "--pub", "author.pub.pem"]);
        run.args(["--key", "operator.key.pem"]);
        if guest.reads {
            peer.arg(&directory);
            run.args(["--dir-ro", &directory]);
        }
        run.args(["--allow", guest.allow, &skill]);
        let mut replay = self.provenact();
        replay.args(["replay", "receipt.json", "--pub", "operator.pub.pem"]);

        let sides = [peer, run, replay].map(|command| Side::new(command, &self.folder, 1));
        let sides = if guest.is_piped { sides.map(|side| side.fed_by(SOURCE)) } else { sides };
        measure::in_turn(sides, rounds)
    }

    fn verifications(&self, rounds: usize) -> Result<Vec<Sample>> {
        let guest = Guest::megabyte();
        self.skill(&guest)?;
        let mut verify = self.provenact();
        verify.args(["verify", &format!("{}.skill", guest.name), "--pub", "author.pub.pem"]);
        let [samples] = measure::in_turn([Side::new(verify, &self.folder, VERIFICATIONS)], rounds)?;
        Ok(samples)
    }

    /// `provenact`, with this folder for a home and nothing of the user's.
    fn provenact(&self) -> Command {
        let mut command = Command::new(PROVENACT);
        command.env("XDG_CACHE_HOME", self.folder.join("cache"));
        command.env("XDG_CONFIG_HOME", self.folder.join("config"));
        command
    }

    fn must(&self, args: &[&str]) -> Result<()> {
        let output = self.provenact().args(args).current_dir(&self.folder).output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("provenact {args:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }
}
