//! `new`: the beginning of a skill, with its recipe.

use super::error::CommandError;
use super::ui::Ui;
use crate::digest::ModuleDigest;
use crate::files;
use crate::profile::Profile;
use crate::reason::Reason;
use crate::skill::Manifest;
use serde::Serialize;
use std::path::PathBuf;

/// Write a small skill with its recipe
///
/// The skill reads standard input, the clock and randomness, and answers in one line. Beside it lie
/// provenact.toml, which says how it is built and by which version of which compiler, a README.md and a
/// .gitignore. `provenact build DIR --check` builds it. Names of skills are [a-z0-9][a-z0-9._-]{0,63};
/// for rust without dots, and beginning with a letter.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact new --lang c hello
  provenact new --lang rust --name hello skills/hello

Exit status:
  0 written, 2 refused or failed")]
pub struct Args {
    /// The language
    #[arg(long, value_enum, value_name = "c|rust|assemblyscript|wat", hide_possible_values = true)]
    lang: Language,
    /// Name of the skill; default: the directory's name in lower case
    #[arg(long)]
    name: Option<String>,
    /// The directory to make
    directory: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Language {
    C,
    Rust,
    #[value(name = "assemblyscript")]
    #[serde(rename = "assemblyscript")]
    AssemblyScript,
    Wat,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    directory: String,
    language: Language,
    name: String,
    files: Vec<&'static str>,
}

/// A file's name, and its text with `{{name}}` for the name of the skill.
type Template = (&'static str, &'static str);

macro_rules! templates {
    ($folder:literal: $($name:literal = $file:literal),*) => {
        &[
            (".gitignore", include_str!("new/gitignore")),
            ("README.md", include_str!(concat!("new/", $folder, "/README.md.in"))),
            ("provenact.toml", include_str!(concat!("new/", $folder, "/provenact.toml"))),
            $(($name, include_str!(concat!("new/", $folder, "/", $file)))),*
        ]
    };
}

impl Language {
    const fn templates(self) -> &'static [Template] {
        match self {
            Self::C => templates!("c": "main.c" = "main.c"),
            Self::Rust => templates!(
                "rust": "Cargo.toml" = "Cargo.toml.in", "Cargo.lock" = "Cargo.lock.in", "main.rs" = "main.rs.in"
            ),
            Self::AssemblyScript => templates!("assemblyscript": "main.ts" = "main.ts"),
            Self::Wat => templates!("wat": "main.wat" = "main.wat"),
        }
    }
}

/// Writes the directory, as a whole or not at all.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let name = name(args)?;
    let texts: Vec<(&str, String)> = (args.lang.templates().iter())
        .map(|(file, text)| (*file, text.replace("{{name}}", &name)))
        .collect();
    let list: Vec<files::DirFile<'_>> =
        (texts.iter()).map(|(file, text)| (*file, text.as_bytes(), files::MODE_FILE)).collect();
    files::write_dir_new(&args.directory, &list, false)?;
    let report = Report {
        schema: "https://opertus.systems/provenact/new/v1",
        directory: args.directory.display().to_string(),
        language: args.lang,
        name,
        files: texts.iter().map(|(file, _)| *file).collect(),
    };
    let text = format!(
        "{}: {}\nbuild it: provenact build {} --check",
        report.directory,
        report.files.join(", "),
        report.directory
    );
    ui.answer(&text, &report)?;
    Ok(0)
}

/// The name of the skill, which can stand in a manifest and in the language's own files.
fn name(args: &Args) -> Result<String, CommandError> {
    let last = args.directory.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = args.name.clone().or(last).unwrap_or_default();
    let fits = Manifest::new(
        &name,
        "0.1.0",
        "_start",
        ModuleDigest::of(b""),
        Vec::new(),
        Profile::PORTABLE,
    );
    let is_crate = !name.contains('.') && name.starts_with(|c: char| c.is_ascii_lowercase());
    if fits.is_err() || (args.lang == Language::Rust && !is_crate) {
        let message = format!("{name:?} cannot be the name of such a skill");
        return Err(CommandError::new(Reason::Usage, message).hint("give --name NAME"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Recipe;

    #[test]
    fn every_recipe_is_one_and_every_input_is_written() {
        use Language::{AssemblyScript, C, Rust, Wat};
        for language in [C, Rust, AssemblyScript, Wat] {
            let templates = language.templates();
            let text = |name: &str| templates.iter().find(|(file, _)| *file == name).unwrap().1;
            let recipe = Recipe::parse(&text("provenact.toml").replace("{{name}}", "x")).unwrap();
            assert_eq!(recipe.name, "x");
            assert!(!recipe.toolchain.is_empty());
            assert!(recipe.inputs.iter().all(|input| !text(input).is_empty()), "{language:?}");
            assert!(text("README.md").lines().count() <= 10, "{language:?}");
        }
    }
}
