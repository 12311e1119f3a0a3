//! What is executed: small programs and the file that one of them reads.

use super::Result;
use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

/// Bytes of the file that the reader reads.
pub const FILE_BYTES: u64 = 256 << 20;
/// Bytes of one stretch of text or of noise in a mixed file.
const STRETCH: usize = 64 << 10;

/// A program, in the text format.
pub struct Guest {
    pub name: &'static str,
    pub text: String,
    /// What `--allow` grants it.
    pub allow: &'static str,
    /// Whether it reads `/data`.
    pub reads: bool,
    /// Whether it reads standard input, from [`source`].
    pub is_piped: bool,
}

impl Guest {
    /// Integers and memory for about two seconds: sieves four million numbers and hashes the sieve,
    /// again and again. No host calls.
    pub fn cpu() -> Self {
        let text = r#"(module
          (memory (export "memory") 80)
          (global $hash (export "hash") (mut i64) (i64.const -3750763034362895579))
          (func $sieve (local $i i32) (local $j i32)
            (memory.fill (i32.const 0) (i32.const 0) (i32.const 4000000))
            (local.set $i (i32.const 2))
            (loop $next
              (if (i32.eqz (i32.load8_u (local.get $i))) (then
                (local.set $j (i32.mul (local.get $i) (local.get $i)))
                (block $out (loop $strike
                  (br_if $out (i32.ge_u (local.get $j) (i32.const 4000000)))
                  (i32.store8 (local.get $j) (i32.const 1))
                  (local.set $j (i32.add (local.get $j) (local.get $i)))
                  (br $strike)))))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $next (i32.lt_u (local.get $i) (i32.const 2000)))))
          (func $fold (local $i i32) (local $h i64)
            (local.set $h (global.get $hash))
            (loop $next
              (local.set $h (i64.mul
                (i64.xor (i64.rotl (local.get $h) (i64.const 7)) (i64.load (local.get $i)))
                (i64.const 1099511628211)))
              (i64.store (i32.add (local.get $i) (i32.const 4100000)) (local.get $h))
              (local.set $i (i32.add (local.get $i) (i32.const 8)))
              (br_if $next (i32.lt_u (local.get $i) (i32.const 1000000))))
            (global.set $hash (local.get $h)))
          (func (export "_start") (local $round i32)
            (loop $again
              (call $sieve)
              (call $fold)
              (local.set $round (i32.add (local.get $round) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $round) (i32.const 540))))))"#;
        Self { name: "cpu", text: text.to_owned(), allow: "", reads: false, is_piped: false }
    }

    /// Asks the monotonic clock three million times and folds the answers.
    pub fn clock() -> Self {
        let text = r#"(module
          (import "wasi_snapshot_preview1" "clock_time_get"
            (func $clock (param i32 i64 i32) (result i32)))
          (memory (export "memory") 1)
          (global $fold (export "fold") (mut i64) (i64.const 0))
          (func (export "_start") (local $i i32)
            (loop $next
              (if (call $clock (i32.const 1) (i64.const 1) (i32.const 16)) (then unreachable))
              (global.set $fold (i64.xor (global.get $fold) (i64.load (i32.const 16))))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $next (i32.lt_u (local.get $i) (i32.const 3000000))))))"#;
        Self { name: "clock", text: text.to_owned(), allow: "time", reads: false, is_piped: false }
    }

    /// Reads `/data/file` to its end, 4 KiB at a time.
    pub fn reader() -> Self {
        let text = r#"(module
          (import "wasi_snapshot_preview1" "path_open" (func $open
            (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read"
            (func $read (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\00\10\00\00\00\10\00\00")
          (data (i32.const 16) "file")
          (global $total (export "total") (mut i64) (i64.const 0))
          (func (export "_start")
            (if (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4)
                  (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32))
              (then unreachable))
            (block $end (loop $next
              (if (call $read (i32.load (i32.const 32)) (i32.const 0) (i32.const 1) (i32.const 36))
                (then unreachable))
              (br_if $end (i32.eqz (i32.load (i32.const 36))))
              (global.set $total (i64.add (global.get $total)
                (i64.extend_i32_u (i32.load (i32.const 36)))))
              (br $next)))
            (if (i64.ne (global.get $total) (i64.const 268435456)) (then unreachable))))"#;
        Self { name: "reader", text: text.to_owned(), allow: "", reads: true, is_piped: false }
    }

    /// Opens `/data/file`, reads 64 bytes and closes it, twenty thousand times: what the host does
    /// for it takes nearly all of the time.
    pub fn opener() -> Self {
        let text = r#"(module
          (import "wasi_snapshot_preview1" "path_open" (func $open
            (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read"
            (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\00\10\00\00\40\00\00\00")
          (data (i32.const 16) "file")
          (func (export "_start") (local $i i32)
            (loop $next
              (if (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4)
                    (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32))
                (then unreachable))
              (if (call $read (i32.load (i32.const 32)) (i32.const 0) (i32.const 1) (i32.const 36))
                (then unreachable))
              (if (call $close (i32.load (i32.const 32))) (then unreachable))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $next (i32.lt_u (local.get $i) (i32.const 20000))))))"#;
        Self { name: "opener", text: text.to_owned(), allow: "", reads: true, is_piped: false }
    }

    /// Reads standard input to its end, 64 KiB at a time.
    pub fn piped() -> Self {
        let text = format!(
            r#"(module
          (import "wasi_snapshot_preview1" "fd_read"
            (func $read (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 2)
          (data (i32.const 0) "\00\00\01\00\00\00\01\00")
          (global $total (export "total") (mut i64) (i64.const 0))
          (func (export "_start")
            (block $end (loop $next
              (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 36))
                (then unreachable))
              (br_if $end (i32.eqz (i32.load (i32.const 36))))
              (global.set $total (i64.add (global.get $total)
                (i64.extend_i32_u (i32.load (i32.const 36)))))
              (br $next)))
            (if (i64.ne (global.get $total) (i64.const {SOURCE_BYTES})) (then unreachable))))"#
        );
        Self { name: "piped", text, allow: "", reads: false, is_piped: true }
    }

    /// Sleeps for a second.
    pub fn sleeper() -> Self {
        let text = r#"(module
          (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 16) "\01")
          (func (export "_start")
            (i64.store (i32.const 24) (i64.const 1000000000))
            (if (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))
              (then unreachable))))"#;
        Self {
            name: "sleeper",
            text: text.to_owned(),
            allow: "time",
            reads: false,
            is_piped: false,
        }
    }

    /// Touches every page of a memory of that many pages of 64 KiB, which is its final state.
    pub fn state(name: &'static str, pages: u32) -> Self {
        let text = format!(
            r#"(module
          (memory (export "memory") {pages})
          (func (export "_start")
            (memory.fill (i32.const 0) (i32.const 90) (i32.const {}))))"#,
            pages << 16
        );
        Self { name, text, allow: "", reads: false, is_piped: false }
    }

    /// About a megabyte of code such as compilers make: many functions with calls, loops, branches,
    /// loads and stores. It is only verified.
    pub fn megabyte() -> Self {
        const FUNCTIONS: u64 = 3600;
        let mut noise = Noise(7);
        let mut text = String::from("(module (memory (export \"memory\") 16)\n");
        for function in 0..FUNCTIONS {
            let _ = writeln!(
                text,
                "(func $f{function} (param $a i32) (param $b i32) (result i32) (local $c i32) (local $d i64)"
            );
            for _ in 0..14 {
                let (k, callee) = (noise.below(1 << 20), noise.below(function + 1));
                let _ = match noise.below(4) {
                    0 => write!(
                        text,
                        "(local.set $c (i32.add (local.get $a) (i32.load offset={k} (local.get $b))))"
                    ),
                    1 => write!(
                        text,
                        "(if (i32.lt_s (local.get $c) (i32.const {k})) (then (local.set $a (call $f{callee} (local.get $c) (local.get $a)))))"
                    ),
                    2 => write!(
                        text,
                        "(i64.store offset={k} (local.get $a) (i64.mul (local.get $d) (i64.const {k}{k})))"
                    ),
                    _ => write!(
                        text,
                        "(block $x (loop $l (br_if $x (i32.eqz (local.get $b))) (local.set $b (i32.shr_u (local.get $b) (i32.const 1))) (br $l)))"
                    ),
                };
            }
            text.push_str("(i32.xor (local.get $a) (local.get $c)))\n");
        }
        let _ = write!(
            text,
            "(func (export \"_start\") (drop (call $f{} (i32.const 1) (i32.const 2)))))",
            FUNCTIONS - 1
        );
        Self { name: "megabyte", text, allow: "", reads: false, is_piped: false }
    }
}

