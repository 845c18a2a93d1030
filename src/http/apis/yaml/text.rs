//! Texts: without quotes where that is clear, as blocks where they have lines, and in quotes otherwise.

use super::plain;

/// Behind which column a line is folded at the next space.
const WIDTH: usize = 80;

/// Where a text stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Before a colon: on one line.
    Key,
    /// Anywhere else, within a mapping or list of an indentation.
    Value { indent: usize },
}

impl Place {
    /// The indentation of the lines that the text goes on in, if it may.
    fn folds_to(self) -> Option<usize> {
        match self {
            Self::Key => None,
            Self::Value { indent } => Some(indent + super::STEP),
        }
    }
}

/// Prints a text where the cursor is.
pub(super) fn print(out: &mut String, text: &str, place: Place) {
    let lines = text.contains('\n');
    let escapes = plain::needs_escapes(text) || text.contains(" \n");
    match (lines, place.folds_to()) {
        (true, Some(indent)) if !escapes && !text.ends_with(' ') => block(out, text, indent),
        (true, _) => double_quoted(out, text, place),
        (false, _) if plain::means_something(text) || escapes => double_quoted(out, text, place),
        (false, _) if plain::is_safe(text) => folded(out, text, place, false),
        (false, _) => {
            out.push('\'');
            folded(out, &text.replace('\'', "''"), place, true);
            out.push('\'');
        }
    }
}

/// Every line of its own.
fn block(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push_str(&super::STEP.to_string());
    }
    let body = match text.strip_suffix('\n') {
        None => {
            out.push('-');
            text
        }
        // The line break at the end is there anyway, unless there are more of them.
        Some(rest) if rest.is_empty() || rest.ends_with('\n') => {
            out.push('+');
            rest
        }
        Some(rest) => rest,
    };
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
}

/// The letters as they are, folded at single spaces.
fn folded(out: &mut String, text: &str, place: Place, quoted: bool) {
    let mut column = column(out);
    let mut letters = text.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        let single = letter == ' ' && before != Some(' ') && letters.peek().is_some_and(|next| *next != ' ');
        let first = quoted && before.is_none();
        match place.folds_to() {
            Some(indent) if single && !first && column > WIDTH => column = new_line(out, indent),
            _ => {
                out.push(letter);
                column += 1;
            }
        }
        before = Some(letter);
    }
}

/// With backslashes before what could not stand there otherwise.
fn double_quoted(out: &mut String, text: &str, place: Place) {
    out.push('"');
    let mut column = column(out);
    let mut letters = text.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        let inside = before.is_some_and(|before| before != ' ') && letters.peek().is_some();
        match place.folds_to() {
            Some(indent) if letter == ' ' && inside && column > WIDTH => {
                column = new_line(out, indent);
                if letters.peek() == Some(&' ') {
                    out.push('\\');
                    column += 1;
                }
            }
            _ => {
                let length = out.len();
                escaped(out, letter);
                column += out.get(length..).map_or(0, |added| added.chars().count());
            }
        }
        before = Some(letter);
    }
    out.push('"');
}

fn escaped(out: &mut String, letter: char) {
    let short = match letter {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\0' => "\\0",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        '\r' => "\\r",
        '\u{1b}' => "\\e",
        '\u{85}' => "\\N",
        '\u{feff}' => "\\uFEFF",
        _ if !plain::needs_escapes(letter.encode_utf8(&mut [0; 4])) => {
            out.push(letter);
            return;
        }
        _ => {
            let code = u32::from(letter);
            let number = if code <= 0xff { format!("\\x{code:02X}") } else { format!("\\u{code:04X}") };
            out.push_str(&number);
            return;
        }
    };
    out.push_str(short);
}

/// How far the cursor is in its line.
fn column(out: &str) -> usize {
    out.rsplit('\n').next().map_or(0, |line| line.chars().count())
}

fn new_line(out: &mut String, indent: usize) -> usize {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    indent
}
