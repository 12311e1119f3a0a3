use super::*;
use std::fmt::Write as _;

/// The leaks of a module with one data segment.
fn leaks(customs: &str, data: &[u8]) -> Vec<Leak> {
    let mut text = String::new();
    for byte in data {
        let _ = write!(text, "\\{byte:02x}");
    }
    let wat = format!(r#"(module {customs} (memory 1) (data (i32.const 0) "{text}"))"#);
    let wasm = wat::parse_str(wat).unwrap();
    let leaks = find_leaks(&Module::parse(wasm.clone()).unwrap());
    for leak in &leaks {
        let at = usize::try_from(leak.offset).unwrap();
        let wide: Vec<u8> = leak.text.bytes().flat_map(|byte| [byte, 0]).collect();
        let stands = wasm[at..].starts_with(leak.text.as_bytes()) || wasm[at..].starts_with(&wide);
        assert!(stands, "{leak:?}");
    }
    leaks
}

fn texts(data: &[u8]) -> Vec<String> {
    leaks("", data).iter().map(|leak| format!("{} {}", leak.kind.code(), leak.text)).collect()
}

#[test]
fn paths_and_the_users_in_them_are_found() {
    let data = b"src/main.rs/home/alice/.cargo/x.rsinternal error\0/tmp/\0x/tmp/y.c\0/tmp/cc1.o\0\
        /rustc/0123/library/core/src/fmt.rs C:\\Users\\bob\\a.c\0/home/runner/w/a/a.cc\0\
        /home/alice/b.c\0/root/c.c\0go/build/constraint\0/nix/store/0123-x/lib\0";
    assert_eq!(
        texts(data),
        [
            "home /home/alice/.cargo/x.rs",
            "user alice",
            "temporary /tmp/cc1.o",
            "home C:\\Users\\bob\\a.c",
            "user bob",
            "home /home/runner/w/a/a.cc",
            "home /home/alice/b.c",
            "home /root/c.c",
            "build /nix/store/0123-x/lib",
        ]
    );
}

#[test]
fn what_programs_name_on_purpose_is_no_leak() {
    for data in [
        &b"/tmp/\0"[..],
        b"/tmp/tmpfile_XXXXXX\0",
        b"/tmp/perf-%jd.map\0",
        b"open('/tmp/myimport.zip')\0",
        b"/tmp/hello\0",
        b"PureWindowsPath('C:/Users/Barney')\0",
        b"/home/web_user\0",
        b"/home/%s/x\0",
        b"/home/${USER}/x\0",
        b"https://x.org/root/crl/root.crl\0",
        b"/emsdk/emscripten/system/lib/libcxxabi/src/cxa_demangle.cpp\0",
        b"2006-01-02T15:04:05Z07:00\0",
        b"1970-01-01T00:00:00Z\0",
        b"SELECT '2021-08-03 11:59:44.123456'\0",
        b"to_timestamp('2022-05-12 16:23:45')\0",
        b"TIMESTAMP_NS '2021-08-03 11:59:44.123456789'\0",
        b"<created>2017-12-27T05:22:50Z</created>\0",
        b"2023-03-22 11:56:21 0d1fc92f94cb6b76bffe3ec34d69cffde2924203304e8ffc4155597af0c191da\0",
        b"2022-13-01T00:00:00Z\x002022-12-32T00:00:00Z\x002022-12-01T24:00:00Z\0",
        b"12:34:56\0",
        b"Sat Jun 06 16:26:11 1998\0",
        b"1700000000\0",
        b"2024-07-21\0",
        b"Jan 1 2024\0",
    ] {
        assert_eq!(texts(data), [""; 0], "{}", String::from_utf8_lossy(data));
    }
}

#[test]
fn times_of_a_build_are_found() {
    for (data, found) in [
        ("built 2026-11-25T12:34:56Z\0", &["time 2026-11-25T12:34:56"][..]),
        ("2026-11-25T12:34:56.097507114Z\0", &["time 2026-11-25T12:34:56"]),
        ("2026-11-25 12:34:56\0", &["time 2026-11-25 12:34:56"]),
        ("\0Nov 25 2026\x0012:34:56\0", &["time Nov 25 2026", "time 12:34:56"]),
        ("\x0012:34:56\0Nov  5 2026\0", &["time 12:34:56", "time Nov  5 2026"]),
        ("\0Nov  5 2026\x0000:00:00\0", &["time Nov  5 2026"]),
        ("(Aug  7 2026, 01:26:21)\0", &["time Aug  7 2026, 01:26:21"]),
        ("Apr 18 2023 10:20:43\0", &["time Apr 18 2023 10:20:43"]),
        ("Wed Nov 25 12:34:56 2026\0", &["time Wed Nov 25 12:34:56 2026"]),
        ("Wed Nov 25 12:34:56 CEST 2026\0", &["time Wed Nov 25 12:34:56 CEST 2026"]),
        ("Wed, 25 Nov 2026 12:34:56 GMT\0", &["time Wed, 25 Nov 2026 12:34:56"]),
    ] {
        assert_eq!(texts(data.as_bytes()), found, "{data:?}");
    }
}

#[test]
fn text_of_two_bytes_a_character_is_searched_too() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let data = [b"x".to_vec(), wide("é/home/alice/a.ts\0Nov 25 2026\0")].concat();
    assert_eq!(texts(&data), ["home /home/alice/a.ts", "user alice", "time Nov 25 2026"]);
    assert_eq!(texts(&[b"xy".to_vec(), wide("/home/alice/a.ts")].concat()).len(), 2);
}

