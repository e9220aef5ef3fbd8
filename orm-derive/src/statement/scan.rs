//! The lexical structure of SQL, as far as it matters: where strings, quoted names, dollar quotes and comments begin and
//! end, as PostgreSQL has it with `standard_conforming_strings`, so that braces in them are left alone.

use syn::Expr;

/// A part of a statement. Texts and placeholders take turns, and a text is first and last.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Placeholder(Box<Expr>),
}

/// Takes a statement apart.
///
/// The error is a message for people; it quotes the placeholder that it is about.
pub(crate) fn scan(sql: &str) -> Result<Vec<Piece>, String> {
    let mut scanner = Scanner { sql, at: 0, text: String::new(), pieces: Vec::new(), ended: false, in_comment: false };
    scanner.run()?;
    Ok(scanner.pieces)
}

struct Scanner<'s> {
    sql: &'s str,
    at: usize,
    /// The text since the last placeholder.
    text: String,
    pieces: Vec<Piece>,
    /// Whether a `;` ended the statement.
    ended: bool,
    /// Whether the text ends with a comment that the end of the line would end.
    in_comment: bool,
}

impl<'s> Scanner<'s> {
    fn run(&mut self) -> Result<(), String> {
        if self.sql.contains('\0') {
            return Err("the statement has a NUL byte, which PostgreSQL refuses; remove it".to_owned());
        }
        let mut empty = true;
        while let Some(next) = self.rest().chars().next() {
            let before = self.at;
            self.token(next)?;
            let token = &self.sql[before..self.at];
            let is_space = token.trim().is_empty() || token.starts_with("--") || token.starts_with("/*");
            if !is_space && token != ";" {
                empty = false;
            }
        }
        if empty {
            return Err("the statement is empty; write one".to_owned());
        }
        if self.in_comment {
            // What is written behind it is not to be part of the comment.
            self.text.push('\n');
        }
        self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        Ok(())
    }

