//! With the feature `serde`, a value that the server makes is a number or null.

use orm_core::types::Auto;

#[test]
fn both_ways() {
    assert_eq!(serde_json::to_string(&[Auto::Value(7), Auto::Pending]).expect("a text"), "[7,null]");
    let read: Vec<Auto<i32>> = serde_json::from_str("[7,null]").expect("a list");
    assert_eq!(read, [Auto::Value(7), Auto::Pending]);
    assert!(serde_json::from_str::<Auto<i32>>("\"x\"").is_err());
}
