//! Writes all changes of a file into its text, each behind its number.

use crate::changes::{Change, Position};
use crate::places::{Bytes, Places};
use std::collections::BTreeSet;

/// The text with the changes in it.
pub(crate) struct Rewritten {
    pub(crate) text: String,
    /// What each change added, and the place that it is about, in the new text.
    pub(crate) added: Vec<(usize, Bytes)>,
    pub(crate) about: Vec<(usize, Bytes)>,
}

/// One change: what is written before a place, and after it. Between the two stands the place
/// itself, with the changes inside it: only one change is on at a time, so `before` repeats the
/// place without them.
struct Edit {
    number: usize,
    place: Bytes,
    before: String,
    after: String,
}

/// Writes changes into a text. The second value names those that cannot be expressed. Functions of
/// the names in `constant` are used in constants.
pub(crate) fn rewrite(
    text: &str,
    changes: &[&Change],
    constant: &BTreeSet<String>,
) -> Result<(Rewritten, Vec<usize>), String> {
    let places = Places::of(text).map_err(|e| e.to_string())?;
    let text = &runtime(text, &places, constant);
    let lines = Lines::of(text);
    let mut edits = Vec::new();
    let mut left = Vec::new();
    for change in changes {
        let span = lines.byte(change.span.start)..lines.byte(change.span.end);
        match edit(text, &places, change, span) {
            Some(edit) => edits.push(edit),
            None => left.push(change.number),
        }
    }
    Ok((written(text, edits), left))
}

/// The text with constant functions made ordinary ones, where no constant needs them: a constant
/// function cannot ask which change is on.
fn runtime(text: &str, places: &Places, constant: &BTreeSet<String>) -> String {
    let mut text = text.to_owned();
    for (_, word) in places.constant.iter().filter(|(name, _)| !constant.contains(name)) {
        text.replace_range(word.clone(), &" ".repeat(word.len()));
    }
    text
}

/// How a change is written, where its place is found.
fn edit(text: &str, places: &Places, change: &Change, span: Bytes) -> Option<Edit> {
    let number = change.number;
    let with = &change.replacement;
    let on = format!("crate::mutants::on({number})");
    let instead = |place: Bytes, other: String| Edit {
        number,
        place,
        before: format!("(if {on} {{ {other} }} else {{ "),
        after: " })".into(),
    };
    Some(match change.genre.as_str() {
        // Another iterator would be another type behind `impl Iterator`.
        "FnValue" if with == "::std::iter::empty()" => {
            Edit { number, place: span, before: "let kept = { ".into(), after: format!(" }}; kept.filter(|_| !{on})") }
        }
        "FnValue" => {
            Edit { number, place: span, before: format!("if {on} {{ return {with}; }} "), after: String::new() }
        }
        "BinaryOperator" => {
            let whole = places.operators.get(&span.start)?.clone();
            let other = format!("{}{with}{}", text.get(whole.start..span.start)?, text.get(span.end..whole.end)?);
            instead(whole, other)
        }
        "UnaryOperator" => {
            let whole = places.operators.get(&span.start)?.clone();
            let other = text.get(span.end..whole.end)?.to_owned();
            instead(whole, other)
        }
        "MatchArmGuard" => instead(span, with.clone()),
        "MatchArm" => {
            let arm = places.arms.get(&span.start)?;
            match arm.guard.clone() {
                Some(guard) => Edit { number, place: guard, before: format!("!{on} && ("), after: ")".into() },
                None => {
                    Edit { number, place: arm.arrow..arm.arrow, before: format!("if !{on} "), after: String::new() }
                }
            }
        }
        "StructField" => {
            let field = places.fields.get(&span.start)?;
            let name = if field.shorthand { format!("{}: ", field.name) } else { String::new() };
            let base = text.get(field.base.clone())?;
            let before = format!("{name}if {on} {{ ({base}).{} }} else {{ ", field.name);
            Edit { number, place: field.value.clone(), before, after: " }".into() }
        }
        _ => return None,
    })
}

/// Puts the edits in: at one byte, what closes comes before what opens, and larger places lie
/// around smaller ones.
fn written(text: &str, mut edits: Vec<Edit>) -> Rewritten {
    edits.sort_by_key(|edit| (edit.place.start, std::cmp::Reverse(edit.place.end), rank(&edit.before)));
    let mut result = Rewritten { text: String::new(), added: Vec::new(), about: Vec::new() };
    let mut open: Vec<(&Edit, usize)> = Vec::new();
    let mut copied = 0;
    for edit in &edits {
        close(text, &mut open, edit.place.start, &mut copied, &mut result);
        copy(text, &mut copied, edit.place.start, &mut result.text);
        let start = result.text.len();
        result.text.push_str(&edit.before);
        result.added.push((edit.number, start..result.text.len()));
        open.push((edit, start));
    }
    close(text, &mut open, text.len(), &mut copied, &mut result);
    copy(text, &mut copied, text.len(), &mut result.text);
    result
}

/// A statement stands before any expression that starts with it, and a field's name and an arm's
/// guard before their value.
fn rank(before: &str) -> u8 {
    match before {
        _ if before.starts_with("if ") || before.starts_with("let ") => 0,
        _ if before.starts_with('(') => 2,
        _ => 1,
    }
}

