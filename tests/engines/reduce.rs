//! Makes a failing program small, for the one who looks at it.
//!
//! `PROVENACT_REDUCE=target/tmp/engines-floats-1.wat cargo test --test engines reduce -- --ignored`
//! writes `…reduced.wat` beside it: the least text, found by leaving out and replacing
//! subexpressions, whose rewriting still fails in the same manner.

use super::engines::Engines;
use super::seen::Call;
use std::path::PathBuf;

/// A parenthesis with what it holds, or a word.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Word(String),
    List(Vec<Node>),
}

fn parse(text: &str) -> Vec<Node> {
    let mut open = vec![Vec::new()];
    let mut word = String::new();
    let mut quoted = false;
    for letter in text.chars() {
        if quoted || !(letter == '(' || letter == ')' || letter.is_whitespace()) {
            quoted ^= letter == '"';
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            open.last_mut().unwrap().push(Node::Word(std::mem::take(&mut word)));
        }
        match letter {
            '(' => open.push(Vec::new()),
            ')' => {
                let done = open.pop().unwrap();
                open.last_mut().unwrap().push(Node::List(done));
            }
            _ => {}
        }
    }
    open.pop().unwrap()
}

fn write(nodes: &[Node]) -> String {
    let each = nodes.iter().map(|node| match node {
        Node::Word(word) => word.clone(),
        Node::List(inner) => format!("({})", write(inner)),
    });
    let text = each.collect::<Vec<_>>().join(" ");
    text.replace(") (func", ")\n(func")
}

/// The list with the number `at`, counted depth first.
fn list_mut<'a>(nodes: &'a mut Vec<Node>, at: &mut usize) -> Option<(&'a mut Vec<Node>, usize)> {
    let found = nodes.iter().position(|node| {
        let size = size(node);
        if *at < size {
            return true;
        }
        *at -= size;
        false
    })?;
    if *at == 0 {
        return Some((nodes, found));
    }
    *at -= 1;
    let Node::List(inner) = &mut nodes[found] else { return None };
    list_mut(inner, at)
}

fn size(node: &Node) -> usize {
    match node {
        Node::Word(_) => 0,
        Node::List(inner) => 1 + inner.iter().map(size).sum::<usize>(),
    }
}

/// What may stand for the list number `at`.
fn variants(program: &[Node], at: usize) -> Vec<Vec<Node>> {
    let simple = [
        "(i32.const 0)",
        "(i64.const 0)",
        "(f32.const 0)",
        "(f64.const 0)",
        "(v128.const i64x2 0 0)",
        "(local.get 0)",
    ];
    let mut all = Vec::new();
    let mut change = |new: Vec<Node>| {
        let mut program = program.to_vec();
        let mut number = at;
        let (parent, place) = list_mut(&mut program, &mut number).unwrap();
        if parent[place..=place] != new {
            parent.splice(place..=place, new);
            all.push(program);
        }
    };
    change(Vec::new());
    let mut copy = program.to_vec();
    let mut number = at;
    let (parent, place) = list_mut(&mut copy, &mut number).unwrap();
    let Node::List(inner) = parent[place].clone() else { return all };
    let lists = inner.iter().filter(|node| matches!(node, Node::List(_)));
    if inner.len() > 2 || inner.iter().any(|node| matches!(node, Node::List(_))) {
        for text in simple {
            change(parse(text));
        }
    }
    for list in lists.clone() {
        change(vec![list.clone()]);
    }
    change(lists.cloned().collect());
    all
}

/// The manner of failing, when each function without parameters is called.
fn manner(engines: &Engines, text: &str) -> Option<String> {
    let wasm = wat::parse_str(text).ok()?;
    provenact::wasm::Module::parse(wasm.clone()).ok()?;
    let functions = engines.reference.functions(&wasm).ok()?;
    let calls: Vec<_> = functions
        .into_iter()
        .filter(|(_, params)| params.is_empty())
        .map(|(export, _)| Call { export, args: Vec::new() })
        .collect();
    engines.manner(&wasm, &calls)
}

#[test]
#[ignore = "a tool: makes the program named by PROVENACT_REDUCE small"]
#[expect(clippy::disallowed_methods, reason = "this is how it is told what to do")]
fn reduce() {
    let path = PathBuf::from(std::env::var("PROVENACT_REDUCE").unwrap());
    let text = fs_err::read_to_string(&path).unwrap();
    // What is left out may be what ended a loop.
    let engines = Engines::new(Some(2_000_000), !text.contains("(tag "));
    let mut program = parse(&text);
    let wanted = manner(&engines, &text).unwrap();
    println!("reducing by: {wanted}");
    let out = path.with_extension("reduced.wat");
    loop {
        let before = write(&program).len();
        let mut at = 0;
        while at < program.iter().map(size).sum() {
            let smaller = variants(&program, at).into_iter().find(|candidate| {
                let text = write(candidate);
                text.len() < write(&program).len()
                    && manner(&engines, &text).as_ref() == Some(&wanted)
            });
            match smaller {
                Some(smaller) => {
                    program = smaller;
                    fs_err::write(&out, write(&program)).unwrap();
                }
                None => at += 1,
            }
        }
        if write(&program).len() == before {
            break;
        }
    }
    println!("{}\n{}", out.display(), write(&program));
}
