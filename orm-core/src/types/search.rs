//! [`TsVector`] and [`TsQuery`]: what full text search works with.

use super::field::{DecodeError, EncodeError, Encoded, Encoder, Field, NotNull};
use super::scalar::has_nul;
use super::{ArrayElement, TypeDef, sql};

static TSVECTOR: TypeDef = TypeDef::builtin("tsvector", "tsvector", 3614, 3643);
static TSQUERY: TypeDef = TypeDef::builtin("tsquery", "tsquery", 3615, 3645);

/// How much a word of a document weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Weight {
    /// The least, which words have that were given none.
    #[default]
    D,
    /// More than `D`.
    C,
    /// More than `C`.
    B,
    /// The most.
    A,
}

impl Weight {
    const ALL: [Self; 4] = [Self::D, Self::C, Self::B, Self::A];

    /// The letter that PostgreSQL knows it by.
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }
}

/// A word of a document in the form in which it is searched for, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lexeme {
    /// The word.
    pub word: String,
    /// Its places, from 1 to 16383, each with its weight.
    pub positions: Vec<(u16, Weight)>,
}

/// A document prepared for full text search: PostgreSQL's `tsvector`.
///
/// Usually the server makes it: the field is an [`Auto<TsVector>`](super::Auto) with `generated`.
///
/// ```
/// # use orm_core::prelude::*;
/// use orm_core::types::TsVector;
///
/// #[derive(Model, Debug, Clone)]
/// #[model(table = "article")]
/// struct Article {
///     #[model(primary_key)]
///     id: Auto<i32>,
///     body: String,
///     #[model(generated = "to_tsvector('english', body)", index(using = "gin"))]
///     search: Auto<TsVector>,
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TsVector {
    /// The words, sorted and each of them once. They are sent as they are.
    pub lexemes: Vec<Lexeme>,
}

#[diagnostic::do_not_recommend]
impl Field for TsVector {
    type Sql = sql::TsVector;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &TSVECTOR;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        let too_long = |_| EncodeError::new("the document is longer than PostgreSQL can hold");
        out.put(&i32::try_from(self.lexemes.len()).map_err(too_long)?.to_be_bytes());
        for lexeme in &self.lexemes {
            if has_nul(&lexeme.word) {
                return Err(EncodeError::new("PostgreSQL text cannot hold a NUL byte"));
            }
            out.put(lexeme.word.as_bytes());
            out.put(&[0]);
            out.put(&u16::try_from(lexeme.positions.len()).map_err(too_long)?.to_be_bytes());
            for &(position, weight) in &lexeme.positions {
                if position == 0 || position > POSITION {
                    return Err(EncodeError::new("a place in a document is none from 1 to 16383"));
                }
                out.put(&(position | ((weight as u16) << WEIGHT)).to_be_bytes());
            }
        }
        Ok(Encoded::Value)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        let mut rest = raw.ok_or(DecodeError::Null)?;
        let count = u32::from_be_bytes(take(&mut rest)?);
        let lexemes = (0..count).map(|_| lexeme(&mut rest)).collect::<Result<_, _>>()?;
        if rest.is_empty() { Ok(Self { lexemes }) } else { Err(broken()) }
    }
}

impl ArrayElement for TsVector {}

/// The bits of a place, behind which are the two of its weight.
const POSITION: u16 = (1 << WEIGHT) - 1;
const WEIGHT: u32 = 14;

fn lexeme(rest: &mut &[u8]) -> Result<Lexeme, DecodeError> {
    let end = rest.iter().position(|&byte| byte == 0).ok_or_else(broken)?;
    let word = std::str::from_utf8(&rest[..end]).map_err(|_| broken())?.to_owned();
    *rest = &rest[end + 1..];
    let count = u16::from_be_bytes(take(rest)?);
    let positions = (0..count)
        .map(|_| {
            let entry = u16::from_be_bytes(take(rest)?);
            Ok((entry & POSITION, Weight::ALL[usize::from(entry >> WEIGHT)]))
        })
        .collect::<Result<_, DecodeError>>()?;
    Ok(Lexeme { word, positions })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (taken, others) = rest.split_first_chunk::<N>().ok_or_else(broken)?;
    *rest = others;
    Ok(*taken)
}

fn broken() -> DecodeError {
    DecodeError::new("the bytes are no `tsvector`")
}

/// What is searched for: PostgreSQL's `tsquery`, as the server sent it. It is made by functions of SQL, such as
/// `websearch_to_tsquery`, and can be stored and sent again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TsQuery(Box<[u8]>);

#[diagnostic::do_not_recommend]
impl Field for TsQuery {
    type Sql = sql::TsQuery;
    type Read = Self;
    type Nullable = Option<Self>;
    type Null = NotNull;
    const TYPE: &'static TypeDef = &TSQUERY;

    fn encode(&self, out: &mut Encoder<'_>) -> Result<Encoded, EncodeError> {
        out.put(&self.0);
        Ok(Encoded::Value)
    }

    fn decode(raw: Option<&[u8]>) -> Result<Self, DecodeError> {
        Ok(Self(raw.ok_or(DecodeError::Null)?.into()))
    }
}

impl ArrayElement for TsQuery {}
