//! Expressions as trees, and how a list of choices becomes one.

/// A list of choices, each of them read as one among so many; when it ends, always the first.
pub(super) struct Choices<'a>(std::slice::Iter<'a, u16>);

impl<'a> Choices<'a> {
    pub(super) fn new(choices: &'a [u16]) -> Self {
        Self(choices.iter())
    }

    pub(super) fn below(&mut self, count: usize) -> usize {
        self.0.next().map_or(0, |&choice| usize::from(choice) % count)
    }

    pub(super) fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    pub(super) fn maybe(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(super) fn several<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..=self.below(most)).map(|_| make(self)).collect()
    }

    pub(super) fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }
}

/// Texts in which everything that a pattern or a parser could take for its own occurs.
pub(super) const TEXTS: [&str; 17] =
    ["", "a", "b", "ab", "aB", "A%", "a_b", "\\", "a\\b", "%", "_", " a ", "語", "x'y", "$1", "aa a", "\"B\""];

/// Patterns that PostgreSQL takes: none ends with the character that escapes.
pub(super) const PATTERNS: [&str; 12] =
    ["%", "a%", "%a", "_", "a_b", "a\\_b", "%\\%", "%\\\\%", "", "%b%", "__%", "%語%"];

pub(super) const NUMBERS: [i64; 9] = [0, 1, -1, 2, 3, -7, 100, 1999, -2000];

