//! The program: everything it does is in the library.

use std::process::ExitCode;

/// musl's allocator has one lock for all threads: with it a small request costs three times as much
/// (docs/performance.md).
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pullscope::app::run()
}
