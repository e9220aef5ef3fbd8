//! The same tree by the builder. All of a kind have one type, the one that states the tables and that it may be NULL.

use orm_core::prelude::*;

use super::tree::{Cases, Comparing, Cond, Num, NumOp, Part, Text};
use crate::shop::{Customer, Line, Order};

type Shop = (Customer, Order, Line);
type Made<T> = Expr<Option<T>, Shop>;

/// A `CASE` of what the function makes.
macro_rules! case_of {
    ($cases:expr, $make:expr) => {{
        let Cases { first, second, otherwise } = $cases;
        let start = case().when(condition(&first.0), $make(&first.1));
        match (second, otherwise) {
            (None, None) => start.fit(),
            (None, Some(otherwise)) => start.otherwise($make(otherwise)).fit(),
            (Some(second), None) => start.when(condition(&second.0), $make(&second.1)).fit(),
            (Some(second), Some(otherwise)) => {
                start.when(condition(&second.0), $make(&second.1)).otherwise($make(otherwise)).fit()
            }
        }
    }};
}

/// One of the six comparisons.
macro_rules! compared {
    ($comparing:expr, $lhs:expr, $rhs:expr) => {
        match $comparing {
            Comparing::Eq => $lhs.eq($rhs).fit(),
            Comparing::Ne => $lhs.ne($rhs).fit(),
            Comparing::Lt => $lhs.lt($rhs).fit(),
            Comparing::Le => $lhs.le($rhs).fit(),
            Comparing::Gt => $lhs.gt($rhs).fit(),
            Comparing::Ge => $lhs.ge($rhs).fit(),
        }
    };
}

pub(super) fn number(of: &Num) -> Made<i64> {
    match of {
        Num::Const(constant) => value(*constant).fit(),
        Num::CustomerId => Customer::id.cast::<i64>().nullable().fit(),
        Num::Born => Customer::born.cast::<i64>().fit(),
        Num::OrderId => Order::id.cast::<i64>().nullable().fit(),
        Num::Total => Order::total.nullable().fit(),
        Num::LineId => Line::id.cast::<i64>().nullable().fit(),
        Num::Quantity => Line::quantity.cast::<i64>().nullable().fit(),
        Num::Binary(op, a, b) => binary(*op, number(a), number(b)),
        Num::Neg(a) => -number(a),
        Num::Abs(a) => func::abs(number(a)),
        Num::BitNot(a) => number(a).bit_not(),
        Num::ShiftRight(a, places) => number(a).shift_right(*places).fit(),
        Num::Length(a) => func::length(text(a)).cast::<i64>().fit(),
        Num::Position(a, part) => func::position(text(a), text(part)).cast::<i64>().fit(),
        Num::OfCond(a) => condition(a).cast::<i32>().cast::<i64>(),
        Num::Case(cases) => case_of!(cases, number),
    }
}

fn binary(op: NumOp, a: Made<i64>, b: Made<i64>) -> Made<i64> {
    match op {
        NumOp::Add => (a + b).fit(),
        NumOp::Sub => (a - b).fit(),
        NumOp::Mul => (a * (b % 3)).fit(),
        NumOp::Div => (a / func::nullif(b, 0)).fit(),
        NumOp::Mod => (a % func::nullif(b, 0)).fit(),
        NumOp::BitAnd => a.bit_and(b).fit(),
        NumOp::BitOr => a.bit_or(b).fit(),
        NumOp::BitXor => a.bit_xor(b).fit(),
        NumOp::Coalesce => func::coalesce((a, b)).fit(),
        NumOp::Greatest => func::greatest((a, b)).fit(),
        NumOp::Least => func::least((a, b)).fit(),
        NumOp::NullIf => func::nullif(a, b).fit(),
    }
}