/// Closes the places that end up to a byte.
fn close(text: &str, open: &mut Vec<(&Edit, usize)>, upto: usize, copied: &mut usize, result: &mut Rewritten) {
    while let Some(&(edit, start)) = open.last() {
        if edit.place.end > upto {
            return;
        }
        copy(text, copied, edit.place.end, &mut result.text);
        result.text.push_str(&edit.after);
        result.about.push((edit.number, start..result.text.len()));
        open.pop();
    }
}

fn copy(text: &str, copied: &mut usize, upto: usize, to: &mut String) {
    to.push_str(text.get(*copied..upto).unwrap_or_default());
    *copied = upto.max(*copied);
}

/// Finds bytes by line and column.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    fn byte(&self, position: Position) -> usize {
        let start = self.starts.get(position.line - 1).copied().unwrap_or(self.text.len());
        let line = &self.text[start..];
        start + line.char_indices().nth(position.column - 1).map_or(line.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a change of `what` in a text gives; columns are counted in that one line.
    fn rewritten(text: &str, changes: &[(&str, &str, &str)]) -> String {
        let list: Vec<Change> = (1..).zip(changes).map(|(number, change)| numbered(number, text, change)).collect();
        let (rewritten, left) = rewrite(text, &list.iter().collect::<Vec<_>>(), &BTreeSet::new()).unwrap();
        assert!(left.is_empty(), "{left:?}");
        rewritten.text.replace("crate::mutants::on", "on")
    }

    fn numbered(number: usize, text: &str, (genre, what, replacement): &(&str, &str, &str)) -> Change {
        let column = text.find(what).unwrap() + 1;
        let span = serde_json::json!({
            "start": { "line": 1, "column": column },
            "end": { "line": 1, "column": column + what.len() },
        });
        let change = serde_json::json!({
            "name": "", "file": "", "genre": genre, "replacement": replacement, "span": span, "function": null,
        });
        let mut change: Change = serde_json::from_value(change).unwrap();
        change.number = number;
        change
    }

    #[test]
    fn each_kind_of_change_stands_behind_its_number() {
        for (genre, what, replacement, text, expected) in [
            ("FnValue", "g()", "0", "fn f() -> u8 { g() }", "fn f() -> u8 { if on(1) { return 0; } g() }"),
            (
                "BinaryOperator",
                "&&",
                "||",
                "fn f() { g(a && !b) }",
                "fn f() { g((if on(1) { a || !b } else { a && !b })) }",
            ),
            ("UnaryOperator", "!", "", "fn f() { g(a && !b) }", "fn f() { g(a && (if on(1) { b } else { !b })) }"),
            (
                "FnValue",
                "g()",
                "::std::iter::empty()",
                "fn f() -> impl Iterator { g() }",
                "fn f() -> impl Iterator { let kept = { g() }; kept.filter(|_| !on(1)) }",
            ),
            (
                "MatchArmGuard",
                "a > 1",
                "true",
                "fn f() { match a { b if a > 1 => 1, _ => 2 } }",
                "fn f() { match a { b if (if on(1) { true } else { a > 1 }) => 1, _ => 2 } }",
            ),
            (
                "MatchArm",
                "1 => 1,",
                "",
                "fn f() { match a { 1 => 1, _ => 2 } }",
                "fn f() { match a { 1 if !on(1) => 1, _ => 2 } }",
            ),
            (
                "MatchArm",
                "b if c => 1,",
                "",
                "fn f() { match a { b if c => 1, _ => 2 } }",
                "fn f() { match a { b if !on(1) && (c) => 1, _ => 2 } }",
            ),
            (
                "StructField",
                "a: 1",
                "",
                "fn f() { S { a: 1, ..d() } }",
                "fn f() { S { a: if on(1) { (d()).a } else { 1 }, ..d() } }",
            ),
            (
                "StructField",
                "a",
                "",
                "fn f() { S { a, ..d() } }",
                "fn f() { S { a: if on(1) { (d()).a } else { a }, ..d() } }",
            ),
        ] {
            assert_eq!(rewritten(text, &[(genre, what, replacement)]), expected);
        }
    }

    #[test]
    fn changes_lie_inside_one_another() {
        let changes = [
            ("FnValue", "a < b || c", "true"),
            ("BinaryOperator", "<", "=="),
            ("BinaryOperator", "<", ">"),
            ("BinaryOperator", "||", "&&"),
        ];
        let expected = "fn f() -> bool { if on(1) { return true; } (if on(4) { a < b && c } else { \
                        (if on(2) { a == b } else { (if on(3) { a > b } else { a < b }) }) || c }) }";
        assert_eq!(rewritten("fn f() -> bool { a < b || c }", &changes), expected);
    }

    #[test]
    fn a_function_stays_constant_only_where_constants_use_it() {
        let text = "const fn f() -> u8 { 1 } const fn g() -> u8 { 1 }";
        let used = BTreeSet::from(["f".to_owned()]);
        let (rewritten, _) = rewrite(text, &[], &used).unwrap();
        assert_eq!(rewritten.text, "const fn f() -> u8 { 1 }       fn g() -> u8 { 1 }");
    }

    #[test]
    fn a_match_that_needs_all_its_arms_is_left() {
        let text = "fn f() { match a { A => 1, B => 2 } }";
        let change = numbered(1, text, &("MatchArm", "A => 1,", ""));
        let (_, left) = rewrite(text, &[&change], &BTreeSet::new()).unwrap();
        assert_eq!(left, [1]);
    }
}
