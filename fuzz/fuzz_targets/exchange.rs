#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pullscope::fuzzing::run("exchange", bytes));