/// What the file of the reader is made of.
#[derive(Clone, Copy)]
pub enum Data {
    /// Lines like those of a web server's log.
    Text,
    /// Bytes that do not compress.
    Random,
    /// Both, 64 KiB of each in turn.
    Mixed,
}

impl Data {
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Random => "random",
            Self::Mixed => "mixed",
        }
    }

    /// Writes `file` into `folder`.
    pub fn write(self, folder: &Path) -> Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, fs_err::File::create(folder.join("file"))?);
        let mut noise = Noise(42);
        let mut stretch = Vec::with_capacity(STRETCH + 256);
        for at in 0..FILE_BYTES / STRETCH as u64 {
            stretch.clear();
            let is_text = match self {
                Self::Text => true,
                Self::Random => false,
                Self::Mixed => at % 2 == 0,
            };
            while stretch.len() < STRETCH {
                if is_text { noise.log_line(&mut stretch) } else { noise.bytes(&mut stretch) }
            }
            out.write_all(stretch.get(..STRETCH).unwrap_or_default())?;
        }
        out.flush()?;
        Ok(())
    }
}

/// Bytes that [`source`] gives, and how many a second: about what a disk or a network does.
pub const SOURCE_BYTES: u64 = 64 << 20;
pub const SOURCE_RATE: u64 = 64 << 20;

