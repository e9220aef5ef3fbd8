//! What is measured: each piece of work, of each size.

use std::fmt;

use common::figures::thousands;

/// One piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// All rows of a table of three columns.
    Select(usize),
    /// A left join of two tables, of which half is filtered out.
    Join(usize),
    Insert {
        rows: usize,
        keys: bool,
    },
    /// Parents with their children and grandchildren, as they hang together.
    Load {
        parents: usize,
    },
    Find,
    Update,
    Delete,
    /// New objects that hang together; `leaves` is zero for two levels.
    Graph {
        tops: usize,
        middles: usize,
        leaves: usize,
    },
    /// Of loaded objects some are changed, and that is committed.
    Change {
        loaded: usize,
        changed: usize,
    },
    /// Loaded objects are deleted, and that is committed.
    Remove(usize),
    /// Loaded objects, of which none has been changed, are committed.
    Unchanged(usize),
    /// An object is asked for by its key that is there already.
    Identity,
    /// Rows become objects of a session, where there are sessions.
    Tracked(usize),
    /// Half of the rows are there.
    Upsert(usize),
    /// Rows are read one by one and not kept.
    Stream(usize),
    /// Tasks that find by key, on a pool.
    Throughput {
        tasks: usize,
        pool: usize,
        finds: usize,
    },
}

/// Where the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// On this machine.
    Near,
    /// Behind a proxy that holds back everything: 20 ms for a round trip.
    Far,
}

/// One row of the results.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) group: char,
    pub(crate) work: Work,
    pub(crate) link: Link,
    pub(crate) rounds: usize,
    /// Rounds that are not counted, at the start.
    pub(crate) warm: usize,
    /// How often the work is done in a round.
    pub(crate) times: u32,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = thousands;
        let rows = |count: usize| if count == 1 { "1 row".to_owned() } else { format!("{} rows", n(count)) };
        match *self {
            Self::Select(count) => write!(f, "select {}", rows(count)),
            Self::Join(count) => write!(f, "left join {}", rows(count)),
            Self::Insert { rows: count, keys: true } => write!(f, "insert {}, keys returned", rows(count)),
            Self::Insert { rows: count, keys: false } => write!(f, "insert {}, nothing returned", rows(count)),
            Self::Load { parents } => write!(f, "load {} parents with children and grandchildren", n(parents)),
            Self::Find => f.write_str("find one by key"),
            Self::Update => f.write_str("update one by key"),
            Self::Delete => f.write_str("delete one by key"),
            Self::Graph { tops, middles, leaves: 0 } => write!(f, "graph of {} + {} new objects", n(tops), n(middles)),
            Self::Graph { tops, middles, leaves } => {
                write!(f, "graph of {} × {} × {} new objects", n(tops), n(middles), n(leaves))
            }
            Self::Change { loaded, changed } => write!(f, "commit {} changed of {} loaded", n(changed), n(loaded)),
            Self::Remove(count) => write!(f, "commit {} deleted", n(count)),
            Self::Unchanged(count) => write!(f, "commit {} unchanged", n(count)),
            Self::Identity => f.write_str("get by key what is loaded"),
            Self::Tracked(count) => write!(f, "tracked load of {}", rows(count)),
            Self::Upsert(count) => write!(f, "upsert {}, half of them there", rows(count)),
            Self::Stream(count) => write!(f, "stream {}", rows(count)),
            Self::Throughput { tasks, pool, finds } => {
                write!(f, "throughput: {} finds by {tasks} tasks on {pool} connections", n(finds))
            }
        }
    }
}

impl Row {
    pub(crate) fn title(&self) -> String {
        match self.link {
            Link::Near => self.work.to_string(),
            Link::Far => format!("{}, 20 ms away", self.work),
        }
    }
}

/// What the groups of rows are.
pub(crate) const GROUPS: &[(char, &str)] = &[
    ('a', "Select of three columns"),
    ('b', "Filtered left join of two tables"),
    ('c', "Inserts"),
    ('d', "Loading what hangs together"),
    ('e', "One row by its key"),
    ('f', "Unit of work"),
    ('g', "Identity map"),
    ('h', "Tracked loads"),
    ('i', "Upserts"),
    ('j', "Streams"),
    ('k', "Far from the server"),
    ('l', "Throughput"),
];

/// All of them, in their order.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |group, work, rounds, warm, times| {
        rows.push(Row { group, work, link: Link::Near, rounds, warm, times });
    };
    for (count, times) in [(1, 50), (10, 50), (100, 20), (1_000, 5), (10_000, 1)] {
        add('a', Work::Select(count), 40, 4, times);
    }
    for (count, times) in [(1, 50), (10, 50), (100, 20), (1_000, 4), (10_000, 1)] {
        add('b', Work::Join(count), 40, 4, times);
    }
    for (count, rounds, times) in [
        (1, 40, 50),
        (10, 40, 20),
        (25, 40, 20),
        (50, 40, 10),
        (100, 40, 10),
        (1_000, 40, 1),
        (10_000, 30, 1),
        (100_000, 30, 1),
    ] {
        for keys in [false, true] {
            add('c', Work::Insert { rows: count, keys }, rounds, if count > 10_000 { 1 } else { 4 }, times);
        }
    }
    add('d', Work::Load { parents: 100 }, 30, 3, 1);
    for work in [Work::Find, Work::Update, Work::Delete] {
        add('e', work, 40, 4, 50);
    }
    add('f', Work::Graph { tops: 1, middles: 100, leaves: 0 }, 40, 4, 1);
    add('f', Work::Graph { tops: 100, middles: 10, leaves: 10 }, 30, 2, 1);
    for changed in [1, 100, 10_000] {
        add('f', Work::Change { loaded: 10_000, changed }, 30, 2, 1);
    }
    add('f', Work::Remove(10_000), 30, 2, 1);
    add('f', Work::Unchanged(10_000), 30, 2, 1);
    add('g', Work::Identity, 40, 4, 1_000);
    add('h', Work::Tracked(10_000), 30, 3, 1);
    add('h', Work::Tracked(100_000), 30, 1, 1);
    add('i', Work::Upsert(10_000), 30, 2, 1);
    add('j', Work::Stream(1_000_000), 30, 1, 1);
    add('l', Work::Throughput { tasks: 64, pool: 8, finds: 6_400 }, 30, 2, 1);
    let far = [
        Work::Select(100),
        Work::Find,
        Work::Insert { rows: 100, keys: true },
        Work::Insert { rows: 10_000, keys: true },
        Work::Load { parents: 100 },
        Work::Graph { tops: 1, middles: 100, leaves: 0 },
        Work::Change { loaded: 10_000, changed: 100 },
    ];
    rows.extend(far.map(|work| Row { group: 'k', work, link: Link::Far, rounds: 30, warm: 1, times: 1 }));
    rows.sort_by_key(|row| row.group);
    rows
}

impl Work {
    /// How many rows it adds to a table that can do with many.
    pub(crate) fn adds(self) -> usize {
        match self {
            Self::Insert { rows, .. } => rows,
            Self::Graph { tops, middles, leaves } => tops * (1 + middles * (1 + leaves)),
            _ => 0,
        }
    }

    /// Whether the tables must be as they were, each time.
    pub(crate) fn is_restored(self) -> bool {
        matches!(self, Self::Remove(_) | Self::Upsert(_))
    }
}
