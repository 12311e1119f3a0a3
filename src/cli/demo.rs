mod tamper;

use super::error::CommandError;
use super::ui::Ui;
use crate::build::peer;
use crate::files;
use crate::reason::Reason;
use std::path::{Path, PathBuf};

/// The demo's skill; `demo/decide.wat` is its source.
pub const DECIDE_WASM: &[u8] = include_bytes!("demo/decide.wasm");

/// Show the whole path in a minute: record, replay, tamper, be caught
///
/// Works in a new folder, which it names and keeps, and prints each command as you would type it.
/// With --format json, prints the commands' answers one after the other.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact demo
  provenact demo my-demo

Exit status:
  0 everything went as told, 2 it did not")]
pub struct Args {
    /// The new folder
    #[arg(default_value = "provenact-demo")]
    folder: PathBuf,
}

/// Plays the demo.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    files::must_not_exist(&args.folder)?;
    files::create_dir(&args.folder)?;
    let stage = Stage { ui, folder: files::absolute(&args.folder)? };
    stage.say(&format!("# Everything happens in {}", stage.folder.display()));
    stage.enter()?;
    stage.write("decide.wasm", DECIDE_WASM)?;
    files::create_dir(Path::new("data"))?;
    stage.write("data/request.txt", b"420\n")?;

    stage.say("\n# 1. The author builds a skill that reads a file, the clock and randomness, and signs it.");
    stage.ok("keygen -o author")?;
    stage.ok("build decide.wasm --cap fs.read=/data --deny fs.write -o decide.skill")?;
    stage.ok("attest decide.skill --key author.key.pem")?;

    stage.say("\n# 2. The operator runs it. Nothing is granted but what the flags say.");
    stage.ok("keygen -o operator")?;
    stage.ok("run --pub author.pub.pem --allow time,random --dir-ro data::/data --key operator.key.pem decide.skill")?;

    stage.say("\n# 3. Only the two files are kept: the auditor has no input, no module, no clock.");
    for gone in ["decide.wasm", "decide.skill", "data", "author.key.pem"] {
        files::remove(Path::new(gone))?;
    }
    stage.say("$ rm -r decide.wasm decide.skill data author.key.pem");
    stage.say(
        "#    Its replay sees the recorded second and the recorded random number, whenever it is.",
    );
    stage.ok("replay receipt.json --pub operator.pub.pem --out reproduced")?;
    stage.say("$ cat reproduced/stdout");
    let decision = files::read_limited(Path::new("reproduced/stdout"), 1 << 16)?;
    ui.bytes(&decision)?;

    stage.say("\n# 4. Someone turns \"approve\" into \"decline\" in trace and receipt,");
    stage.say("#    seals the trace anew and signs the receipt with the operator's own key.");
    tamper::approve_to_decline("receipt", "forged", Path::new("operator.key.pem"))?;
    stage.ok("verify forged.json --pub operator.pub.pem")?;
    stage.openssl()?;
    stage.say("\n# 5. The signature is valid. The replay says no, and where.");
    let status = stage.play("replay forged.json --pub operator.pub.pem")?;
    if status != 1 {
        return Err(stage.surprise("replay forged.json", status));
    }
    stage.say(&format!("(exit status {status})\n\n# Kept: {}", stage.folder.display()));
    Ok(0)
}

struct Stage {
    ui: Ui,
    folder: PathBuf,
}

impl Stage {
    /// Says something to people; in JSON only the commands' own answers stand.
    fn say(&self, line: &str) {
        if !self.ui.is_json() {
            let _ = self.ui.bytes(format!("{line}\n").as_bytes());
        }
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), CommandError> {
        Ok(files::write_new(Path::new(path), bytes, files::MODE_FILE, false)?)
    }

    /// The commands that are printed work from inside the folder.
    fn enter(&self) -> Result<(), CommandError> {
        std::env::set_current_dir(&self.folder).map_err(|error| {
            CommandError::new(Reason::FileUnreadable, format!("{}: {error}", self.folder.display()))
        })
    }

    /// Prints a command and carries it out, here in this process.
    fn play(&self, command: &str) -> Result<u8, CommandError> {
        self.say(&format!("$ provenact {command}"));
        let format = if self.ui.is_json() { "json" } else { "human" };
        let words = ["provenact", "--format", format].into_iter().chain(command.split(' '));
        Ok(super::dispatch(words.map(Into::into).collect()))
    }

    fn ok(&self, command: &str) -> Result<(), CommandError> {
        match self.play(command)? {
            0 => Ok(()),
            status => Err(self.surprise(command, status)),
        }
    }

    fn surprise(&self, command: &str, status: u8) -> CommandError {
        CommandError::new(Reason::EngineRefused, format!("provenact {command} ended with {status}"))
            .hint(format!("look into {}", self.folder.display()))
    }

    /// Lets OpenSSL check the forged receipt's signature too, when it is there.
    fn openssl(&self) -> Result<(), CommandError> {
        tamper::signature_files("forged.json", "forged.pae", "forged.sig")?;
        let command = "openssl pkeyutl -verify -pubin -inkey operator.pub.pem -rawin -in forged.pae -sigfile forged.sig";
        match peer::run(command) {
            Some((status, output)) => {
                self.say(&format!("$ {command}\n{}", output.trim_end()));
                if status == Some(0) { Ok(()) } else { Err(self.surprise(command, 1)) }
            }
            None => {
                self.say("(no OpenSSL here to check the signature a second time)");
                Ok(())
            }
        }
    }
}