    fn rest(&self) -> &'s str {
        &self.sql[self.at..]
    }

    /// Takes so many bytes into the text.
    fn take(&mut self, bytes: usize) -> Result<(), String> {
        let token = &self.rest()[..bytes];
        self.in_comment = token.starts_with("--") && !token.ends_with(['\n', '\r']);
        let is_space = token.trim().is_empty() || token.starts_with("--") || token.starts_with("/*");
        if self.ended && !is_space {
            return Err("several statements in one literal; write a `sql!` for each".to_owned());
        }
        if !(self.ended && self.in_comment) {
            self.text.push_str(token);
        }
        self.at += bytes;
        Ok(())
    }

    fn token(&mut self, next: char) -> Result<(), String> {
        let rest = self.rest();
        match next {
            '\'' => self.string(rest, false, 0),
            '"' => {
                let length = quoted(&rest[1..], '"').ok_or("a quoted name has no end; close it by `\"`")?;
                self.take(1 + length)
            }
            '-' if rest.starts_with("--") => self.take(line_comment(rest)),
            '/' if rest.starts_with("/*") => {
                self.take(block_comment(rest).ok_or("a comment has no end; close it by `*/`")?)
            }
            '$' => self.dollar(rest),
            ';' => {
                if self.ended {
                    return Err("several statements in one literal; write a `sql!` for each".to_owned());
                }
                // Left away: the statement may stand in another one.
                self.ended = true;
                self.at += 1;
                Ok(())
            }
            '{' if rest.starts_with("{{") => self.brace('{'),
            '}' if rest.starts_with("}}") => self.brace('}'),
            '{' => self.placeholder(rest),
            '}' => Err("a `}` stands alone; write `}}` for a brace".to_owned()),
            c if begins_word(c) => self.word(rest),
            c if c.is_ascii_digit() => self.take(length_of(rest, |c| c.is_alphanumeric() || c == '_' || c == '.')),
            c => self.take(c.len_utf8()),
        }
    }

    fn brace(&mut self, brace: char) -> Result<(), String> {
        self.take(2)?;
        self.text.truncate(self.text.len() - 2);
        self.text.push(brace);
        Ok(())
    }

    /// A name or keyword, or the letter before a string that tells its kind.
    fn word(&mut self, rest: &str) -> Result<(), String> {
        let length = length_of(rest, continues_word);
        let is_escape = matches!(&rest[..length], "e" | "E") && rest[length..].starts_with('\'');
        if is_escape { self.string(rest, true, length) } else { self.take(length) }
    }

    /// A string, which begins behind so many bytes. Strings with nothing but a new line between are one for PostgreSQL,
    /// of the kind of the first.
    fn string(&mut self, rest: &str, escapes: bool, prefix: usize) -> Result<(), String> {
        let mut length = prefix;
        loop {
            let body = &rest[length + 1..];
            let end = if escapes { escaped(body) } else { quoted(body, '\'') };
            length += 1 + end.ok_or("a string has no end; close it by `'`")?;
            match continuation(&rest[length..]) {
                Some(gap) => length += gap,
                None => return self.take(length),
            }
        }
    }

    fn dollar(&mut self, rest: &str) -> Result<(), String> {
        let name = length_of(&rest[1..], |c| begins_word(c) || c.is_ascii_digit());
        let tag = &rest[..1 + name];
        if rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!(
                "`{tag}` in the statement; the numbers of parameters are given by `sql!`: put the value into braces"
            ));
        }
        if !rest[tag.len()..].starts_with('$') {
            return self.take(1);
        }
        let quote = &rest[..tag.len() + 1];
        let end = rest[quote.len()..].find(quote);
        let end = end.ok_or_else(|| format!("the quote `{quote}` has no end; close it by `{quote}`"))?;
        self.take(quote.len() + end + quote.len())
    }

    fn placeholder(&mut self, rest: &str) -> Result<(), String> {
        let (length, expr) = expression(rest)?;
        let placeholder = &rest[..length];
        if self.ended {
            return Err("several statements in one literal; write a `sql!` for each".to_owned());
        }
        let touches = |c: char| continues_word(c) || matches!(c, '\'' | '"');
        let before = self.text.ends_with(touches) || (self.text.is_empty() && !self.pieces.is_empty());
        let after = &rest[length..];
        let is_brace = after.starts_with('{') && !after.starts_with("{{");
        if before || is_brace || after.starts_with(touches) {
            return Err(format!("the placeholder `{placeholder}` touches what is beside it; put a space between"));
        }
        self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        self.pieces.push(Piece::Placeholder(Box::new(expr)));
        self.in_comment = false;
        self.at += length;
        Ok(())
    }
}

/// The Rust expression in the braces at the start, and how long it is with them. It may have braces itself: its end is the
/// first brace up to which it is an expression.
fn expression(rest: &str) -> Result<(usize, Expr), String> {
    let mut first = None;
    for (end, _) in rest.match_indices('}') {
        let inside = &rest[1..end];
        first.get_or_insert(end);
        if let Ok(expr) = syn::parse_str::<Expr>(inside) {
            return Ok((end + 1, expr));
        }
    }
    match first {
        Some(1) => Err("the placeholder `{}` is empty; put a name or an expression into it".to_owned()),
        Some(end) => {
            let placeholder = &rest[..=end];
            Err(format!("the placeholder `{placeholder}` is no Rust expression; write `{{{{` for a brace"))
        }
        None => {
            let start: String = rest.chars().take(20).collect();
            Err(format!("the placeholder `{start}` has no end; close it by `}}`, or write `{{{{` for a brace"))
        }
    }
}

fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn continues_word(c: char) -> bool {
    begins_word(c) || c.is_ascii_digit() || c == '$'
}

fn length_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// How long the rest of something in quotes is, with the closing one; two of them are one inside.
fn quoted(body: &str, quote: char) -> Option<usize> {
    let mut at = 0;
    loop {
        at += body[at..].find(quote)? + 1;
        if !body[at..].starts_with(quote) {
            return Some(at);
        }
        at += 1;
    }
}

/// Like [`quoted`], of a string in which a backslash stands before what is meant as it is.
fn escaped(body: &str) -> Option<usize> {
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next()?;
            }
            '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
            }
            '\'' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// How far it is to the next part of a string, if one follows: spaces and comments with a new line among them.
