//! The directory in which compiled code is kept: whoever can write there decides what runs.

use super::common::{Ended, PROVENACT, Place, skipped};
use std::os::unix::fs::PermissionsExt as _;

const COMPILED: &str = "cache/provenact/compiled";

impl Place {
    /// A command line with the cache in this place.
    fn cached(&self, line: &str) -> Ended {
        let mut command = self.command(PROVENACT);
        command.env("XDG_CACHE_HOME", self.path("cache")).args(line.split(' '));
        Ended::of(command.output().unwrap())
    }

    /// A skill that was run once, with its receipt and with what was compiled.
    fn compiled() -> Self {
        let place = Self::new();
        place.skill("a", r#"(module (func (export "_start")))"#, "");
        place.cached("run -q --pub author.pub.pem --key operator.key.pem a.skill").status(0);
        place
    }

    /// Demands that nothing is taken from the cache, and that it can be done without.
    #[track_caller]
    fn does_without_its_cache(&self, says: &str) {
        let run = "run -q --pub author.pub.pem --no-receipt";
        self.cached(&format!("{run} a.skill")).refused(127, "cache-exposed").says(says);
        self.cached("replay receipt.json").refused(2, "cache-exposed").says(says);
        let before = self.tree();
        self.cached(&format!("{run} --no-cache a.skill")).status(0);
        self.cached("replay --no-cache receipt.json").status(0);
        assert_eq!(self.tree(), before);
    }
}

#[test]
fn compiled_code_is_kept_for_us_alone() {
    let place = Place::compiled();
    let mode = fs_err::metadata(place.path(COMPILED)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    assert!(fs_err::read_dir(place.path(COMPILED)).unwrap().next().is_some(), "nothing is kept");
    place.cached("replay receipt.json").status(0);
}

#[test]
fn a_cache_that_others_can_use_is_not_used() {
    let place = Place::compiled();
    for mode in [0o770, 0o750, 0o702, 0o701] {
        place.mode(COMPILED, mode);
        place.does_without_its_cache(&format!("others can use it (mode {mode:03o})"));
    }
    place.mode(COMPILED, 0o700);
    place.cached("replay receipt.json").status(0);
}

/// An administrator whose home folder is still that of a user.
#[test]
fn a_cache_of_another_user_is_not_used() {
    let place = Place::compiled();
    if std::os::unix::fs::chown(place.path(COMPILED), Some(12345), None).is_err() {
        return skipped("only an administrator can give a directory to another user");
    }
    place.does_without_its_cache("belongs to another user (uid 12345)");
}
