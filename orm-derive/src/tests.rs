//! What the derives emit for a small model, and what they say to everything that they refuse.

use std::fs;
use std::path::Path;

use crate::{derive_enumeration, derive_model, derive_newtype};

/// Compares the expansion of a four-column model with the one that is kept: growth shows in review.
/// `ORM_BLESS=1` writes it anew.
#[test]
fn the_expansion_of_a_small_model_stays_small() {
    let input = syn::parse_str(
        r#"
        #[model(table = "homework")]
        pub struct Homework {
            #[model(primary_key)]
            pub id: Auto<i32>,
            pub number: i32,
            pub description: String,
            #[model(references = Course::id)]
            pub course_id: i32,
            #[model(belongs_to = course_id)]
            pub course: BelongsTo<Course>,
        }
        "#,
    )
    .unwrap();
    let file = syn::parse2(derive_model(&input)).unwrap();
    let expansion = prettyplease::unparse(&file);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/golden/homework.rs.txt");
    if std::env::var_os("ORM_BLESS").is_some() {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        fs::write(&golden, &expansion).unwrap();
    }
    let kept = fs::read_to_string(&golden).unwrap_or_default();
    assert!(
        kept == expansion,
        "the expansion has changed; look at it and run with ORM_BLESS=1:\n{expansion}"
    );
}

type Derive = fn(&syn::DeriveInput) -> proc_macro2::TokenStream;

/// The messages of the `compile_error!`s in an expansion.
fn messages(derive: Derive, input: &str) -> Vec<String> {
    let input = syn::parse_str(input).unwrap_or_else(|error| panic!("{error}: {input}"));
    let file: syn::File = syn::parse2(derive(&input)).unwrap();
    file.items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Macro(item) if item.mac.path.segments.last()?.ident == "compile_error" => {
                Some(item.mac.parse_body::<syn::LitStr>().unwrap().value())
            }
            _ => None,
        })
        .collect()
}

/// Compares the messages for each input, which are the whole of what a user sees.
fn assert_refused(derive: Derive, table: &[(&str, &[&str])]) {
    for (input, expected) in table {
        let messages = messages(derive, input);
        assert_eq!(messages, *expected, "for {input}");
        for message in messages {
            assert!(
                !message.ends_with('.') && !message.starts_with(char::is_uppercase),
                "{message}"
            );
        }
    }
}

/// A model with these attributes and fields beside its key.
fn model(attrs: &str, fields: &str) -> String {
    format!("{attrs} struct Course {{ #[model(primary_key)] id: Auto<i32>, {fields} }}")
}

/// Like [`assert_refused`], for [`model`]s without attributes of the struct.
fn assert_fields_refused(table: &[(&str, &[&str])]) {
    for (fields, expected) in table {
        assert_refused(derive_model, &[(&model("", fields), expected)]);
    }
}

#[test]
fn what_is_no_struct_with_named_fields_is_refused() {
    assert_refused(
        derive_model,
        &[
            (
                "struct A(i32);",
                &["a model has named fields, one a column; name them: `struct Course { id: … }`"],
            ),
            (
                "struct A;",
                &["a model has fields, one a column; add them: `struct Course { id: … }`"],
            ),
            (
                "enum A { B }",
                &["a model is a struct; for a column's type, use `#[derive(Enum)]`"],
            ),
            ("union A { a: i32 }", &["a model is a struct; make it one"]),
            (
                "struct A<T> { #[model(primary_key)] id: T }",
                &[
                    "a model is one table and has no type parameters, constants or lifetimes; remove them",
                ],
            ),
            (
                "struct A<'a> { #[model(primary_key)] id: &'a str }",
                &[
                    "a model is one table and has no type parameters, constants or lifetimes; remove them",
                ],
            ),
        ],
    );
}

#[test]
fn unknown_misplaced_and_double_attributes_are_refused() {
    assert_fields_refused(&[
        (
            "#[model(lenght = 3)] a: String",
            &["unknown attribute `lenght`; did you mean `length`?"],
        ),
        (
            "#[model(table = \"x\")] a: String",
            &["`table` is not expected here; it belongs on the struct"],
        ),
        (
            "#[model(length = 3, length = 4)] a: String",
            &["duplicate attribute `length`; keep one of them"],
        ),
        (
            "#[model(length = 3)] #[model(length = 4)] a: String",
            &["duplicate attribute `length`; keep one of them"],
        ),
        (
            "#[model] a: String",
            &["write the attributes of a model in parentheses: `#[model(…)]`"],
        ),
        (
            "#[model(order_by = B::a)] a: String",
            &["`order_by` belongs on a relationship, and `a` is a column; remove it"],
        ),
        (
            "#[model(has_many = B::a, unique)] a: HasMany<B>",
            &["`unique` belongs on a column, and `a` is a relationship; remove it"],
        ),
        (
            "#[model(skip, length = 3)] a: String",
            &["a skipped field is in no table; remove `length` or `skip`"],
        ),
    ]);
    assert_refused(
        derive_model,
        &[
            (
                &model("#[model(length = 3)]", ""),
                &["`length` is not expected here; it belongs on a column"],
            ),
            (
                &model("#[model(has_many = A::b)]", ""),
                &["`has_many` is not expected here; it belongs on a relationship"],
            ),
            (
                &model("#[model(colour)]", ""),
                &[
                    "unknown attribute `colour`; known are table, schema, primary_key, unique, index, check, comment, constants, crate",
                ],
            ),
            (
                &model("#[model(table = \"a\", table = \"b\")]", ""),
                &["duplicate attribute `table`; keep one of them"],
            ),
        ],
    );
}

