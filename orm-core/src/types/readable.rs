//! Parameters as a person reads them, for those who ask: [`readable`] is the only way from a [`Value`] to words.
//!
//! The bytes are PostgreSQL's binary format, by the type of the field. What is not known here is shown as bytes.

use std::fmt::Write;

use super::array::raw_elements;
use super::typedef::TypeDef;
use super::value::Value;

/// The value as SQL would write it, or nearly so: `'paid'`, `42`, `NULL`, `['a', 'b']`.
pub(crate) fn readable(value: &Value) -> String {
    let mut out = String::new();
    match value.as_bytes() {
        _ if value.refusal().is_some() => out.push_str("(cannot be sent)"),
        None => out.push_str("NULL"),
        Some(bytes) if value.is_array() => array(value.type_def(), bytes, &mut out),
        Some(bytes) => element_or_scalar(value.type_def(), bytes, &mut out),
    }
    out
}

fn element_or_scalar(ty: &TypeDef, bytes: &[u8], out: &mut String) {
    match ty.element() {
        Some(element) => array(element, bytes, out),
        None => scalar(ty, bytes, out),
    }
}

fn array(element: &TypeDef, bytes: &[u8], out: &mut String) {
    let mut elements = Vec::new();
    if raw_elements(bytes, &mut elements).is_err() {
        return hexadecimal(bytes, out);
    }
    out.push('[');
    for (i, raw) in elements.into_iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        match raw {
            Some(raw) => element_or_scalar(element, raw, out),
            None => out.push_str("NULL"),
        }
    }
    out.push(']');
}

fn scalar(ty: &TypeDef, bytes: &[u8], out: &mut String) {
    if known(ty, bytes, out).is_none() {
        hexadecimal(bytes, out);
    }
}

/// Nothing is written unless it is `Some`.
fn known(ty: &TypeDef, bytes: &[u8], out: &mut String) -> Option<()> {
    // A type that only the server knows is an enum, whose labels are text, or an extension's, which may be.
    let name = if ty.oid() == 0 { "text" } else { ty.name() };
    let written = match name {
        "bool" => write!(out, "{}", *bytes.first()? != 0),
        "int2" => write!(out, "{}", i16::from_be_bytes(bytes.try_into().ok()?)),
        "int4" => write!(out, "{}", i32::from_be_bytes(bytes.try_into().ok()?)),
        "int8" => write!(out, "{}", i64::from_be_bytes(bytes.try_into().ok()?)),
        "oid" => write!(out, "{}", u32::from_be_bytes(bytes.try_into().ok()?)),
        "float4" => write!(out, "{}", f32::from_be_bytes(bytes.try_into().ok()?)),
        "float8" => write!(out, "{}", f64::from_be_bytes(bytes.try_into().ok()?)),
        "numeric" => write!(out, "{}", numeric(bytes)?),
        "uuid" => write!(out, "'{}'", uuid(bytes)?),
        "date" => write!(out, "'{}'", date(i32::from_be_bytes(bytes.try_into().ok()?))),
        "time" => write!(out, "'{}'", time(i64::from_be_bytes(bytes.try_into().ok()?))),
        "timestamp" => write!(out, "'{}'", timestamp(i64::from_be_bytes(bytes.try_into().ok()?), "")),
        "timestamptz" => write!(out, "'{}'", timestamp(i64::from_be_bytes(bytes.try_into().ok()?), "+00")),
        "jsonb" => write!(out, "{}", quoted(text(bytes.split_first()?.1)?)),
        "json" | "text" | "varchar" | "bpchar" | "name" | "xml" => write!(out, "{}", quoted(text(bytes)?)),
        _ => return None,
    };
    written.ok()
}

/// Text that is fit to be shown: without characters that steer a terminal.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'))).then_some(text)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn hexadecimal(bytes: &[u8], out: &mut String) {
    out.push_str("'\\x");
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out.push('\'');
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let mut out = String::new();
    if bytes.len() != 16 {
        return None;
    }
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        let _ = write!(out, "{byte:02x}");
    }
    Some(out)
}

