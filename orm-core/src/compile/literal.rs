//! Values as literals, for the few places of PostgreSQL's grammar that take no parameters: the predicate of a conflict's
//! target, and `COPY` of a query.

use std::fmt::Write as _;

use super::writer::{Spelling, Writer};
use crate::error::{Error, ErrorKind};
use crate::types::{TypeDef, Value, raw_elements};

impl Writer {
    /// Writes a value as a literal; one of a type that has none here is refused.
    pub(super) fn spelled(&mut self, value: &Value) {
        let ty = value.type_def();
        let Some(raw) = value.as_bytes() else {
            self.push("NULL");
            return;
        };
        let element = if value.is_array() { Some(ty) } else { ty.element() };
        let done = match element {
            Some(element) => self.spelled_array(element, raw),
            None => self.spelled_one(ty, raw),
        };
        if done.is_none() {
            let message =
                format!("a value of type `{}` cannot stand here, where PostgreSQL takes no parameter", ty.display());
            self.fail(Error::new(ErrorKind::Unsupported, message));
        }
    }

    fn spelled_array(&mut self, element: &'static TypeDef, raw: &[u8]) -> Option<()> {
        let mut elements = Vec::new();
        raw_elements(raw, &mut elements).ok()?;
        self.push("ARRAY[");
        for (i, raw) in elements.into_iter().enumerate() {
            self.push(if i > 0 { ", " } else { "" });
            match raw {
                Some(raw) => self.spelled_one(element, raw)?,
                None => _ = self.push("NULL"),
            }
        }
        self.push("]::");
        match element.enum_def() {
            Some(def) => self.qualified(def.schema, def.name),
            None => self.push(element.name()),
        };
        self.push("[]");
        Some(())
    }

    /// A text that the server reads as the value, with the type unless the other side gives it.
    fn spelled_one(&mut self, ty: &'static TypeDef, raw: &[u8]) -> Option<()> {
        // Its name may be that of one of these types, in a schema of its own.
        if ty.composite_def().is_some() {
            return None;
        }
        let bare = self.spelling() == Spelling::Bare;
        if let Some(def) = ty.enum_def() {
            self.literal(std::str::from_utf8(raw).ok()?);
            if !bare {
                self.push("::").qualified(def.schema, def.name);
            }
            return Some(());
        }
        match (ty.name(), raw) {
            ("bool", [flag]) => _ = self.push(if *flag == 0 { "FALSE" } else { "TRUE" }),
            ("int2", _) => self.whole(i16::from_be_bytes(raw.try_into().ok()?).into(), "int2", bare),
            ("int4", _) => self.whole(i32::from_be_bytes(raw.try_into().ok()?).into(), "int4", bare),
            ("int8", _) => self.whole(i64::from_be_bytes(raw.try_into().ok()?), "int8", bare),
            ("text" | "varchar" | "bpchar", _) => {
                self.literal(std::str::from_utf8(raw).ok()?);
                self.push(if bare { "" } else { "::text" });
            }
            ("float4", _) => self.float(f32::from_be_bytes(raw.try_into().ok()?).into(), "float4"),
            ("float8", _) => self.float(f64::from_be_bytes(raw.try_into().ok()?), "float8"),
            ("uuid", _) => _ = self.literal(&hex(raw)).push("::uuid"),
            ("bytea", _) => _ = self.literal(&format!("\\x{}", hex(raw))).push("::bytea"),
            ("jsonb", [1, text @ ..]) | ("json", text) => {
                self.literal(std::str::from_utf8(text).ok()?).push("::").push(ty.name());
            }
            ("date", _) => match i32::from_be_bytes(raw.try_into().ok()?) {
                i32::MAX => _ = self.push("'infinity'::date"),
                i32::MIN => _ = self.push("'-infinity'::date"),
                days => {
                    self.push("('2000-01-01'::date + ").whole(days.into(), "int4", false);
                    self.push(")");
                }
            },
            ("timestamp" | "timestamptz" | "time", _) => {
                self.time(ty.name(), i64::from_be_bytes(raw.try_into().ok()?));
            }
            _ => return None,
        }
        Some(())
    }

    fn whole(&mut self, number: i64, ty: &str, bare: bool) {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{number}");
        if bare && number >= 0 {
            self.push(&text);
            return;
        }
        // In quotes, so that a sign belongs to the number, and the least number is one.
        self.literal(&text).push("::").push(ty);
    }

    fn float(&mut self, number: f64, ty: &str) {
        let text = if number.is_nan() {
            "NaN".to_owned()
        } else if number.is_infinite() {
            if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
        } else {
            format!("{number:?}")
        };
        self.literal(&text).push("::").push(ty);
    }

    /// Microseconds since the year 2000, or since midnight. As a day and a time of that day: no interval of all microseconds
    /// can be written for every server.
    fn time(&mut self, ty: &str, microseconds: i64) {
        if ty != "time" && (microseconds == i64::MAX || microseconds == i64::MIN) {
            let text = if microseconds > 0 { "infinity" } else { "-infinity" };
            self.literal(text).push("::").push(ty);
            return;
        }
        const DAY: i64 = 86_400_000_000;
        let (days, time) = (microseconds.div_euclid(DAY), microseconds.rem_euclid(DAY));
        let (seconds, micros) = (time / 1_000_000, time % 1_000_000);
        let clock = format!("{:02}:{:02}:{:02}.{micros:06}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if ty == "time" {
            self.literal(&clock).push("::time");
            return;
        }
        self.push("('2000-01-01'::date + ").whole(days, "int4", false);
        self.push(" + ").literal(&clock).push("::time");
        self.push(if ty == "timestamptz" { ") AT TIME ZONE 'UTC'" } else { ")" });
    }
}

fn hex(raw: &[u8]) -> String {
    raw.iter().fold(String::with_capacity(raw.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
