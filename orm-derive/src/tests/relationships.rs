//! Relationships that are refused.

use super::{assert_fields_refused, assert_refused, model};
use crate::derive_model;

#[test]
fn relationships_say_what_they_lead_to() {
    assert_fields_refused(&[
        (
            "a: HasMany<B>",
            &[
                "a `HasMany` says what it leads to: add `has_many = Model::field`, or `through = (Model::field, Model::field)`",
            ],
        ),
        ("a: HasOne<B>", &["a `HasOne` says what it leads to: add `has_one = Model::field`"]),
        (
            "a: BelongsTo<B>",
            &["a `BelongsTo` says what it leads to: add `belongs_to = field`, with the field that holds the key"],
        ),
        ("#[model(has_many = B::a)] a: Vec<B>", &["`has_many` needs a field of type `HasMany<…>`; change the type"]),
        ("#[model(belongs_to = id)] a: B", &["`belongs_to` needs a field of type `BelongsTo<…>`; change the type"]),
        ("#[model(has_one = B::a)] a: HasMany<B>", &["`has_one` needs a field of type `HasOne<…>`; change the type"]),
        (
            "#[model(has_many = B::a, through = (C::a, C::b))] a: HasMany<B>",
            &["`has_many` and `through` exclude each other; keep one"],
        ),
        (
            "#[model(belongs_to = idd)] a: BelongsTo<B>",
            &["unknown field `idd` in #[model(belongs_to)]; did you mean `id`?"],
        ),
        (
            "b: i32, #[model(belongs_to = b)] a: BelongsTo<B>",
            &["`b` is no foreign key; put `#[model(references = B::…)]` on it"],
        ),
        (
            "#[model(has_many = B::a)] b: HasMany<B>, #[model(belongs_to = b)] a: BelongsTo<B>",
            &["`b` in #[model(belongs_to)] is no column; name the field that holds the value"],
        ),
    ]);
}

#[test]
fn attributes_of_relationships_stand_at_the_right_end() {
    let key = "#[model(references = B::id)] b_id: i32,";
    let cases: &[(&str, &[&str])] = &[
        ("#[model(has_many = B::a, backref = x)] a: HasMany<B>", &["`backref` belongs on a `belongs_to`; remove it"]),
        ("#[model(has_many = B::a, foreign)] a: HasMany<B>", &["`foreign` belongs on a `belongs_to`; remove it"]),
        (
            "#[model(belongs_to = b_id, foreign)] a: BelongsTo<B>",
            &["`foreign` says how `backref` is declared; add `backref = name`"],
        ),
        (
            "#[model(belongs_to = b_id, backref = x, back_populates = x)] a: BelongsTo<B>",
            &["`backref` declares what `back_populates` would name; keep one of them"],
        ),
        (
            "#[model(has_many = B::a, back_populates = b)] a: HasMany<B>",
            &["`b` is not the other side; write `back_populates = a`"],
        ),
        (
            "#[model(through = (C::a, C::b), back_populates = b)] a: HasMany<B>",
            &["`back_populates` is for two sides of one foreign key; remove it"],
        ),
        (
            "#[model(belongs_to = b_id, order_by = B::id)] a: BelongsTo<B>",
            &["`order_by` orders a collection, and a `BelongsTo` is none; remove it"],
        ),
        (
            "#[model(has_one = B::a, order_by = B::id)] a: HasOne<B>",
            &["`order_by` orders a collection, and a `HasOne` is none; remove it"],
        ),
        (
            "#[model(belongs_to = b_id, orphans = delete)] a: BelongsTo<B>",
            &["`orphans` is a rule of the parent; put it on the `has_many` or `has_one` there"],
        ),
        (
            "#[model(through = (C::a, C::b), orphans = delete)] a: HasMany<B>",
            &["`orphans` is for children with a foreign key, not for `through`; remove it"],
        ),
    ];
    for (fields, expected) in cases {
        assert_refused(derive_model, &[(&model("", &format!("{key} {fields}")), expected)]);
    }
}

#[test]
fn the_columns_of_a_composite_key_agree() {
    let fields = |first: &str, second: &str| {
        format!(
            "#[model(references = B::a, {first})] a: i32, #[model(references = B::b, {second})] b: Option<i32>, \
             #[model(belongs_to = (a, b))] x: BelongsTo<B>"
        )
    };
    assert_fields_refused(&[
        (&fields("", ""), &[]),
        (
            &fields("on_delete = cascade", "on_delete = restrict"),
            &["the columns of one foreign key have one rule, and `a` says `cascade`; make them the same"],
        ),
        (
            &fields("", "on_delete = set_null"),
            &["`set_null` needs columns that may be NULL; make the type of `a` an `Option<…>`"],
        ),
        (
            &format!("{}, #[model(belongs_to = a)] y: BelongsTo<B>", fields("", "")),
            &["`a` is part of the key of `x`, and a column has one foreign key; give this one columns of its own"],
        ),
    ]);
}