#[test]
fn attributes_of_the_wrong_shape_are_refused_with_the_right_one() {
    assert_refused(
        derive_model,
        &[
            (
                &model("#[model(table = 3)]", ""),
                &["`table` is written `table = \"name\"`"],
            ),
            (
                &model("#[model(table(\"x\"))]", ""),
                &["`table` is written `table = \"name\"`"],
            ),
            (
                &model("#[model(table)]", ""),
                &["`table` is written `table = \"name\"`"],
            ),
            (
                &model("#[model(constants = on)]", ""),
                &["`constants` is written `constants = off`"],
            ),
            (
                &model("#[model(check(3))]", ""),
                &["`check` is written `check(\"sql\")` or `check(\"sql\", name = \"name\")`"],
            ),
            (
                &model("#[model(unique)]", ""),
                &[
                    "`unique` is written `unique(field, field)` or `unique(field, field, name = \"name\")`",
                ],
            ),
            (
                &model("#[model(index(id, sort = \"x\"))]", ""),
                &[
                    "`index` is written `index(field, field)`, also with `unique`, `using = \"gin\"`, `where = \"sql\"`, `name = \"name\"`",
                ],
            ),
        ],
    );
    assert_fields_refused(&[
        (
            "#[model(length = \"3\")] a: String",
            &["`length` is written `length = 40`"],
        ),
        (
            "#[model(version = 3)] a: i32",
            &["`version` is written `version`"],
        ),
        (
            "#[model(references = id)] a: i32",
            &["`references` is written `references = Model::field`"],
        ),
        (
            "#[model(references = B::id, on_delete = destroy)] a: i32",
            &[
                "`on_delete` is written `on_delete = cascade`, `restrict`, `set_null`, `set_default` or `no_action`",
            ],
        ),
        (
            "#[model(has_many = bs)] a: HasMany<B>",
            &["`has_many` is written `has_many = Model::field`"],
        ),
        (
            "#[model(through = A::b)] a: HasMany<B>",
            &[
                "`through` is written `through = (Model::field, Model::field)` or `through(\"table\", column, column)`",
            ],
        ),
        (
            "#[model(has_many = B::a, orphans = keep)] a: HasMany<B>",
            &["`orphans` is written `orphans = delete` or `orphans = nullify`"],
        ),
    ]);
}

#[test]
fn a_model_has_one_primary_key() {
    assert_refused(
        derive_model,
        &[
            (
                "struct A { id: Auto<i32> }",
                &[
                    "`A` has no primary key; put `#[model(primary_key)]` on a field, or `#[model(primary_key(a, b))]` on the struct",
                ],
            ),
            (
                "#[model(primary_key(a))] struct A { #[model(primary_key)] id: i32, a: i32 }",
                &["the struct has a `primary_key(…)` already; remove one of the two"],
            ),
            (
                "struct A { #[model(primary_key)] id: Option<i32> }",
                &["a primary key is never NULL; take the type out of the `Option`"],
            ),
            (
                "#[model(primary_key(a, b))] struct A { a: i32, b: Option<i32> }",
                &["a primary key is never NULL; take the type out of the `Option`"],
            ),
            (
                "struct A { #[model(primry_key)] id: i32 }",
                &["unknown attribute `primry_key`; did you mean `primary_key`?"],
            ),
        ],
    );
}

#[test]
fn lists_name_columns() {
    assert_refused(
        derive_model,
        &[
            (
                &model("#[model(unique(titel))]", "title: String"),
                &["unknown field `titel` in #[model(unique)]; did you mean `title`?"],
            ),
            (
                &model("#[model(index(xyz))]", "title: String"),
                &["unknown field `xyz` in #[model(index)]; name a field of the struct"],
            ),
            (
                &model("#[model(unique(id, id))]", ""),
                &["`id` is listed twice in #[model(unique)]; remove one"],
            ),
            (
                &model(
                    "#[model(unique(bs))]",
                    "#[model(has_many = B::a)] bs: HasMany<B>",
                ),
                &["`bs` in #[model(unique)] is no column; name the field that holds the value"],
            ),
            (
                "#[model(primary_key(a, c))] struct A { a: i32, b: i32 }",
                &["unknown field `c` in #[model(primary_key)]; did you mean `a`?"],
            ),
        ],
    );
}

