//! Projections and statements that are refused.

use quote::quote;

use super::assert_refused;
use crate::derive_projection;

#[test]
fn projections_say_what_they_are_filled_from() {
    let model = "#[projection(model = Course)]";
    let no_struct = "a projection is a struct with named fields; write `struct CourseView { name: String }`";
    let twice = "a field comes from one place; keep one of `column`, `expr` and `relation`";
    assert_refused(
        derive_projection,
        &[
            ("struct A { a: i32 }", &["`A` names no model; put `#[projection(model = …)]` on the struct"]),
            ("struct A(i32);", &[no_struct]),
            ("struct A;", &[no_struct]),
            ("enum A { B }", &[no_struct]),
            (&format!("{model} struct A {{}}"), &["a projection has at least one field; add what shall be read"]),
            (
                &format!("{model} struct A<T> {{ a: T }}"),
                &["a projection has no type parameters, constants or lifetimes; remove them"],
            ),
            (&format!("{model} struct A {{ #[projection(column = Course::a, expr = b)] a: i32 }}"), &[twice]),
            (&format!("{model} struct A {{ #[projection(relation = Course::a, expr = b)] a: i32 }}"), &[twice]),
            (
                &format!("{model} struct A {{ #[projection(colum = Course::a)] a: i32 }}"),
                &["unknown attribute `colum`; did you mean `column`?"],
            ),
            (
                &format!("{model} struct A {{ #[projection(column = \"a\")] a: i32 }}"),
                &["`column` is written `column = Model::field`"],
            ),
            (
                &format!("{model} struct A {{ #[projection(expr)] a: i32 }}"),
                &["`expr` is written `expr = Model::field.method(…)`"],
            ),
            (
                &format!("{model} struct A {{ #[projection(model = Course)] a: i32 }}"),
                &["`model` is not expected here; it belongs on the projection"],
            ),
            ("#[projection(model = \"Course\")] struct A { a: i32 }", &["`model` is written `model = Model`"]),
            (
                "#[projection] struct A { a: i32 }",
                &["write the attributes of a projection in parentheses: `#[projection(…)]`"],
            ),
            (
                "#[projection(model = Course, join = Homework)] struct A { a: i32 }",
                &["`join` is written `join(Model, Model)`"],
            ),
            (
                "#[projection(model = Course, join(Homework, Course), left_join(Homework))] struct A { a: i32 }",
                &[
                    "`Course` is among the tables of the projection already; remove it",
                    "`Homework` is among the tables of the projection already; remove it",
                ],
            ),
        ],
    );
}

/// The message of a statement that is refused.
fn refused(tokens: &proc_macro2::TokenStream) -> String {
    let code = crate::statement::statement(quote!(krate, #tokens)).to_string();
    let expr: syn::Expr = syn::parse_str(&code).expect("an expression");
    match expr {
        syn::Expr::Macro(call) => call.mac.parse_body::<syn::LitStr>().expect("a message").value(),
        _ => panic!("not refused: {code}"),
    }
}

#[test]
fn a_statement_is_a_literal() {
    let no_literal = "`sql!` takes a string literal and nothing else, so that no value becomes SQL; \
                      put values into its braces, `\"… where id = {id}\"`";
    for tokens in [
        quote!(text),
        quote!(concat!("a", "b")),
        quote!(format!("select 1")),
        quote!("a" + "b"),
        quote!(&"a"),
        quote!(b"select 1"),
        quote!(1),
        quote!(select 1),
    ] {
        assert_eq!(refused(&tokens), no_literal);
    }
    let more = "`sql!` takes the literal alone; put the values into its braces, `\"… where id = {id}\"`";
    assert_eq!(refused(&quote!("select {}", id)), more);
    assert_eq!(refused(&quote!()), "`sql!` takes a statement; write it as a literal");
    assert_eq!(refused(&quote!("select {}")), "the placeholder `{}` is empty; put a name or an expression into it");
}

#[test]
fn a_name_is_one_parameter_and_an_expression_each_time_another() {
    let code = crate::statement::statement(quote!(krate, r"select {a}, {b}, {a}, {a + 1}, {a + 1}, {b}",)).to_string();
    assert!(code.contains("& [0usize , 1usize , 0usize , 2usize , 3usize , 1usize]"), "{code}");
    assert_eq!(code.matches("param").count(), 4, "{code}");
}
