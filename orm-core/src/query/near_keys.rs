//! [`NearKeys`]: the keys by which the far ends of a relationship are asked for, and find their near ends again.
//!
//! Nearly every key is one integer, and is looked up as such; any other by its bytes. Neither takes memory of its own for
//! each far end.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::edge::Sorting;
use crate::error::Result;
use crate::hash::ValueMap;
use crate::schema::{Dump, Edge, TableDef, positions};
use crate::types::{Bytes, EncodeError, GrowingArray, NumberHasher, RowReader, TypeDef, Value, integer, is_integer};

/// The distinct keys of the near ends, in the order in which they were met. Each has a number.
pub(crate) struct NearKeys {
    types: Vec<&'static TypeDef>,
    /// One array a column.
    arrays: Vec<GrowingArray>,
    refused: Option<EncodeError>,
    index: Index,
    scratch: Vec<u8>,
}

/// The numbers of the keys.
enum Index {
    /// Of keys of one integer column, by value.
    Integers(HashMap<i64, u32, BuildHasherDefault<NumberHasher>>),
    /// Of all others, by their bytes.
    Bytes(ValueMap<Bytes, u32>),
}

/// A key that is looked up.
enum Lookup<'k> {
    Integer(i64),
    Bytes(&'k [u8]),
}

impl NearKeys {
    /// No keys yet, of columns of these types.
    pub(crate) fn new(types: Vec<&'static TypeDef>) -> Self {
        let index = match types[..] {
            [single] if is_integer(single) => Index::Integers(HashMap::default()),
            _ => Index::Bytes(ValueMap::default()),
        };
        let arrays = types.iter().map(|ty| GrowingArray::of(ty)).collect();
        Self { types, arrays, refused: None, index, scratch: Vec::new() }
    }

    /// No keys yet, of the near end of a relationship.
    pub(crate) fn of(edge: Edge) -> Self {
        let (table, columns) = (edge.from(), edge.columns());
        Self::new(positions(table, columns.local).iter().map(|&column| table.columns[column].ty).collect())
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        match &self.index {
            Index::Integers(numbers) => numbers.len(),
            Index::Bytes(numbers) => numbers.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys, one array a column.
    pub(crate) fn arrays(&self) -> Vec<Value> {
        let refused = |ty, reason: &EncodeError| Value::refused(ty, reason.clone());
        let of = |(array, ty): (&GrowingArray, &&'static TypeDef)| match &self.refused {
            Some(reason) => refused(*ty, reason),
            None => array.clone().finish().unwrap_or_else(|reason| refused(*ty, &reason)),
        };
        self.arrays.iter().zip(&self.types).map(of).collect()
    }

    /// Adds the key of one near end, whose parts `part` gives; gives its number, or `None` if one of them is NULL: then it
    /// relates to nothing.
    pub(crate) fn add<'a>(&mut self, part: impl Fn(usize) -> Result<Option<&'a [u8]>>) -> Result<Option<u32>> {
        let next = self.len() as u32;
        let Some(key) = lookup(&self.types, &self.index, &mut self.scratch, &part)? else { return Ok(None) };
        let number = match (&mut self.index, key) {
            (Index::Integers(numbers), Lookup::Integer(key)) => *numbers.entry(key).or_insert(next),
            (Index::Bytes(numbers), Lookup::Bytes(key)) => match numbers.get(key) {
                Some(number) => *number,
                None => *numbers.entry(key.into()).or_insert(next),
            },
            _ => return Ok(None),
        };
        if number == next {
            for (at, array) in self.arrays.iter_mut().enumerate() {
                if let Err(reason) = array.push_raw(part(at)?) {
                    self.refused.get_or_insert(reason);
                }
            }
        }
        Ok(Some(number))
    }

    /// The number of a key whose parts `part` gives, if a near end has it.
    fn find<'a>(&self, scratch: &mut Vec<u8>, part: impl Fn(usize) -> Result<Option<&'a [u8]>>) -> Result<Option<u32>> {
        Ok(match (&self.index, lookup(&self.types, &self.index, scratch, &part)?) {
            (Index::Integers(numbers), Some(Lookup::Integer(key))) => numbers.get(&key).copied(),
            (Index::Bytes(numbers), Some(Lookup::Bytes(key))) => numbers.get(key).copied(),
            _ => None,
        })
    }
}

/// A key as it is looked up; `None` if one of its parts is NULL.
fn lookup<'k, 'a>(
    types: &[&'static TypeDef],
    index: &Index,
    scratch: &'k mut Vec<u8>,
    part: &impl Fn(usize) -> Result<Option<&'a [u8]>>,
) -> Result<Option<Lookup<'k>>> {
    if let Index::Integers(_) = index {
        return Ok(part(0)?.and_then(integer).map(Lookup::Integer));
    }
    scratch.clear();
    for at in 0..types.len() {
        let Some(value) = part(at)? else { return Ok(None) };
        // Led by its length, so that no two lists of values are one key.
        if types.len() > 1 {
            scratch.extend_from_slice(&(value.len() as u32).to_be_bytes());
        }
        scratch.extend_from_slice(value);
    }
    Ok(Some(Lookup::Bytes(scratch)))
}

