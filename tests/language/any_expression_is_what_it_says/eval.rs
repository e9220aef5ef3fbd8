//! What an expression is of a row, worked out plainly.

use std::cmp::Ordering;

use super::tree::{Cases, Comparing, Cond, Num, NumOp, Part, Text};
use super::world::{CustomerRow, LineRow, OrderRow};

#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) customer: Option<&'a CustomerRow>,
    pub(super) order: Option<&'a OrderRow>,
    pub(super) line: Option<&'a LineRow>,
}

impl Comparing {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }
}

fn both<A, B, R>(a: Option<A>, b: Option<B>, with: impl FnOnce(A, B) -> R) -> Option<R> {
    Some(with(a?, b?))
}

fn negate_if(negated: bool, truth: Option<bool>) -> Option<bool> {
    truth.map(|truth| truth != negated)
}

/// False if one is, NULL if one is of the others, otherwise true.
fn all(conditions: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for condition in conditions {
        match condition {
            Some(false) => return Some(false),
            None => all = None,
            Some(true) => {}
        }
    }
    all
}

fn any(conditions: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    negate_if(true, all(conditions.into_iter().map(|condition| negate_if(true, condition))))
}

/// PostgreSQL's order of numbers with a point: NaN equals itself and is greater than all others.
fn by_size(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The first parts that differ decide; NULL where one of two parts is NULL before that is known.
fn tuples(comparing: Comparing, lhs: [Option<i64>; 2], rhs: [Option<i64>; 2]) -> Option<bool> {
    let equal = || lhs.iter().zip(&rhs).map(|(a, b)| both(*a, *b, |a, b| a == b));
    match comparing {
        Comparing::Eq => all(equal()),
        Comparing::Ne => negate_if(true, all(equal())),
        _ => {
            let mut order = Ordering::Equal;
            for (a, b) in lhs.into_iter().zip(rhs) {
                order = a?.cmp(&b?);
                if order.is_ne() {
                    break;
                }
            }
            Some(comparing.holds(order))
        }
    }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| like(&text[skipped..], rest)),
        ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest),
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => text.first() == Some(literal) && like(&text[1..], rest),
    }
}

/// The characters of a text at these places, as far as there are any.
fn slice(text: &str, from: i64, to: i64) -> String {
    text.chars().zip(0..).filter(|(_, at)| (from..to).contains(at)).map(|(c, _)| c).collect()
}

fn characters(text: &str) -> i64 {
    text.chars().count() as i64
}

