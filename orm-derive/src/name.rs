//! Names: case conversions, suggestions, and the hash by which the two sides of a relationship meet.

/// PostgreSQL cuts longer identifiers without a word.
pub(crate) const MAX_BYTES: usize = 63;

/// The 64-bit FNV-1a hash of a name.
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// `HTTPServer2` becomes `http_server2`.
pub(crate) fn snake_case(name: &str) -> String {
    words(name).join("_")
}

/// `course_tags` becomes `CourseTags`.
pub(crate) fn pascal_case(name: &str) -> String {
    words(name).iter().map(|word| capitalized(word)).collect()
}

/// The rules of `rename_all`.
pub(crate) const RULES: &[&str] =
    &["snake_case", "lowercase", "UPPERCASE", "camelCase", "PascalCase", "kebab-case", "SCREAMING_SNAKE_CASE"];

/// Renames by one of the [`RULES`]; an unknown rule is snake case.
pub(crate) fn rename(rule: &str, name: &str) -> String {
    let words = words(name);
    match rule {
        "lowercase" => words.concat(),
        "UPPERCASE" => words.concat().to_uppercase(),
        "PascalCase" => pascal_case(name),
        "camelCase" => words
            .iter()
            .enumerate()
            .map(|(index, word)| if index == 0 { word.clone() } else { capitalized(word) })
            .collect(),
        "kebab-case" => words.join("-"),
        "SCREAMING_SNAKE_CASE" => words.join("_").to_uppercase(),
        _ => words.join("_"),
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The words of a name, in lower case. A run of capitals is one word, whose last letter begins the next if a small one
/// follows.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut begins = true;
    for (index, &char) in chars.iter().enumerate() {
        if char == '_' {
            begins = true;
            continue;
        }
        let after_small = index > 0 && !chars[index - 1].is_uppercase();
        let before_small = chars.get(index + 1).is_some_and(|next| next.is_lowercase());
        if begins || (char.is_uppercase() && (after_small || before_small)) {
            words.push(String::new());
        }
        begins = false;
        if let Some(word) = words.last_mut() {
            word.extend(char.to_lowercase());
        }
    }
    words
}

/// The nearest of the known names, if one is near enough to have been meant.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    known
        .into_iter()
        .map(|other| (distance(name, other), other))
        .filter(|(distance, other)| *distance * 3 <= other.len().max(name.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// `; did you mean `name`?`, or nothing.
pub(crate) fn suggestion<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(name, known).map(|other| format!("; did you mean `{other}`?"))
}

/// Insertions, deletions, substitutions and swaps of neighbours between two names.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{hash, nearest, rename, snake_case};

    #[test]
    fn words_begin_at_capitals_and_underscores() {
        assert_eq!(snake_case("Course"), "course");
        assert_eq!(snake_case("CourseTag"), "course_tag");
        assert_eq!(snake_case("HTTPServer2"), "http_server2");
        assert_eq!(snake_case("Already_Snake"), "already_snake");
    }

    #[test]
    fn every_rule_renames() {
        let renamed = super::RULES.iter().map(|rule| rename(rule, "VeryBad")).collect::<Vec<_>>();
        assert_eq!(renamed, ["very_bad", "verybad", "VERYBAD", "veryBad", "VeryBad", "very-bad", "VERY_BAD"]);
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(nearest("lenght", ["length", "table"]), Some("length"));
        assert_eq!(nearest("titel", ["title", "number"]), Some("title"));
        assert_eq!(nearest("colour", ["table"]), None);
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