/// The date of a number of days since 2000-01-01.
fn date(days: i32) -> String {
    match days {
        i32::MAX => return "infinity".to_owned(),
        i32::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (year, month, day) = civil(i64::from(days));
    format!("{year:04}-{month:02}-{day:02}")
}

/// The date of a number of days since 2000-01-01, PostgreSQL's epoch.
fn civil(days: i64) -> (i64, i64, i64) {
    // Days since 0000-03-01, so that the leap day is the last of its year.
    let days = days + 730_425;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn time(microseconds: i64) -> String {
    let seconds = microseconds.div_euclid(1_000_000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = microseconds.rem_euclid(1_000_000);
    let mut out = format!("{hours:02}:{minutes:02}:{seconds:02}");
    if fraction != 0 {
        let _ = write!(out, ".{fraction:06}");
    }
    out
}

fn timestamp(microseconds: i64, zone: &str) -> String {
    const DAY: i64 = 86_400_000_000;
    match microseconds {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        _ => {
            let (year, month, day) = civil(microseconds.div_euclid(DAY));
            format!("{year:04}-{month:02}-{day:02} {}{zone}", time(microseconds.rem_euclid(DAY)))
        }
    }
}

/// `numeric`: groups of four digits, the place of the first, the sign, and how many digits stand behind the point.
fn numeric(bytes: &[u8]) -> Option<String> {
    let word = |at: usize| bytes.get(2 * at..2 * at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (groups, weight, sign, scale) = (usize::from(word(0)?), word(1)?.cast_signed(), word(2)?, word(3)?);
    let mut out = String::new();
    match sign {
        0x0000 => {}
        0x4000 => out.push('-'),
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    }
    let group = |place: i32| {
        let at = i32::from(weight) - place;
        usize::try_from(at).ok().filter(|at| *at < groups).map_or(Some(0), |at| word(4 + at))
    };
    out.push_str(&group(i32::from(weight).max(0))?.to_string());
    for place in (0..i32::from(weight)).rev() {
        let _ = write!(out, "{:04}", group(place)?);
    }
    if scale > 0 {
        let mut fraction = String::new();
        for place in 1..=i32::from(scale.div_ceil(4)) {
            let _ = write!(fraction, "{:04}", group(-place)?);
        }
        fraction.truncate(usize::from(scale));
        let _ = write!(out, ".{fraction}");
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_standard_library_are_shown_as_sql_writes_them() {
        let shown = [
            readable(&Value::of(&true)),
            readable(&Value::of(&-7i16)),
            readable(&Value::of(&7i32)),
            readable(&Value::of(&i64::MAX)),
            readable(&Value::of(&0.5f64)),
            readable(&Value::of(&"it's".to_owned())),
            readable(&Value::of(&None::<i32>)),
            readable(&Value::of(&vec![0xC0u8, 0x01])),
            readable(&Value::of(&vec!["a".to_owned(), "b".to_owned()])),
            readable(&Value::of(&Vec::<i32>::new())),
            readable(&Value::of(&vec![Some(1i32), None])),
            readable(&Value::text("a\u{1b}[31m")),
            readable(&Value::text("a\0")),
        ];
        assert_eq!(
            shown,
            [
                "true",
                "-7",
                "7",
                "9223372036854775807",
                "0.5",
                "'it''s'",
                "NULL",
                "'\\xc001'",
                "['a', 'b']",
                "[]",
                "[1, NULL]",
                "'\\x611b5b33316d'",
                "(cannot be sent)",
            ]
        );
    }

    #[test]
    fn dates_are_counted_from_the_year_2000() {
        assert_eq!(date(0), "2000-01-01");
        assert_eq!(date(59), "2000-02-29");
        assert_eq!(date(-1), "1999-12-31");
        assert_eq!(date(9_824), "2026-11-24");
        assert_eq!(date(i32::MAX), "infinity");
        assert_eq!(timestamp(-1, "+00"), "1999-12-31 23:59:59.999999+00");
        assert_eq!(timestamp(3_661_000_000, ""), "2000-01-01 01:01:01");
    }

    #[test]
    fn numbers_are_put_together_of_groups_of_four_digits() {
        let bytes = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        assert_eq!(numeric(&bytes(&[0, 0, 0, 0])).as_deref(), Some("0"));
        assert_eq!(numeric(&bytes(&[3, 1, 0, 2, 1, 2345, 6700])).as_deref(), Some("12345.67"));
        assert_eq!(numeric(&bytes(&[1, 1, 0x4000, 0, 12])).as_deref(), Some("-120000"));
        assert_eq!(numeric(&bytes(&[1, 0xFFFE, 0, 8, 5])).as_deref(), Some("0.00000005"));
        assert_eq!(numeric(&bytes(&[0, 0, 0xC000, 0])).as_deref(), Some("NaN"));
        assert_eq!(numeric(&bytes(&[1, 0, 0, 0])), None);
    }
}
