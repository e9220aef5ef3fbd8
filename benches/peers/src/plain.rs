//! Rows as plain structs, which the bare driver and sqlx fill, and what is put together of them by hand.

use std::collections::HashMap;

use sqlx::FromRow;

use crate::tables::Data;

/// So many rows of `VALUES` at once, in whichever way: a statement has at most 65,535 parameters.
pub(crate) const ROWS_OF_VALUES: usize = 10_000;

#[derive(Debug, FromRow)]
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) amount: i32,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, FromRow)]
pub(crate) struct Top {
    pub(crate) id: i64,
    pub(crate) name: String,
    #[sqlx(skip)]
    pub(crate) middles: Vec<Middle>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, FromRow)]
pub(crate) struct Middle {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) top_id: i64,
    #[sqlx(skip)]
    pub(crate) leaves: Vec<Leaf>,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, FromRow)]
pub(crate) struct Leaf {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) middle_id: i64,
}

/// Children into their parents.
pub(crate) fn nested(mut tops: Vec<Top>, mut middles: Vec<Middle>, leaves: Vec<Leaf>) -> Vec<Top> {
    let places: HashMap<i64, usize> = middles.iter().enumerate().map(|(i, it)| (it.id, i)).collect();
    for leaf in leaves {
        if let Some(middle) = places.get(&leaf.middle_id).and_then(|&place| middles.get_mut(place)) {
            middle.leaves.push(leaf);
        }
    }
    let places: HashMap<i64, usize> = tops.iter().enumerate().map(|(i, it)| (it.id, i)).collect();
    for middle in middles {
        if let Some(top) = places.get(&middle.top_id).and_then(|&place| tops.get_mut(place)) {
            top.middles.push(middle);
        }
    }
    tops
}

/// So many names.
pub(crate) fn names(data: &Data, count: usize) -> Vec<&str> {
    data.rows.iter().cycle().take(count).map(|row| row.name.as_str()).collect()
}

/// Each key as often as makes so many.
pub(crate) fn spread(ids: &[i64], count: usize) -> Vec<i64> {
    ids.iter().flat_map(|&id| std::iter::repeat_n(id, count / ids.len())).collect()
}
