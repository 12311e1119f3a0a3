//! Modules of a megabyte at most that are made to take the time and memory of whoever builds, checks or
//! compiles them.

use super::common::{Ended, PROVENACT};
use super::place::{Prison, outcome};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, CustomSection, DataSection, ElementSection, Elements,
    EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType,
    ImportSection, InstructionSink, Module, RefType, TableSection, TableType, TypeSection, ValType,
};

/// Bytes of a bomb, at most about.
const SIZE: usize = 1 << 20;
/// When a step is given up: seconds of each processor, and mebibytes. A run may compile for 5 seconds and
/// execute for 5.
const PATIENCE: f64 = 12.0;
const MEMORY: u64 = 4096;
/// Ticks of a second in which the system counts the time of processors (`proc(5)`, `USER_HZ`).
const TICKS: f64 = 100.0;

/// Builds a module of one function with these locals, which begins the program.
fn one(locals: Vec<(u32, ValType)>, body: impl Fn(&mut InstructionSink<'_>)) -> Vec<u8> {
    let mut parts = Parts::default();
    parts.types.ty().function([], []);
    parts.function(0, locals, body);
    parts.finish()
}

/// The sections of a module.
#[derive(Default)]
struct Parts {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    tables: TableSection,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
    imported: u32,
}

impl Parts {
    fn function(
        &mut self,
        ty: u32,
        locals: Vec<(u32, ValType)>,
        body: impl Fn(&mut InstructionSink<'_>),
    ) {
        let mut function = Function::new(locals);
        let mut sink = function.instructions();
        body(&mut sink);
        sink.end();
        self.functions.function(ty);
        self.code.function(&function);
    }

    fn finish(mut self) -> Vec<u8> {
        self.exports.export("_start", ExportKind::Func, self.imported);
        let mut module = Module::new();
        module.section(&self.types).section(&self.imports).section(&self.functions);
        module.section(&self.tables).section(&self.globals).section(&self.exports);
        module.section(&self.elements).section(&self.code).section(&self.data);
        module.finish()
    }
}

/// Blocks in blocks that take and give as many values as they may, fresh NaNs all of them, and in each an
/// instruction that branches to all around it.
fn branches(is_loop: bool) -> Vec<u8> {
    const VALUES: usize = 128;
    let depth: u32 = 40_000;
    let mut wide = Parts::default();
    wide.types.ty().function([], []);
    wide.types.ty().function(vec![ValType::F64; VALUES], vec![ValType::F64; VALUES]);
    let open = |s: &mut InstructionSink<'_>| {
        let ty = BlockType::FunctionType(1);
        if is_loop {
            s.loop_(ty)
        } else {
            s.block(ty)
        };
    };
    wide.function(0, vec![(1, ValType::F64)], |s| {
        (0..VALUES).for_each(|_| {
            s.local_get(0).local_get(0).f64_add();
        });
        (0..depth).for_each(|_| open(s));
        (0..8).for_each(|_| {
            open(s);
            s.i32_const(0).br_table(1..depth, 0).end();
        });
        (0..depth).for_each(|_| {
            s.end();
        });
        (0..VALUES).for_each(|_| {
            s.drop();
        });
    });
    wide.finish()
}

fn nested(open: impl Fn(&mut InstructionSink<'_>), each: usize) -> Vec<u8> {
    let depth = SIZE / each;
    one(Vec::new(), |sink| {
        (0..depth).for_each(|_| open(sink));
        (0..depth).for_each(|_| {
            sink.end();
        });
    })
}

/// Functions `0..count` of type `() -> ()`, each with a body of its own.
fn many(count: u32, body: impl Fn(u32, &mut InstructionSink<'_>)) -> Vec<u8> {
    let mut parts = Parts::default();
    parts.types.ty().function([], []);
    (0..count).for_each(|at| parts.function(0, Vec::new(), |sink| body(at, sink)));
    parts.finish()
}

/// Every bomb: what it has too much of, and its bytes.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let empty = BlockType::Empty;
    let mut bombs: Vec<(&'static str, Vec<u8>)> = vec![
        (
            "blocks in blocks",
            nested(
                |s| {
                    s.block(empty);
                },
                3,
            ),
        ),
        (
            "loops in loops",
            nested(
                |s| {
                    s.loop_(empty);
                },
                3,
            ),
        ),
        (
            "conditions in conditions",
            nested(
                |s| {
                    s.i32_const(1).if_(empty);
                },
                5,
            ),
        ),
        (
            "handlers in handlers",
            nested(
                |s| {
                    s.try_table(empty, []);
                },
                4,
            ),
        ),
    ];
    bombs.push((
        "blocks one after the other",
        one(Vec::new(), |s| {
            (0..SIZE / 3).for_each(|_| {
                s.block(empty).end();
            });
        }),
    ));
    let targets: Vec<u32> = (0..65_000).collect();
    bombs.push((
        "branches to 65000 blocks",
        one(Vec::new(), |s| {
            (0..=65_000).for_each(|_| {
                s.block(empty);
            });
            (0..4).for_each(|_| {
                s.i32_const(0).br_table(targets.iter().copied(), 0);
            });
            (0..=65_000).for_each(|_| {
                s.end();
            });
        }),
    ));
    let same = vec![0; 65_000];
    bombs.push((
        "branches 65000 times to one block",
        one(Vec::new(), |s| {
            (0..15).for_each(|_| {
                s.block(empty).i32_const(0).br_table(same.iter().copied(), 0).end();
            });
        }),
    ));
    bombs.push((
        "locals",
        one(vec![(50_000, ValType::F64)], |s| {
            (0..SIZE / 7).for_each(|at| {
                s.local_get(at as u32 % 50_000).local_set(at as u32 * 7 % 50_000);
            });
        }),
    ));
    bombs.push((
        "locals and loops",
        one(vec![(50_000, ValType::F64)], |s| {
            (0..SIZE / 17).for_each(|at| {
                let at = at as u32 % 49_999;
                s.loop_(empty).local_get(at).local_get(at + 1).f64_add().local_set(at + 1);
                s.i32_const(0).br_if(0).end();
            });
        }),
    ));
    bombs.push((
        "locals and loops in loops",
        one(vec![(50_000, ValType::F64)], |s| {
            let depth = SIZE / 17;
            (0..depth).for_each(|at| {
                let at = at as u32 % 49_999;
                s.loop_(empty).local_get(at).local_get(at + 1).f64_add().local_set(at + 1);
            });
            (0..depth).for_each(|_| {
                s.i32_const(0).br_if(0).end();
            });
        }),
    ));
    bombs.push((
        "locals and branches",
        one(vec![(50_000, ValType::F64)], |s| {
            (0..=1_000).for_each(|_| {
                s.block(empty);
            });
            (0..SIZE / 4 / 12).for_each(|at| {
                let at = at as u32 % 49_999;
                s.local_get(at).local_get(at + 1).f64_mul().local_set(at + 1);
                s.i32_const(0).br_if(at % 1_000);
            });
            (0..=1_000).for_each(|_| {
                s.end();
            });
        }),
    ));
    bombs.push((
        "operands",
        one(Vec::new(), |s| {
            (0..SIZE / 3).for_each(|_| {
                s.i32_const(0);
            });
            (0..SIZE / 3).for_each(|_| {
                s.drop();
            });
        }),
    ));
    let mut wide = Parts::default();
    wide.types.ty().function([], []);
    wide.types.ty().function(vec![ValType::F64; 128], vec![ValType::F64; 128]);
    wide.function(0, Vec::new(), |s| {
        (0..128).for_each(|_| {
            s.f64_const(0.0.into());
        });
        (0..SIZE / 3).for_each(|_| {
            s.block(BlockType::FunctionType(1)).end();
        });
        (0..128).for_each(|_| {
            s.drop();
        });
    });
    bombs.push(("blocks of 128 parameters", wide.finish()));
    let mut wide = Parts::default();
    wide.types.ty().function([], []);
    wide.types.ty().function(vec![ValType::F64; 128], vec![ValType::F64; 128]);
    wide.function(0, Vec::new(), |s| {
        (0..128).for_each(|_| {
            s.f64_const(0.0.into());
        });
        (0..SIZE / 8).for_each(|_| {
            s.loop_(BlockType::FunctionType(1)).i32_const(0).br_if(0).end();
        });
        (0..128).for_each(|_| {
            s.drop();
        });
    });
    bombs.push(("loops of 128 parameters", wide.finish()));
    for is_loop in [false, true] {
        bombs.push((
            if is_loop { "branches to wide loops" } else { "branches to wide blocks" },
            branches(is_loop),
        ));
    }
    bombs.push(("functions", many(200_000, |_, _| {})));
    bombs.push((
        "a chain of calls",
        many(100_000, |at, s| {
            if at + 1 < 100_000 {
                s.call(at + 1);
            }
        }),
    ));
    bombs.push((
        "everybody calls everybody",
        many(580, |_, s| {
            (0..580).for_each(|to| {
                s.call(to);
            });
        }),
    ));
    let mut tables = Parts::default();
    tables.types.ty().function([], []);
    for at in 0..20_000 {
        tables.function(0, Vec::new(), |s| {
            (0..8).for_each(|_| {
                s.i32_const(at).call_indirect(0, 0);
            });
        });
    }
    tables.tables.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 20_000,
        maximum: None,
        shared: false,
    });
    let all: Vec<u32> = (0..20_000).collect();
    tables.elements.active(Some(0), &ConstExpr::i32_const(0), Elements::Functions((&all).into()));
    bombs.push(("calls through a table of 20000 functions", tables.finish()));
    let mut types = Parts::default();
    types.types.ty().function([], []);
    (0..SIZE / 4).for_each(|at| {
        types.types.ty().function(vec![ValType::I32; at % 2], []);
    });
    types.function(0, Vec::new(), |_| {});
    bombs.push(("types", types.finish()));
    let mut imports = Parts::default();
    imports.types.ty().function([], [ValType::I32]);
    imports.types.ty().function([], []);
    imports.imported = 20_000;
    (0..20_000).for_each(|_| {
        imports.imports.import("wasi_snapshot_preview1", "sched_yield", EntityType::Function(0));
    });
    imports.function(1, Vec::new(), |_| {});
    bombs.push(("imports", imports.finish()));
    let mut exports = Parts::default();
    exports.types.ty().function([], []);
    exports.function(0, Vec::new(), |_| {});
    (0..90_000).for_each(|at| {
        exports.exports.export(&format!("{at}"), ExportKind::Func, 0);
    });
    bombs.push(("exports", exports.finish()));
    let mut globals = Parts::default();
    globals.types.ty().function([], []);
    globals.function(0, Vec::new(), |_| {});
    let ty = GlobalType { val_type: ValType::F64, mutable: true, shared: false };
    (0..90_000).for_each(|at| {
        globals.globals.global(ty, &ConstExpr::f64_const(f64::from(at).into()));
    });
    bombs.push(("globals", globals.finish()));
    let mut constant = Parts::default();
    constant.types.ty().function([], []);
    constant.function(0, Vec::new(), |_| {});
    let ty = GlobalType { val_type: ValType::I32, mutable: false, shared: false };
    let long =
        (0..SIZE / 3).fold(ConstExpr::i32_const(1), |sum, _| sum.with_i32_const(1).with_i32_add());
    constant.globals.global(ty, &long);
    bombs.push(("a long constant", constant.finish()));
    let mut data = Parts::default();
    data.types.ty().function([], []);
    data.function(0, Vec::new(), |_| {});
    (0..90_000).for_each(|_| {
        data.data.passive([7, 7, 7]);
    });
    bombs.push(("segments", data.finish()));
    let mut customs = one(Vec::new(), |_| {});
    for _ in 0..SIZE / 10 {
        let section = CustomSection { name: "name".into(), data: (&[0, 1, 0][..]).into() };
        let mut module = Module::new();
        module.section(&section);
        customs.extend(&module.finish()[8..]);
    }
    bombs.push(("custom sections", customs));
    bombs
}

