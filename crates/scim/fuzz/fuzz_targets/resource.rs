#![no_main]

#[path = "../../tests/robust/entry.rs"]
#[allow(dead_code)]
mod entry;

libfuzzer_sys::fuzz_target!(|text: &str| entry::resource(text));
