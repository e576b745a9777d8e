//! Maps and sets for keys that are numbers of our own, or hashes: quicker than those of the
//! standard library, and seeded anew in each process just as they are.

use foldhash::fast::RandomState;

/// A map.
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;
/// A set.
pub(crate) type HashSet<T> = std::collections::HashSet<T, RandomState>;