/// What one command took.
#[derive(Default)]
struct Took {
    /// `None` when it was given up.
    ended: Option<Ended>,
    /// Seconds of processors.
    seconds: f64,
    /// Peak of resident memory.
    mebibytes: u64,
}

impl Took {
    /// Looks at a running program, as far as the system tells.
    fn look(&mut self, child: &Child) {
        let read = |name| fs_err::read_to_string(format!("/proc/{}/{name}", child.id())).ok();
        let peak = read("status").and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().ok()
        });
        self.mebibytes = self.mebibytes.max(peak.unwrap_or_default() >> 10);
        let ticks = read("stat").and_then(|stat| {
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            let field = |at: usize| fields.get(at)?.parse::<f64>().ok();
            Some(field(11)? + field(12)?)
        });
        self.seconds = self.seconds.max(ticks.unwrap_or_default() / TICKS);
    }
}

/// Runs a command to its end, or until patience or memory are over.
fn measure(command: &mut Command) -> Took {
    let patience = PATIENCE * std::thread::available_parallelism().unwrap().get() as f64;
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut took = Took::default();
    loop {
        took.look(&child);
        if child.try_wait().unwrap().is_some() {
            took.ended = Some(Ended::of(child.wait_with_output().unwrap()));
            return took;
        }
        if took.seconds > patience || took.mebibytes > MEMORY {
            child.kill().unwrap();
            child.wait().unwrap();
            return took;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What a bomb comes to that is not given up: the build, and the run.
fn expected(name: &str) -> [&'static str; 2] {
    match name {
        "imports" => ["refused 2 module-invalid", ""],
        "everybody calls everybody" | "calls through a table of 20000 functions" => {
            ["exit 0", "refused 134 guest-trapped"]
        }
        _ => ["exit 0", "exit 0"],
    }
}

/// Time and memory of building and compiling a hostile megabyte are bounded: this measures both, prints
/// them, and demands that each ends by itself.
#[test]
fn a_megabyte_takes_what_a_megabyte_may_take() {
    // On the real standard error, which the test runner does not capture.
    let say = |line: &str| {
        let _ = writeln!(std::io::stderr(), "{line}");
    };
    say("\nModules that are made to be slow (seconds of processors, peak of memory)");
    for (name, bytes) in bombs() {
        assert!(bytes.len() < SIZE * 3 / 2, "{name}: {} bytes", bytes.len());
        let prison = Prison::new();
        prison.place().write("bomb.wasm", &bytes);
        let limits = "version = 1\n[limits]\ncompile-seconds = 5\ncompile-bytes = 1073741824\n";
        prison.place().write("d/p.toml", limits);
        let mut line = format!("  {name} ({} KiB):", bytes.len() >> 10);
        let steps: [&[&str]; 2] = [
            &["build", "bomb.wasm", "--name", "bomb"],
            &[
                "run",
                "-q",
                "--allow-unsigned",
                "--no-receipt",
                "--no-cache",
                "--timeout",
                "5",
                "--policy",
                "d/p.toml",
                "bomb.skill",
            ],
        ];
        for (words, expected) in steps.iter().zip(expected(name)) {
            let took = measure(prison.place().command(PROVENACT).args(*words));
            let found = match &took.ended {
                Some(ended) => {
                    prison.check(name, ended);
                    let found = outcome(ended);
                    let given_up = ["refused 126 limit-exceeded", "refused 137 interrupted"];
                    let fits = found == expected || given_up.contains(&&*found);
                    assert!(fits, "{name}: expected {expected}, found {found}: {}", ended.err());
                    found
                }
                None => panic!("{name}: {} did not end by itself", words[0]),
            };
            let _ = write!(
                line,
                " {} {found}, {:.1} s, {} MiB;",
                words[0], took.seconds, took.mebibytes
            );
            if took.ended.is_some_and(|ended| ended.status != 0) {
                break;
            }
        }
        say(&line);
    }
}