/// Writes noise to standard output, no faster than [`SOURCE_RATE`].
pub fn source() -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]
    let now = std::time::Instant::now;
    let (start, mut noise) = (now(), Noise(42));
    let mut stretch = Vec::with_capacity(STRETCH + 8);
    let mut out = std::io::stdout().lock();
    for at in 0..SOURCE_BYTES / STRETCH as u64 {
        stretch.clear();
        while stretch.len() < STRETCH {
            noise.bytes(&mut stretch);
        }
        out.write_all(&stretch)?;
        let due = Duration::from_secs_f64((at + 1) as f64 * STRETCH as f64 / SOURCE_RATE as f64);
        if let Some(early) = due.checked_sub(now().duration_since(start)) {
            std::thread::sleep(early);
        }
    }
    Ok(())
}

/// Xorshift64*: the same noise on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 32) % bound.max(1)
    }

    fn bytes(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.next().to_le_bytes());
    }

    fn log_line(&mut self, out: &mut Vec<u8>) {
        const VERBS: [&str; 4] = ["GET", "GET", "POST", "PUT"];
        const PATHS: [&str; 8] = [
            "",
            "index.html",
            "api/v1/orders",
            "static/site.css",
            "login",
            "search?q=blue",
            "api/v1/items",
            "img/logo.png",
        ];
        const AGENTS: [&str; 4] =
            ["curl/8.5", "Mozilla/5.0 (X11; Linux)", "bot/2.1", "python-requests/2.31"];
        let pick =
            |from: &[&'static str], at: u64| from.get(at as usize).copied().unwrap_or_default();
        let (day, second) = (1 + self.below(28), self.below(86_400));
        let _ = writeln!(
            out,
            "10.{}.{}.{} - - [{day:02}/Nov/2026:{:02}:{:02}:{:02} +0000] \"{} /{} HTTP/1.1\" {} {} \"{}\"",
            self.below(256),
            self.below(256),
            self.below(256),
            second / 3600,
            second / 60 % 60,
            second % 60,
            pick(&VERBS, self.below(4)),
            pick(&PATHS, self.below(8)),
            [200, 200, 200, 304, 404, 500].get(self.below(6) as usize).unwrap_or(&200),
            self.below(100_000),
            pick(&AGENTS, self.below(4)),
        );
    }
}
