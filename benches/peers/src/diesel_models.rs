//! The tables as Diesel knows them; both of its connections use them.

use diesel::prelude::*;

diesel::table! {
    item (id) {
        id -> Int8,
        name -> Text,
        amount -> Int4,
    }
}

diesel::table! {
    part (id) {
        id -> Int8,
        name -> Text,
        color -> Text,
        item_id -> Nullable<Int8>,
    }
}

diesel::table! {
    entry (id) {
        id -> Int8,
        name -> Text,
        amount -> Int4,
    }
}

diesel::table! {
    stock (id) {
        id -> Int8,
        code -> Int8,
        name -> Text,
        amount -> Int4,
    }
}

diesel::table! {
    top (id) {
        id -> Int8,
        name -> Text,
    }
}

diesel::table! {
    middle (id) {
        id -> Int8,
        name -> Text,
        top_id -> Int8,
    }
}

diesel::table! {
    leaf (id) {
        id -> Int8,
        name -> Text,
        middle_id -> Int8,
    }
}

diesel::joinable!(part -> item (item_id));
diesel::joinable!(middle -> top (top_id));
diesel::joinable!(leaf -> middle (middle_id));
diesel::allow_tables_to_appear_in_same_query!(item, part);
diesel::allow_tables_to_appear_in_same_query!(top, middle, leaf);

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = item)]
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) amount: i32,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = part)]
pub(crate) struct Part {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) item_id: Option<i64>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = entry)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) amount: i32,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = entry)]
pub(crate) struct NewEntry<'a> {
    pub(crate) name: &'a str,
    pub(crate) amount: i32,
}

/// As its `copy_from` wants it.
#[derive(Debug, Insertable)]
#[diesel(table_name = entry, treat_none_as_default_value = false)]
pub(crate) struct CopiedEntry<'a> {
    pub(crate) name: &'a str,
    pub(crate) amount: i32,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = stock)]
pub(crate) struct NewStock<'a> {
    pub(crate) code: i64,
    pub(crate) name: &'a str,
    pub(crate) amount: i32,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Queryable, Selectable, Identifiable)]
#[diesel(table_name = top)]
pub(crate) struct Top {
    pub(crate) id: i64,
    pub(crate) name: String,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = middle, belongs_to(Top))]
pub(crate) struct Middle {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) top_id: i64,
}

#[allow(dead_code, reason = "what is read is part of the work")]
#[derive(Debug, Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = leaf, belongs_to(Middle))]
pub(crate) struct Leaf {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) middle_id: i64,
}

/// A tree, put together by hand as its guide shows.
pub(crate) fn tree(tops: Vec<Top>, middles: Vec<Middle>, leaves: Vec<Leaf>) -> Vec<(Top, Vec<(Middle, Vec<Leaf>)>)> {
    let leaves = leaves.grouped_by(&middles);
    let middles = middles.into_iter().zip(leaves).grouped_by(&tops);
    tops.into_iter().zip(middles).collect()
}
