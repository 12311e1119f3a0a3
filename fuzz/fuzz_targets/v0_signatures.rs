#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::v0_signatures(bytes);
});