#[derive(Debug, Clone, Copy)]
pub(super) enum Comparing {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

const COMPARING: [Comparing; 6] =
    [Comparing::Eq, Comparing::Ne, Comparing::Lt, Comparing::Le, Comparing::Gt, Comparing::Ge];

#[derive(Debug, Clone)]
pub(super) enum Num {
    Const(Option<i64>),
    CustomerId,
    Born,
    OrderId,
    Total,
    LineId,
    Quantity,
    Binary(NumOp, Box<Self>, Box<Self>),
    Neg(Box<Self>),
    Abs(Box<Self>),
    BitNot(Box<Self>),
    ShiftRight(Box<Self>, i32),
    Length(Box<Text>),
    Position(Box<Text>, Box<Text>),
    OfCond(Box<Cond>),
    Case(Cases<Self>),
}

/// `CASE` of one or two conditions.
#[derive(Debug, Clone)]
pub(super) struct Cases<T> {
    pub(super) first: Box<(Cond, T)>,
    pub(super) second: Option<Box<(Cond, T)>>,
    pub(super) otherwise: Option<Box<T>>,
}

impl<T> Cases<T> {
    fn choose(choices: &mut Choices<'_>, depth: usize, make: impl Fn(&mut Choices<'_>, usize) -> T) -> Self {
        let when = |choices: &mut Choices<'_>| Box::new((Cond::choose(choices, depth), make(choices, depth)));
        let (first, second) = (when(choices), choices.maybe().then(|| when(choices)));
        Self { first, second, otherwise: choices.maybe().then(|| Box::new(make(choices, depth))) }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum NumOp {
    Add,
    Sub,
    /// By the remainder by three of the right side, so that nothing overflows.
    Mul,
    /// By NULL instead of zero.
    Div,
    Mod,
    BitAnd,
    BitOr,
    BitXor,
    Coalesce,
    Greatest,
    Least,
    NullIf,
}

const NUM_OPS: [NumOp; 12] = [
    NumOp::Add,
    NumOp::Sub,
    NumOp::Mul,
    NumOp::Div,
    NumOp::Mod,
    NumOp::BitAnd,
    NumOp::BitOr,
    NumOp::BitXor,
    NumOp::Coalesce,
    NumOp::Greatest,
    NumOp::Least,
    NumOp::NullIf,
];

impl Num {
    pub(super) fn choose(choices: &mut Choices<'_>, depth: usize) -> Self {
        let Some(less) = depth.checked_sub(1) else { return Self::leaf(choices) };
        let number = |choices: &mut Choices<'_>| Box::new(Self::choose(choices, less));
        match choices.below(14) {
            0..=2 => Self::leaf(choices),
            3..=6 => Self::Binary(choices.one_of(&NUM_OPS), number(choices), number(choices)),
            7 => Self::Neg(number(choices)),
            8 => Self::Abs(number(choices)),
            9 => Self::BitNot(number(choices)),
            10 => Self::ShiftRight(number(choices), choices.one_of(&[0, 1, 5])),
            11 => match choices.maybe() {
                false => Self::Length(Box::new(Text::choose(choices, less))),
                true => Self::Position(Box::new(Text::choose(choices, less)), Box::new(Text::choose(choices, less))),
            },
            12 => Self::OfCond(Box::new(Cond::choose(choices, less))),
            _ => Self::Case(Cases::choose(choices, less, Self::choose)),
        }
    }

    fn leaf(choices: &mut Choices<'_>) -> Self {
        match choices.below(8) {
            0 | 1 => Self::Const(match choices.below(6) {
                5 => None,
                _ => Some(choices.one_of(&NUMBERS)),
            }),
            2 => Self::CustomerId,
            3 => Self::Born,
            4 => Self::OrderId,
            5 => Self::Total,
            6 => Self::LineId,
            _ => Self::Quantity,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Text {
    Const(Option<&'static str>),
    Name,
    City,
    Status,
    Product,
    Note,
    Concat(Box<Self>, Box<Self>),
    /// The function, which leaves out what is NULL.
    ConcatAll(Box<Self>, Box<Num>),
    Lower(Box<Self>),
    Upper(Box<Self>),
    Trim(Box<Self>),
    Reverse(Box<Self>),
    Substring(Box<Self>, i32, i32),
    Left(Box<Self>, i32),
    Right(Box<Self>, i32),
    Lpad(Box<Self>, i32, &'static str),
    Replace(Box<Self>, Box<Self>, Box<Self>),
    SplitPart(Box<Self>, &'static str, i32),
    Coalesce(Box<Self>, Box<Self>),
    NullIf(Box<Self>, Box<Self>),
    OfNum(Box<Num>),
    Case(Cases<Self>),
}

impl Text {
    pub(super) fn choose(choices: &mut Choices<'_>, depth: usize) -> Self {
        let Some(less) = depth.checked_sub(1) else { return Self::leaf(choices) };
        let text = |choices: &mut Choices<'_>| Box::new(Self::choose(choices, less));
        match choices.below(19) {
            0..=2 => Self::leaf(choices),
            3 => Self::Concat(text(choices), text(choices)),
            4 => Self::ConcatAll(text(choices), Box::new(Num::choose(choices, less))),
            5 => Self::Lower(text(choices)),
            6 => Self::Upper(text(choices)),
            7 => Self::Trim(text(choices)),
            8 => Self::Reverse(text(choices)),
            9 => Self::Substring(text(choices), choices.one_of(&[1, 2, 0, -1, 9]), choices.one_of(&[0, 1, 3])),
            10 => Self::Left(text(choices), choices.one_of(&[0, 1, 2, -1, 9])),
            11 => Self::Right(text(choices), choices.one_of(&[0, 1, 2, -1, 9])),
            12 => Self::Lpad(text(choices), choices.one_of(&[0, 1, 4, -1]), choices.one_of(&TEXTS)),
            13 => Self::Replace(text(choices), text(choices), text(choices)),
            14 => Self::SplitPart(text(choices), choices.one_of(&TEXTS[1..]), choices.one_of(&[1, 2, 3])),
            15 => Self::Coalesce(text(choices), text(choices)),
            16 => Self::NullIf(text(choices), text(choices)),
            17 => Self::OfNum(Box::new(Num::choose(choices, less))),
            _ => Self::Case(Cases::choose(choices, less, Self::choose)),
        }
    }

    fn leaf(choices: &mut Choices<'_>) -> Self {
        match choices.below(8) {
            0..=2 => Self::Const(match choices.below(6) {
                5 => None,
                _ => Some(choices.one_of(&TEXTS)),
            }),
            3 => Self::Name,
            4 => Self::City,
            5 => Self::Status,
            6 => Self::Product,
            _ => Self::Note,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Contains,
    StartsWith,
    EndsWith,
    Icontains,
}

#[derive(Debug, Clone)]
pub(super) enum Cond {
    Const(Option<bool>),
    Numbers(Comparing, Num, Num),
    Texts(Comparing, Text, Text),
    Discount(Comparing, f64),
    Between(Num, Num, Num),
    In(Num, Vec<i64>, bool),
    InTexts(Text, Vec<&'static str>, bool),
    NumIsNull(Num, bool),
    TextIsNull(Text, bool),
    TruthIsNull(Box<Self>, bool),
    Distinct(Num, Num, bool),
    Like { text: Text, pattern: &'static str, negated: bool, any_case: bool },
    Has(Part, Text, Text),
    Tuples(Comparing, (Num, Num), (Num, Num)),
    InTuples((Num, Text), Vec<(i64, &'static str)>, bool),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    AllOf(Vec<Self>),
    AnyOf(Vec<Self>),
    Not(Box<Self>),
    IsTrue(Box<Self>),
    Coalesce(Box<Self>, Box<Self>),
    Case(Cases<Self>),
}

impl Cond {
    pub(super) fn choose(choices: &mut Choices<'_>, depth: usize) -> Self {
        let Some(less) = depth.checked_sub(1) else { return Self::leaf(choices) };
        let cond = |choices: &mut Choices<'_>| Box::new(Self::choose(choices, less));
        let number = |choices: &mut Choices<'_>| Num::choose(choices, less);
        let text = |choices: &mut Choices<'_>| Text::choose(choices, less);
        match choices.below(26) {
            0 => Self::leaf(choices),
            1 | 2 => Self::Numbers(choices.one_of(&COMPARING), number(choices), number(choices)),
            3 | 4 => Self::Texts(choices.one_of(&COMPARING), text(choices), text(choices)),
            5 => Self::Between(number(choices), number(choices), number(choices)),
            // Not of an empty list: PostgreSQL 15 takes `= ANY` for strict below a cast, which of an empty array it is not,
            // and makes an inner join of an outer one.
            6 => Self::In(number(choices), choices.several(12, |choices| choices.one_of(&NUMBERS)), choices.maybe()),
            7 => Self::InTexts(text(choices), choices.several(12, |choices| choices.one_of(&TEXTS)), choices.maybe()),
            8 => Self::NumIsNull(number(choices), choices.maybe()),
            9 => Self::TextIsNull(text(choices), choices.maybe()),
            10 => Self::TruthIsNull(cond(choices), choices.maybe()),
            11 => Self::Distinct(number(choices), number(choices), choices.maybe()),
            12 => {
                let (text, pattern) = (text(choices), choices.one_of(&PATTERNS));
                Self::Like { text, pattern, negated: choices.maybe(), any_case: choices.maybe() }
            }
            13 | 14 => {
                let part = choices.one_of(&[Part::Contains, Part::StartsWith, Part::EndsWith, Part::Icontains]);
                Self::Has(part, text(choices), text(choices))
            }
            15 => {
                let mut pair = || (number(choices), number(choices));
                let (lhs, rhs) = (pair(), pair());
                Self::Tuples(choices.one_of(&COMPARING), lhs, rhs)
            }
            16 => {
                let of = (number(choices), text(choices));
                let list = choices.some(4, |choices| (choices.one_of(&NUMBERS), choices.one_of(&TEXTS)));
                Self::InTuples(of, list, choices.maybe())
            }
            17 | 18 => Self::And(cond(choices), cond(choices)),
            19 | 20 => Self::Or(cond(choices), cond(choices)),
            21 => match choices.maybe() {
                false => Self::AllOf(choices.some(3, |choices| *cond(choices))),
                true => Self::AnyOf(choices.some(3, |choices| *cond(choices))),
            },
            22 => Self::Not(cond(choices)),
            23 => Self::IsTrue(cond(choices)),
            24 => Self::Coalesce(cond(choices), cond(choices)),
            _ => Self::Case(Cases::choose(choices, less, Self::choose)),
        }
    }

    fn leaf(choices: &mut Choices<'_>) -> Self {
        match choices.below(3) {
            0 => Self::Const(choices.one_of(&[Some(true), Some(false), None])),
            1 => Self::Numbers(choices.one_of(&COMPARING), Num::leaf(choices), Num::leaf(choices)),
            _ => {
                let discounts = [0.0, 0.25, -0.0, f64::NAN, f64::INFINITY];
                Self::Discount(choices.one_of(&COMPARING), choices.one_of(&discounts))
            }
        }
    }
}
