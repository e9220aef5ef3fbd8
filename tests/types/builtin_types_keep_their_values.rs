//! Numbers, texts, bytes and booleans, at the ends of their ranges.

use crate::round_trip;

round_trip!(booleans: bool, "boolean", [true, false]);
round_trip!(small_integers: i16, "smallint", [0, 1, -1, i16::MIN, i16::MAX]);
round_trip!(integers: i32, "integer", [0, 1, -1, i32::MIN, i32::MAX]);
round_trip!(big_integers: i64, "bigint", [0, 1, -1, i64::MIN, i64::MAX]);
round_trip!(
    single_floats: f32,
    "real",
    [0.0, -0.0, 1.5, f32::MIN, f32::MAX, f32::MIN_POSITIVE, 1e-45, f32::INFINITY, f32::NEG_INFINITY, f32::NAN],
    |a, b| a.to_bits() == b.to_bits()
);
round_trip!(
    double_floats: f64,
    "double precision",
    [0.0, -0.0, 0.1, f64::MIN, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN],
    |a, b| a.to_bits() == b.to_bits()
);
round_trip!(
    texts: String,
    "text",
    [
        String::new(),
        " ".into(),
        "null".into(),
        "NULL".into(),
        "{a,\"b\"}".into(),
        "it's $1 \\ \"quoted\" % _".into(),
        "новая строка\n\r\t".into(),
        "👩‍👩‍👧‍👦 e\u{301} \u{202e} \u{feff} \u{10ffff} \u{1}".into(),
        "ж".repeat(512 * 1024),
    ]
);
round_trip!(
    bytes: Vec<u8>,
    "bytea",
    [Vec::new(), vec![0], vec![0, 0, 0], (0..=255).collect(), b"\\x00".to_vec(), vec![255; 1024 * 1024]]
);
