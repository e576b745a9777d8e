//! What the kernel says of this process.

use std::time::Duration;

/// Time that the processor has spent on this thread: other programs do not count.
pub(crate) fn busy() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split_whitespace().next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// Time spent since an earlier moment of [`busy`].
pub(crate) fn since(begun: Duration) -> Duration {
    busy().saturating_sub(begun)
}

/// Bytes of memory this process holds.
pub(crate) fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * 4_096
}
