//! Maps and sets for keys that are numbers of our own, or hashes: quicker than those of the
//! standard library, and seeded anew in each process just as they are.

use std::hash::{BuildHasher as _, Hash};
use std::sync::LazyLock;

use foldhash::{fast::RandomState, quality};

/// A map.
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;
/// A set.
pub(crate) type HashSet<T> = std::collections::HashSet<T, RandomState>;

/// A number that tells values of one process apart.
pub(crate) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    static STATE: LazyLock<quality::RandomState> = LazyLock::new(quality::RandomState::default);
    STATE.hash_one(value)
}