#[test]
fn names_fit_into_the_database() {
    let long = "x".repeat(64);
    let too_long = "the name has 64 bytes and PostgreSQL cuts it at 63; shorten it";
    let empty = "the name is empty; give it at least one character";
    let nul = "the name has a NUL byte, which PostgreSQL refuses; remove it";
    for (name, fault) in [("", empty), ("\\0", nul), (&long, too_long)] {
        for attrs in [
            "table = \"N\"",
            "schema = \"N\"",
            "unique(id, name = \"N\")",
            "index(id, name = \"N\")",
            "check(\"true\", name = \"N\")",
        ] {
            let attrs = format!("#[model({})]", attrs.replace('N', name));
            assert_refused(derive_model, &[(&model(&attrs, ""), &[fault])]);
        }
        for attrs in [
            "column = \"N\"",
            "unique(name = \"N\")",
            "index(name = \"N\")",
            "check(\"true\", name = \"N\")",
        ] {
            let fields = format!("#[model({})] a: i32", attrs.replace('N', name));
            assert_refused(derive_model, &[(&model("", &fields), &[fault])]);
        }
        let through = format!("#[model(through(\"{name}\", a, b))] bs: HasMany<B>");
        assert_refused(derive_model, &[(&model("", &through), &[fault])]);
    }
    let by_column = format!("{too_long} by `column = \"…\"`");
    assert_refused(
        derive_model,
        &[(&model("", &format!("{long}: i32")), &[&by_column])],
    );
}

#[test]
fn names_do_not_clash() {
    assert_fields_refused(&[
        (
            "a: i32, #[model(column = \"a\")] b: i32",
            &["`a` and `b` are both the column `a`; name another by `column = \"…\"`"],
        ),
        (
            "c: i32",
            &["`c` clashes with the model's own `c`; put `#[model(constants = off)]` on the field"],
        ),
        (
            "TABLE: i32",
            &[
                "`TABLE` clashes with the model's own `TABLE`; put `#[model(constants = off)]` on the field",
            ],
        ),
        (
            "builder: i32",
            &[
                "`builder` clashes with the model's own `builder`; put `#[model(constants = off)]` on the field",
            ],
        ),
        (
            "build: i32",
            &[
                "`build` clashes with the builder's method; rename the field and keep the column by `column = \"build\"`",
            ],
        ),
        ("#[model(constants = off)] c: i32", &[]),
    ]);
}

#[test]
fn columns_keep_the_rules_of_the_database() {
    assert_fields_refused(&[
        (
            "a: Auto<i32>",
            &[
                "an `Auto` value is made by the server; say how by `default = \"sql\"` or `generated = \"sql\"`, or take the type out of the `Auto`",
            ],
        ),
        ("#[model(default = \"now()\")] a: Auto<i32>", &[]),
        (
            "#[model(generated = \"x\")] a: i32",
            &[
                "a generated value is unknown before it is written; make the type an `Auto<…>` or an `Option<…>`",
            ],
        ),
        (
            "#[model(generated = \"x\", default = \"1\")] a: Auto<i32>",
            &["a generated column has no default; remove `default` or `generated`"],
        ),
        (
            "#[model(length = 3)] a: i32",
            &[
                "`length` is for `String`, `Option<String>` and `Auto<String>`; write the type by `sql_type = \"…\"`",
            ],
        ),
        (
            "#[model(length = 0)] a: Option<String>",
            &["a length is a number from 1 to 10485760; leave `length` out for text of any length"],
        ),
        (
            "#[model(on_delete = cascade)] a: i32",
            &["`on_delete` is for foreign keys; add `references = Model::field`"],
        ),
        (
            "#[model(deferrable)] a: i32",
            &["`deferrable` is for foreign keys; add `references = Model::field`"],
        ),
        (
            "#[model(index = false)] a: i32",
            &["`index = false` is for foreign keys, which have an index otherwise; remove it"],
        ),
        (
            "#[model(references = B::id, on_delete = set_null)] a: i32",
            &["`set_null` needs columns that may be NULL; make the type of `a` an `Option<…>`"],
        ),
        (
            "#[model(references = B::id, on_delete = set_null)] a: Option<i32>",
            &[],
        ),
        (
            "#[model(version)] a: i32, #[model(version)] b: i32",
            &["a model has one `version`; remove this one"],
        ),
    ]);
}