#[test]
fn a_cure_is_that_of_the_toolchain() {
    let cure = |customs: &str, data: &str| {
        let leaks = leaks(customs, data.as_bytes());
        leaks.first().unwrap_or_else(|| panic!("{data}")).cure
    };
    let producers = |name: &str| {
        let length = |text: &str| format!("\\{:02x}{text}", text.len());
        let field = length("processed-by");
        format!(r#"(@custom "producers" "\01{field}\01{}{}")"#, length(name), length("1"))
    };
    for (customs, data, word) in [
        (String::new(), "/home/alice/.cargo/registry/src/x-1/lib", "--remap-path-prefix"),
        (String::new(), "/home/alice/x.rs", "--remap-path-prefix"),
        (String::new(), "/home/alice/x.cpp", "clang: -ffile-prefix-map"),
        (String::new(), "/home/alice/go/pkg/mod/x", "-trimpath"),
        (String::new(), "/home/alice/x.cs", "PathMap"),
        (String::new(), "/home/alice/share", "--prefix"),
        (r#"(import "env" "emscripten_x" (func))"#.to_owned(), "/home/alice/x.c", "emcc: -ffile"),
        (r#"(@custom "go:buildid" "x")"#.to_owned(), "/home/alice/x.s", "-trimpath"),
        (producers("clang"), "Nov 25 2026", "-Wdate-time"),
        (producers("Go cmd/compile"), "2026-11-25T12:34:56Z", "-buildvcs=false"),
        (producers("rustc"), "2026-11-25T12:34:56Z", "build script"),
    ] {
        let cure = cure(&customs, data);
        assert!(cure.contains(word), "{customs} {data}: {cure}");
    }
}

#[test]
fn each_text_counts_once_and_each_kind_is_limited() {
    let mut data = b"/home/alice/a.c\0".repeat(5);
    assert_eq!(texts(&data).len(), 2);
    for at in 0..200 {
        data.extend(format!("/home/alice/{at}.c\0").bytes());
    }
    data.extend(b"2026-11-25T12:34:56Z\0");
    let found = texts(&data);
    assert_eq!(found.len(), limits::LEAKS + 2, "the many do not hide the few");
    assert_eq!(found.last().unwrap(), "time 2026-11-25T12:34:56");
}

/// Data that begins many patterns and ends none. There is so much of it that a scan in quadratic
/// time would not come to an end.
#[test]
fn adversarial_data_is_read_to_its_end() {
    const BYTES: usize = 4 << 20;
    for unit in [
        &b"/home/"[..],
        b"/home/a",
        b"/tmp/XXXXXX",
        b"//////",
        b"C:\\Users\\",
        b"Wed Nov 25 12:34:5",
        b"Nov 25 202",
        b"2026-11-25 12:34:5",
        b"2026-11-25 12:34:56 0123456789abcdef0123456789abcdef0123456",
        b"/home/a.rs-.rs-.rs-.rs-.rs-.rs-",
        b"\x0012:34:56",
    ] {
        let mut data = unit.repeat(BYTES / unit.len() + 1);
        data.truncate(BYTES);
        let mut hits = 0_usize;
        scan(&data, &mut |_, _| hits += 1);
        assert!(hits <= BYTES);
    }
}
