//! Timing of whole processes with bash's `time`: it reads the resource usage of its children, which
//! the standard library does not offer.

use super::Result;
use std::path::Path;
use std::process::Command;

/// Runs a command `$1` times and prints wall, user and system seconds of all of it on the last
/// line; what the command says is shown when it fails.
const SCRIPT: &str = r#"
n=$1; shift
TIMEFORMAT='%3R %3U %3S'
time for ((i = 0; i < n; i++)); do
    if [ -n "${SOURCE-}" ]; then
        "$@" > said 2>&1 < <("$BENCH" "$SOURCE") || { cat said; exit 1; }
    else
        "$@" > said 2>&1 || { cat said; exit 1; }
    fi
done
"#;

/// Milliseconds of one process.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub wall: f64,
    pub user: f64,
    pub system: f64,
}

/// A command that is timed.
pub struct Side {
    command: Command,
    times: u32,
}

impl Side {
    /// `command`, run in `folder`, and `times` of it for one sample.
    pub fn new(inner: Command, folder: &Path, times: u32) -> Self {
        let mut command = Command::new("bash");
        command.current_dir(folder).env("LC_ALL", "C");
        command.args(["-c", SCRIPT, "bash", &times.to_string()]);
        command.arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        Self { command, times }
    }

    /// The same, with what this bench writes when it is started with `word` as standard input.
    pub fn fed_by(mut self, word: &str) -> Self {
        let bench = std::env::current_exe().unwrap_or_default();
        self.command.env("SOURCE", word).env("BENCH", bench);
        self
    }

    fn sample(&mut self) -> Result<Sample> {
        let output = self.command.output()?;
        let (said, times) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Err(format!("{:?}: {said}", self.command).into());
        }
        let line = times.lines().last().unwrap_or_default();
        let seconds: Vec<f64> =
            line.split(' ').map(str::parse).collect::<std::result::Result<_, _>>()?;
        let each = |at: usize| seconds.get(at).map(|s| s * 1000.0 / f64::from(self.times));
        match (each(0), each(1), each(2)) {
            (Some(wall), Some(user), Some(system)) => Ok(Sample { wall, user, system }),
            _ => Err(format!("not the three times of bash: {times}").into()),
        }
    }
}

/// `rounds` samples of each side, taken in turn, after one of each that does not count.
pub fn in_turn<const N: usize>(mut sides: [Side; N], rounds: usize) -> Result<[Vec<Sample>; N]> {
    let mut samples = std::array::from_fn(|_| Vec::new());
    for round in 0..=rounds {
        for (side, samples) in sides.iter_mut().zip(&mut samples) {
            let sample = side.sample()?;
            if round > 0 {
                samples.push(sample);
            }
        }
    }
    Ok(samples)
}

/// The median; of an even number, the mean of the two in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let at = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { at(half) } else { (at(half.wrapping_sub(1)) + at(half)) / 2.0 }
}