pub(super) fn text(of: &Text) -> Made<String> {
    match of {
        Text::Const(constant) => value(constant.map(str::to_owned)).fit(),
        Text::Name => Customer::name.nullable().fit(),
        Text::City => Customer::city.fit(),
        Text::Status => Order::status.nullable().fit(),
        Text::Product => Line::product.nullable().fit(),
        Text::Note => Line::note.fit(),
        Text::Concat(a, b) => text(a).concat(text(b)).fit(),
        Text::ConcatAll(a, b) => func::concat((text(a), number(b))).nullable().fit(),
        Text::Lower(a) => func::lower(text(a)).fit(),
        Text::Upper(a) => func::upper(text(a)).fit(),
        Text::Trim(a) => func::trim(text(a)).fit(),
        Text::Reverse(a) => func::reverse(text(a)).fit(),
        Text::Substring(a, start, count) => func::substring(text(a), *start, *count).fit(),
        Text::Left(a, count) => func::left(text(a), *count).fit(),
        Text::Right(a, count) => func::right(text(a), *count).fit(),
        Text::Lpad(a, length, fill) => func::lpad(text(a), *length, *fill).fit(),
        Text::Replace(a, from, to) => func::replace(text(a), text(from), text(to)).fit(),
        Text::SplitPart(a, delimiter, n) => func::split_part(text(a), *delimiter, *n).fit(),
        Text::Coalesce(a, b) => func::coalesce((text(a), text(b))).fit(),
        Text::NullIf(a, b) => func::nullif(text(a), text(b)).fit(),
        Text::OfNum(a) => number(a).cast::<String>(),
        Text::Case(cases) => case_of!(cases, text),
    }
}

pub(super) fn condition(of: &Cond) -> Made<bool> {
    match of {
        Cond::Const(truth) => value(*truth).fit(),
        Cond::Numbers(comparing, a, b) => compared!(comparing, number(a), number(b)),
        Cond::Texts(comparing, a, b) => compared!(comparing, text(a).collate("C"), text(b)),
        Cond::Discount(comparing, b) => compared!(comparing, Order::discount, *b),
        Cond::Between(a, low, high) => number(a).between(number(low), number(high)).fit(),
        Cond::In(a, list, false) => number(a).in_(list),
        Cond::In(a, list, true) => number(a).not_in(list),
        Cond::InTexts(a, list, false) => text(a).in_(list.iter().copied()),
        Cond::InTexts(a, list, true) => text(a).not_in(list.iter().copied()),
        Cond::NumIsNull(a, false) => number(a).is_null().nullable(),
        Cond::NumIsNull(a, true) => number(a).is_not_null().nullable(),
        Cond::TextIsNull(a, false) => text(a).is_null().nullable(),
        Cond::TextIsNull(a, true) => text(a).is_not_null().nullable(),
        Cond::TruthIsNull(a, false) => condition(a).is_null().nullable(),
        Cond::TruthIsNull(a, true) => condition(a).is_not_null().nullable(),
        Cond::Distinct(a, b, false) => number(a).is_distinct_from(number(b)).nullable().fit(),
        Cond::Distinct(a, b, true) => number(a).is_not_distinct_from(number(b)).nullable().fit(),
        Cond::Like { text: a, pattern, negated, any_case } => match (negated, any_case) {
            (false, false) => text(a).like(*pattern).fit(),
            (true, false) => text(a).not_like(*pattern).fit(),
            (false, true) => text(a).ilike(*pattern).fit(),
            (true, true) => text(a).not_ilike(*pattern).fit(),
        },
        Cond::Has(part, a, b) => match part {
            Part::Contains => text(a).contains(text(b)).fit(),
            Part::StartsWith => text(a).starts_with(text(b)).fit(),
            Part::EndsWith => text(a).ends_with(text(b)).fit(),
            Part::Icontains => text(a).icontains(text(b)).fit(),
        },
        Cond::Tuples(comparing, (a, b), (c, d)) => {
            compared!(comparing, (number(a), number(b)), (number(c), number(d)))
        }
        Cond::InTuples((a, b), list, false) => (number(a), text(b)).in_(list.iter().copied()).fit(),
        Cond::InTuples((a, b), list, true) => (number(a), text(b)).not_in(list.iter().copied()).fit(),
        Cond::And(a, b) => condition(a).and(condition(b)).fit(),
        Cond::Or(a, b) => condition(a).or(condition(b)).fit(),
        Cond::AllOf(list) => all_of(list.iter().map(condition)),
        Cond::AnyOf(list) => any_of(list.iter().map(condition)),
        Cond::Not(a) => Expression::not(condition(a)),
        Cond::IsTrue(a) => condition(a).is_true().nullable(),
        Cond::Coalesce(a, b) => func::coalesce((condition(a), condition(b))).fit(),
        Cond::Case(cases) => case_of!(cases, condition),
    }
}