#[test]
fn relationships_say_what_they_lead_to() {
    assert_fields_refused(&[
        (
            "a: HasMany<B>",
            &[
                "a `HasMany` says what it leads to: add `has_many = Model::field`, or `through = (Model::field, Model::field)`",
            ],
        ),
        (
            "a: HasOne<B>",
            &["a `HasOne` says what it leads to: add `has_one = Model::field`"],
        ),
        (
            "a: BelongsTo<B>",
            &[
                "a `BelongsTo` says what it leads to: add `belongs_to = field`, with the field that holds the key",
            ],
        ),
        (
            "#[model(has_many = B::a)] a: Vec<B>",
            &["`has_many` needs a field of type `HasMany<…>`; change the type"],
        ),
        (
            "#[model(belongs_to = id)] a: B",
            &["`belongs_to` needs a field of type `BelongsTo<…>`; change the type"],
        ),
        (
            "#[model(has_one = B::a)] a: HasMany<B>",
            &["`has_one` needs a field of type `HasOne<…>`; change the type"],
        ),
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
        (
            "#[model(has_many = B::a, backref = x)] a: HasMany<B>",
            &["`backref` belongs on a `belongs_to`; remove it"],
        ),
        (
            "#[model(has_many = B::a, foreign)] a: HasMany<B>",
            &["`foreign` belongs on a `belongs_to`; remove it"],
        ),
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
        assert_refused(
            derive_model,
            &[(&model("", &format!("{key} {fields}")), expected)],
        );
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
            &[
                "the columns of one foreign key have one rule, and `a` says `cascade`; make them the same",
            ],
        ),
        (
            &fields("", "on_delete = set_null"),
            &["`set_null` needs columns that may be NULL; make the type of `a` an `Option<…>`"],
        ),
        (
            &format!(
                "{}, #[model(belongs_to = a)] y: BelongsTo<B>",
                fields("", "")
            ),
            &[
                "`a` is part of the key of `x`, and a column has one foreign key; give this one columns of its own",
            ],
        ),
    ]);
}

#[test]
fn all_errors_come_at_once() {
    let fields =
        "#[model(lenght = 3)] a: String, #[model(length = 0)] b: String, c: i32, d: HasOne<B>";
    assert_eq!(
        messages(derive_model, &model("#[model(table = \"\")]", fields)).len(),
        5
    );
}

#[test]
fn enums_without_labels_are_refused() {
    let long = format!("enum A {{ #[model(rename = \"{}\")] B }}", "x".repeat(64));
    assert_refused(
        derive_enumeration,
        &[
            (
                "struct A;",
                &[
                    "a native enum is made of an enum; use `#[derive(Newtype)]` for a wrapper, `#[derive(Model)]` for a table",
                ],
            ),
            (
                "enum A {}",
                &["a native enum has at least one label; add a variant"],
            ),
            (
                "enum A { B(i32), C }",
                &["a label of a native enum carries no values; remove the fields"],
            ),
            (
                "enum A<T> { B }",
                &[
                    "an enum in the database has no type parameters, constants or lifetimes; remove them",
                ],
            ),
            (
                "enum A { B, #[model(rename = \"b\")] C }",
                &["`B` and `C` are both the label `b`; rename one by `#[model(rename = \"…\")]`"],
            ),
            (
                &long,
                &["the name has 64 bytes and PostgreSQL cuts it at 63; shorten it"],
            ),
            (
                "enum A { #[model(rename = \"\")] B }",
                &["the name is empty; give it at least one character"],
            ),
            (
                "#[model(name = \"\")] enum A { B }",
                &["the name is empty; give it at least one character"],
            ),
            (
                "#[model(rename_all = \"snakecase\")] enum A { B }",
                &["unknown rule `snakecase` for the labels; did you mean `snake_case`?"],
            ),
            (
                "#[model(rename = \"x\")] enum A { B }",
                &["`rename` is not expected here; it belongs on a variant"],
            ),
            (
                "enum A { #[model(renam = \"x\")] B }",
                &["unknown attribute `renam`; did you mean `rename`?"],
            ),
            (
                "enum A { #[model(rename = 3)] B }",
                &["`rename` is written `rename = \"label\"`"],
            ),
        ],
    );
}

#[test]
fn newtypes_wrap_one_value() {
    let one = "a newtype is a struct with one field; write `struct CourseId(i32);`";
    assert_refused(
        derive_newtype,
        &[
            ("struct A(i32, i32);", &[one]),
            ("struct A;", &[one]),
            ("struct A { a: i32, b: i32 }", &[one]),
            ("enum A { B }", &[one]),
            (
                "struct A<T>(T);",
                &["a newtype has no type parameters, constants or lifetimes; remove them"],
            ),
            (
                "struct A(Option<i32>);",
                &[
                    "a newtype wraps the value itself; put the `Option` or `Auto` around the newtype instead",
                ],
            ),
            (
                "#[model(table = \"x\")] struct A(i32);",
                &["`table` is not expected here; it belongs on the struct"],
            ),
        ],
    );
}
