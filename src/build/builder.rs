//! Runs a recipe's command: the only place that starts a process.

use super::{Error, Recipe};
use crate::files;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs the recipe's command in `directory`, where the recipe lies, and gives the path of the
/// module that it wrote. Without a command the module is expected to be there already.
///
/// The command's standard output goes to our standard error, as its own does: ours is the answer.
/// It has no standard input. Its environment is ours, nothing is scrubbed or sealed off: what the
/// command does is the author's affair, and nothing is claimed about it.
///
/// # Errors
/// When the command cannot be started, fails, or leaves no output.
pub fn run(recipe: &Recipe, directory: &Path) -> Result<PathBuf, Error> {
    let output = directory.join(&recipe.output);
    let Some((program, arguments)) = recipe.command.split_first() else {
        return Ok(output);
    };
    let status = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .map_err(|source| Error::Start { program: program.clone(), source })?;
    if !status.success() {
        return Err(Error::Failed { program: program.clone(), status });
    }
    if !files::exists(&output) {
        return Err(Error::NoOutput { program: program.clone(), output });
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(script: &str) -> Recipe {
        let text = format!(
            "[skill]\nname = 'x'\n[build]\ncommand = ['sh', '-c', '{script}']\noutput = 'out.wasm'\n"
        );
        Recipe::parse(&text).unwrap()
    }

    #[test]
    fn the_command_runs_beside_the_recipe_and_must_succeed() {
        let dir = tempfile::tempdir().unwrap();
        let output = run(&recipe("printf x > out.wasm"), dir.path()).unwrap();
        assert_eq!(fs_err::read(output).unwrap(), b"x");

        let failed = run(&recipe("exit 3"), dir.path()).unwrap_err();
        assert!(failed.to_string().contains('3'), "{failed}");
        let none = run(&recipe("rm out.wasm"), dir.path()).unwrap_err();
        assert!(matches!(none, Error::NoOutput { .. }));
        assert_eq!(none.reason().name(), "build-failed");
    }
}