/// The keys of near ends that are objects: the positions of the columns, and what encodes them and no others.
pub(crate) struct KeyColumns {
    columns: Vec<usize>,
    pub(crate) dump: Dump,
}

impl KeyColumns {
    pub(crate) fn of(table: &TableDef, names: &[&str]) -> Self {
        let columns = positions(table, names);
        Self { dump: Dump::only(&columns), columns }
    }

    /// The value of a part in what was dumped last.
    pub(crate) fn raw(&self, part: usize) -> Option<&[u8]> {
        self.columns.get(part).and_then(|&column| self.dump.raw(column))
    }

    /// Adds the key of the object that was dumped last.
    pub(crate) fn add_to(&self, keys: &mut NearKeys) -> Result<Option<u32>> {
        keys.add(|part| Ok(self.raw(part)))
    }
}

/// Where rows have the keys of their near ends.
pub(crate) struct KeyPlaces {
    /// How many columns stand before those of the model.
    before: usize,
    places: Vec<usize>,
    /// What the rows are put in order by.
    rank: Option<usize>,
    scratch: Vec<u8>,
}

/// Where a far end belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The number of its key, if a near end has it.
    pub(crate) number: Option<u32>,
    /// Its rank among those of the key; equal ones are in their order already.
    rank: i64,
}

impl KeyPlaces {
    /// The rows are in order, and have the key at these places.
    pub(crate) fn new(before: usize, places: Vec<usize>) -> Self {
        Self { before, places, rank: None, scratch: Vec::new() }
    }

    /// The key is among the model's own columns, or that of a link table in front of them.
    pub(crate) fn of(edge: Edge, sorting: Sorting) -> Self {
        let columns = edge.columns();
        let places = match columns.link {
            Some(link) => Self::new(link.local.len(), (0..link.local.len()).collect()),
            None => Self::new(0, positions(edge.to(), columns.remote)),
        };
        let rank = match sorting {
            Sorting::Reader(column) => Some(places.before + column),
            Sorting::Server | Sorting::Needless => None,
        };
        Self { rank, ..places }
    }

    /// Where the far end belongs that is read next.
    pub(crate) fn read(&mut self, row: &mut RowReader<'_>, keys: &NearKeys) -> Result<Place> {
        let number = keys.find(&mut self.scratch, |part| row.raw_at(self.places[part]))?;
        let rank = self.rank.map(|column| row.raw_at(column)).transpose()?;
        row.skip(self.before);
        Ok(Place { number, rank: rank.flatten().and_then(integer).unwrap_or_default() })
    }
}

/// What belongs to each key, given out to the near ends one after the other.
pub(crate) struct Shares<T> {
    groups: Vec<Vec<T>>,
    /// How many near ends are still to come, for each key.
    left: Vec<u32>,
}

/// What a near end is given.
pub(crate) enum Share<'s, T> {
    /// Nobody else is given it.
    Last(Vec<T>),
    /// There are others to come that have the same key.
    Shared(&'s [T]),
}

impl<T> Shares<T> {
    /// What was found for so many keys, each with where it belongs. `near` are the numbers of those that will ask.
    pub(crate) fn new(keys: usize, found: Vec<T>, places: Vec<Place>, near: &[Option<u32>]) -> Self {
        let count = |numbers: &mut dyn Iterator<Item = u32>| {
            let mut counts = vec![0_u32; keys];
            numbers.for_each(|number| counts[number as usize] += 1);
            counts
        };
        let counts = count(&mut places.iter().filter_map(|place| place.number));
        let mut groups: Vec<Vec<T>> = counts.into_iter().map(|items| Vec::with_capacity(items as usize)).collect();
        let is_sorted = places.is_sorted_by_key(|place| place.rank);
        let mut put = |(item, place): (T, Place)| {
            if let Some(number) = place.number {
                groups[number as usize].push(item);
            }
        };
        let placed = found.into_iter().zip(places);
        if is_sorted {
            placed.for_each(put);
        } else {
            let mut placed: Vec<_> = placed.collect();
            placed.sort_by_key(|(_, place)| place.rank);
            placed.into_iter().for_each(&mut put);
        }
        Self { groups, left: count(&mut near.iter().flatten().copied()) }
    }

    /// What the next near end with this key is given.
    pub(crate) fn next(&mut self, number: Option<u32>) -> Share<'_, T> {
        let Some(number) = number.map(|number| number as usize) else { return Share::Last(Vec::new()) };
        self.left[number] -= 1;
        match self.left[number] {
            0 => Share::Last(std::mem::take(&mut self.groups[number])),
            _ => Share::Shared(&self.groups[number]),
        }
    }
}