fn continuation(rest: &str) -> Option<usize> {
    let (mut at, mut lines) = (0, false);
    loop {
        let rest = &rest[at..];
        match rest.chars().next()? {
            '\'' if lines => return Some(at),
            '\n' | '\r' => {
                lines = true;
                at += 1;
            }
            ' ' | '\t' | '\x0b' | '\x0c' => at += 1,
            '-' if rest.starts_with("--") => {
                let length = line_comment(rest);
                lines |= rest[..length].ends_with(['\n', '\r']);
                at += length;
            }
            _ => return None,
        }
    }
}

fn line_comment(rest: &str) -> usize {
    rest.find(['\n', '\r']).map_or(rest.len(), |end| end + 1)
}

/// How long a comment is; they are nested.
fn block_comment(rest: &str) -> Option<usize> {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let rest = &rest[at..];
        let (open, close) = (rest.find("/*"), rest.find("*/")?);
        match open {
            Some(open) if open < close => {
                depth += 1;
                at += open + 2;
            }
            _ => {
                depth -= 1;
                at += close + 2;
            }
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::{Piece, scan};

    /// The statement with its placeholders numbered as they come, and what they are.
    fn scanned(sql: &str) -> (String, Vec<String>) {
        let (mut text, mut values) = (String::new(), Vec::new());
        for piece in scan(sql).unwrap_or_else(|message| panic!("{message}: {sql}")) {
            match piece {
                Piece::Text(part) => text.push_str(&part),
                Piece::Placeholder(expr) => {
                    values.push(expr.to_token_stream().to_string());
                    text.push_str(&format!("${}", values.len()));
                }
            }
        }
        (text, values)
    }

    /// A statement without placeholders, which stays as it is.
    fn assert_untouched(sql: &str) {
        assert_eq!(scanned(sql), (sql.to_owned(), Vec::new()), "{sql}");
    }

    fn assert_refused(sql: &str, expected: &str) {
        assert_eq!(scan(sql), Err(expected.to_owned()), "{sql}");
    }

    #[test]
    fn names_and_expressions_are_placeholders() {
        let (text, values) = scanned("select {id}, { a.b(1) } from t where x = any({tags}) and y in ({x},{y})");
        assert_eq!(text, "select $1, $2 from t where x = any($3) and y in ($4,$5)");
        assert_eq!(values, ["id", "a . b (1)", "tags", "x", "y"]);
        let (text, values) = scanned("select {Point { x: 1, y: \"}\" }} ");
        assert_eq!((text.as_str(), values.len()), ("select $1 ", 1));
        assert_eq!(scanned("select {'}'} + {b'{'}").1, ["'}'", "b'{'"]);
        assert_eq!(scanned("select {id}::int[], {id}+1").0, "select $1::int[], $2+1");
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(scanned("select {{ }} {{{{").0, "select { } {{");
        assert_eq!(scanned("select {{ {x} }}").0, "select { $1 }");
        assert_eq!(scanned("select {{{x}}}").0, "select {$1}");
    }

    #[test]
    fn strings_and_quoted_names_are_left_alone() {
        for sql in [
            "select '{x}'",
            "select 'it''s {x}'",
            "select '{{1,2},{3,4}}'",
            "select '\\', '{x}'",
            "select E'\\' {x}'",
            "select e'\\\\', '{x}'",
            "select E'it''s \\'{x}\\''",
            "select E'a'\n'\\'{x}'",
            "select E'a' -- {y}\n  '\\'{x}'",
            "select U&'\\007b{x}', B'01', X'1f', N'{x}'",
            "select \"a{b}\", \"a\"\"{b}\"",
            "select U&\"{x}\"",
            "select nameE'{x}\\'",
        ] {
            assert_untouched(sql);
        }
        // A backslash escapes nothing in a plain string: it ends here.
        assert_eq!(scanned("select '\\' || {x} || ' '").1, ["x"]);
        // Strings in one line are two: the second is plain.
        assert_eq!(scanned("select E'a' '\\' || {x}").1, ["x"]);
    }

    #[test]
    fn dollar_quotes_are_left_alone() {
        for sql in [
            "select $$ {x} $$",
            "select $tag$ {x} $$ {y} $tag$",
            "select $a$ $b$ {x} $a$",
            "select $ключ$ {x} $ключ$",
            "do $$ begin perform 1; perform 2; end $$",
        ] {
            assert_untouched(sql);
        }
        // A `$` in a name begins no quote.
        assert_eq!(scanned("select a$b$ + {x} + c$b$").1, ["x"]);
        assert_eq!(scanned("select $_1$ {x} $_1$ + {y}").1, ["y"]);
    }

    #[test]
    fn comments_are_left_alone() {
        for sql in [
            "select 1 -- {x}\n + 2",
            "select 1 /* {x} */",
            "select 1 /* a /* {x} */ {y} ' */ + 2",
            "select 1 - - 2",
            "/* {x} */ select 1",
        ] {
            assert_untouched(sql);
        }
        assert_eq!(scanned("select 1 -- it's\n + {x}").1, ["x"]);
        assert_eq!(scanned("select '--' + {x}").1, ["x"]);
        assert_eq!(scanned("select 1 /* /* */ */ + {x}").1, ["x"]);
        // What stands behind the statement is not to be part of its comment.
        assert_eq!(scanned("select 1 -- last").0, "select 1 -- last\n");
    }

    #[test]
    fn one_literal_is_one_statement() {
        assert_eq!(scanned("select 1;").0, "select 1");
        assert_eq!(scanned("select 1; -- done").0, "select 1 \n");
        assert_eq!(scanned("select 1;\n/* a; b */ ").0, "select 1\n/* a; b */ ");
        assert_untouched("select ';'");
        let several = "several statements in one literal; write a `sql!` for each";
        for sql in ["select 1; select 2", "select 1;;", "select 1; 'x'", "select 1; {x}", "select 1; {{"] {
            assert_refused(sql, several);
        }
    }

    #[test]
    fn what_has_no_end_is_refused() {
        assert_refused("select 'a", "a string has no end; close it by `'`");
        assert_refused("select E'a\\'", "a string has no end; close it by `'`");
        assert_refused("select \"a", "a quoted name has no end; close it by `\"`");
        assert_refused("select /* /* */", "a comment has no end; close it by `*/`");
        assert_refused("select $a$ $b$", "the quote `$a$` has no end; close it by `$a$`");
        assert_refused("select {x", "the placeholder `{x` has no end; close it by `}`, or write `{{` for a brace");
    }

    #[test]
    fn placeholders_that_are_none_are_refused() {
        assert_refused("select {}", "the placeholder `{}` is empty; put a name or an expression into it");
        assert_refused("select {a b}", "the placeholder `{a b}` is no Rust expression; write `{{` for a brace");
        assert_refused("select {x:?}, {y}", "the placeholder `{x:?}` is no Rust expression; write `{{` for a brace");
        assert_refused("select 1 }", "a `}` stands alone; write `}}` for a brace");
        assert_refused("", "the statement is empty; write one");
        assert_refused(" -- nothing\n ; ", "the statement is empty; write one");
        assert_refused("select \0", "the statement has a NUL byte, which PostgreSQL refuses; remove it");
        assert_refused(
            "select $1",
            "`$1` in the statement; the numbers of parameters are given by `sql!`: put the value into braces",
        );
    }

    #[test]
    fn placeholders_stand_apart() {
        for (sql, placeholder) in [
            ("select a{x}", "{x}"),
            ("select 1{x}", "{x}"),
            ("select {x}5", "{x}"),
            ("select {x}a", "{x}"),
            ("select {x}{y}", "{x}"),
            ("select E{x}", "{x}"),
            ("select 'a'{x}", "{x}"),
            ("select {x}'a'", "{x}"),
            ("select {x}$$a$$", "{x}"),
        ] {
            let expected = format!("the placeholder `{placeholder}` touches what is beside it; put a space between");
            assert_refused(sql, &expected);
        }
    }
}
