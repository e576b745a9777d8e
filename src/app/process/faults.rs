//! What is told of a panic.

use std::panic::{PanicHookInfo, set_hook, take_hook};

use crate::tui::terminal::THREAD;

/// From here on a panic of a task is one line in the log: where it was. What was being read at
/// the time stays out of it, since it may hold a secret. A panic of the main thread, or of the
/// live view's, is told as Rust does: the program ends by it.
pub(in crate::app) fn report() {
    let inherited = take_hook();
    set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if matches!(std::thread::current().name(), Some("main" | THREAD)) {
            inherited(info);
            return;
        }
        let place = info
            .location()
            .map_or_else(String::new, ToString::to_string);
        tracing::error!(
            "a fault in pullscope at {place} ended one task; everything else goes on. Please \
             report it: https://github.com/pullscope/pullscope/issues"
        );
    }));
}