impl Row<'_> {
    pub(super) fn number(&self, number: &Num) -> Option<i64> {
        match number {
            Num::Const(number) => *number,
            Num::CustomerId => self.customer.map(|customer| customer.id.into()),
            Num::Born => self.customer.and_then(|customer| customer.born).map(i64::from),
            Num::OrderId => self.order.map(|order| order.id.into()),
            Num::Total => self.order.map(|order| order.total),
            Num::LineId => self.line.map(|line| line.id.into()),
            Num::Quantity => self.line.map(|line| line.quantity.into()),
            Num::Binary(op, a, b) => binary(*op, self.number(a), self.number(b)),
            Num::Neg(a) => self.number(a).map(|a| -a),
            Num::Abs(a) => self.number(a).map(i64::abs),
            Num::BitNot(a) => self.number(a).map(|a| !a),
            Num::ShiftRight(a, places) => self.number(a).map(|a| a >> places),
            Num::Length(text) => self.text(text).map(|text| characters(&text)),
            Num::Position(text, part) => both(self.text(text), self.text(part), |text, part| {
                text.find(&part).map_or(0, |at| 1 + characters(&text[..at]))
            }),
            Num::OfCond(condition) => self.condition(condition).map(i64::from),
            Num::Case(cases) => self.case(cases, |number| self.number(number)),
        }
    }

    pub(super) fn text(&self, text: &Text) -> Option<String> {
        match text {
            Text::Const(text) => text.map(str::to_owned),
            Text::Name => self.customer.map(|customer| customer.name.to_owned()),
            Text::City => self.customer.and_then(|customer| customer.city).map(str::to_owned),
            Text::Status => self.order.map(|order| order.status.to_owned()),
            Text::Product => self.line.map(|line| line.product.to_owned()),
            Text::Note => self.line.and_then(|line| line.note).map(str::to_owned),
            Text::Concat(a, b) => both(self.text(a), self.text(b), |a, b| a + &b),
            Text::ConcatAll(a, b) => {
                let number = self.number(b).map_or_else(String::new, |number| number.to_string());
                Some(self.text(a).unwrap_or_default() + &number)
            }
            Text::Lower(a) => self.text(a).map(|a| a.to_ascii_lowercase()),
            Text::Upper(a) => self.text(a).map(|a| a.to_ascii_uppercase()),
            Text::Trim(a) => self.text(a).map(|a| a.trim_matches(' ').to_owned()),
            Text::Reverse(a) => self.text(a).map(|a| a.chars().rev().collect()),
            Text::Substring(a, start, count) => {
                let (from, count) = (i64::from(*start) - 1, i64::from(*count));
                self.text(a).map(|a| slice(&a, from, from + count))
            }
            Text::Left(a, count) => self.text(a).map(|a| {
                let count = i64::from(*count);
                slice(&a, 0, if count < 0 { characters(&a) + count } else { count })
            }),
            Text::Right(a, count) => self.text(a).map(|a| {
                let count = i64::from(*count);
                slice(&a, if count < 0 { -count } else { characters(&a) - count }, i64::MAX)
            }),
            Text::Lpad(a, length, fill) => self.text(a).map(|a| {
                let (length, there) = (i64::from(*length).max(0), characters(&a));
                let missing = usize::try_from(length - there).unwrap_or(0);
                fill.chars().cycle().take(missing).collect::<String>() + &slice(&a, 0, length)
            }),
            Text::Replace(a, from, to) => {
                let (a, from, to) = (self.text(a), self.text(from), self.text(to));
                let (a, from, to) = (a?, from?, to?);
                Some(if from.is_empty() { a } else { a.replace(&from, &to) })
            }
            Text::SplitPart(a, delimiter, n) => {
                self.text(a).map(|a| a.split(delimiter).nth(*n as usize - 1).unwrap_or("").to_owned())
            }
            Text::Coalesce(a, b) => self.text(a).or_else(|| self.text(b)),
            Text::NullIf(a, b) => {
                let (a, b) = (self.text(a), self.text(b));
                if a == b { None } else { a }
            }
            Text::OfNum(number) => self.number(number).map(|number| number.to_string()),
            Text::Case(cases) => self.case(cases, |text| self.text(text)),
        }
    }

    pub(super) fn condition(&self, condition: &Cond) -> Option<bool> {
        match condition {
            Cond::Const(truth) => *truth,
            Cond::Numbers(comparing, a, b) => both(self.number(a), self.number(b), |a, b| comparing.holds(a.cmp(&b))),
            Cond::Texts(comparing, a, b) => both(self.text(a), self.text(b), |a, b| comparing.holds(a.cmp(&b))),
            Cond::Discount(comparing, b) => {
                let discount = self.order.and_then(|order| order.discount);
                discount.map(|discount| comparing.holds(by_size(discount, *b)))
            }
            Cond::Between(a, low, high) => {
                let (a, low, high) = (self.number(a), self.number(low), self.number(high));
                all([both(a, low, |a, low| a >= low), both(a, high, |a, high| a <= high)])
            }
            Cond::In(a, list, negated) => {
                let a = self.number(a);
                negate_if(*negated, any(list.iter().map(|b| a.map(|a| a == *b))))
            }
            Cond::InTexts(a, list, negated) => {
                let a = self.text(a);
                negate_if(*negated, any(list.iter().map(|b| a.as_ref().map(|a| a == b))))
            }
            Cond::NumIsNull(a, negated) => Some(self.number(a).is_none() != *negated),
            Cond::TextIsNull(a, negated) => Some(self.text(a).is_none() != *negated),
            Cond::TruthIsNull(a, negated) => Some(self.condition(a).is_none() != *negated),
            Cond::Distinct(a, b, negated) => Some((self.number(a) != self.number(b)) != *negated),
            Cond::Like { text, pattern, negated, any_case } => {
                let cased = |text: &str| if *any_case { text.to_ascii_lowercase() } else { text.to_owned() };
                let pattern: Vec<char> = cased(pattern).chars().collect();
                let text = self.text(text)?;
                Some(like(&cased(&text).chars().collect::<Vec<_>>(), &pattern) != *negated)
            }
            Cond::Has(part, text, of) => both(self.text(text), self.text(of), |text, of| match part {
                Part::Contains => text.contains(&of),
                Part::StartsWith => text.starts_with(&of),
                Part::EndsWith => text.ends_with(&of),
                Part::Icontains => text.to_ascii_lowercase().contains(&of.to_ascii_lowercase()),
            }),
            Cond::Tuples(comparing, (a, b), (c, d)) => {
                tuples(*comparing, [self.number(a), self.number(b)], [self.number(c), self.number(d)])
            }
            Cond::InTuples((a, b), list, negated) => {
                let (a, b) = (self.number(a), self.text(b));
                let equal = |(c, d): &(i64, &str)| all([a.map(|a| a == *c), b.as_ref().map(|b| b == d)]);
                negate_if(*negated, any(list.iter().map(equal)))
            }
            Cond::And(a, b) => all([self.condition(a), self.condition(b)]),
            Cond::Or(a, b) => any([self.condition(a), self.condition(b)]),
            Cond::AllOf(list) => all(list.iter().map(|condition| self.condition(condition))),
            Cond::AnyOf(list) => any(list.iter().map(|condition| self.condition(condition))),
            Cond::Not(a) => negate_if(true, self.condition(a)),
            Cond::IsTrue(a) => Some(self.condition(a) == Some(true)),
            Cond::Coalesce(a, b) => self.condition(a).or_else(|| self.condition(b)),
            Cond::Case(cases) => self.case(cases, |condition| self.condition(condition)),
        }
    }

    fn case<T, R>(&self, cases: &Cases<T>, value: impl Fn(&T) -> Option<R>) -> Option<R> {
        for when in [Some(&cases.first), cases.second.as_ref()].into_iter().flatten() {
            if self.condition(&when.0) == Some(true) {
                return value(&when.1);
            }
        }
        cases.otherwise.as_deref().and_then(value)
    }
}

fn binary(op: NumOp, a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match op {
        NumOp::Coalesce => a.or(b),
        NumOp::Greatest => a.max(b),
        NumOp::Least => [a, b].into_iter().flatten().min(),
        NumOp::NullIf if a == b => None,
        NumOp::NullIf => a,
        NumOp::Add => both(a, b, |a, b| a + b),
        NumOp::Sub => both(a, b, |a, b| a - b),
        NumOp::Mul => both(a, b, |a, b| a * (b % 3)),
        NumOp::Div => both(a, b.filter(|b| *b != 0), |a, b| a / b),
        NumOp::Mod => both(a, b.filter(|b| *b != 0), |a, b| a % b),
        NumOp::BitAnd => both(a, b, |a, b| a & b),
        NumOp::BitOr => both(a, b, |a, b| a | b),
        NumOp::BitXor => both(a, b, |a, b| a ^ b),
    }
}
