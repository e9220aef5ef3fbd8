//! The hash maps and sets inside the crate.

use std::collections::{HashMap, HashSet};

use foldhash::fast::{FixedState, RandomState};

/// A map by numbers that are the crate's own, so that nobody can choose ones that collide. Its order is the same each time.
pub(crate) type Map<K, V> = HashMap<K, V, FixedState>;

/// A set of such numbers.
pub(crate) type Set<K> = HashSet<K, FixedState>;

/// A map by values that come from outside: a seed keeps those that collide from being known ahead.
pub(crate) type ValueMap<K, V> = HashMap<K, V, RandomState>;

/// A set of such values.
pub(crate) type ValueSet<K> = HashSet<K, RandomState>;
