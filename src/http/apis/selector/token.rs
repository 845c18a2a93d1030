//! The words of a label selector.

use std::iter::Peekable;
use std::str::Chars;

/// A word, with its text where it has one of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, or a value.
    Identifier(String),
    /// `in`
    In,
    /// `notin`
    NotIn,
    /// `!`
    Not,
    /// `=`
    Equals,
    /// `==`
    DoubleEquals,
    /// `!=`
    NotEquals,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// The end.
    End,
}

impl Token {
    /// As the client wrote it.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Identifier(text) => text,
            Self::In => "in",
            Self::NotIn => "notin",
            Self::Not => "!",
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
            Self::End => "",
        }
    }

    /// Where no operator can stand, `in` and `notin` are names like others.
    pub(super) fn into_value(self) -> Self {
        match self {
            Self::In | Self::NotIn => Self::Identifier(self.text().to_owned()),
            other => other,
        }
    }
}

/// Takes a selector apart. The last token is the only [`Token::End`].
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(next) = rest.next() {
        match next {
            ' ' | '\t' | '\r' | '\n' => {}
            _ if is_symbol(next) => tokens.push(symbol(next, &mut rest)),
            _ => tokens.push(word(next, &mut rest)),
        }
    }
    tokens.push(Token::End);
    tokens
}

fn is_symbol(character: char) -> bool {
    matches!(character, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

fn symbol(first: char, rest: &mut Peekable<Chars<'_>>) -> Token {
    match first {
        '=' if rest.next_if_eq(&'=').is_some() => Token::DoubleEquals,
        '=' => Token::Equals,
        '!' if rest.next_if_eq(&'=').is_some() => Token::NotEquals,
        '!' => Token::Not,
        '(' => Token::Open,
        ')' => Token::Close,
        ',' => Token::Comma,
        '>' => Token::Greater,
        _ => Token::Less,
    }
}

fn word(first: char, rest: &mut Peekable<Chars<'_>>) -> Token {
    let mut word = String::from(first);
    let goes_on = |next: &char| !is_symbol(*next) && !matches!(*next, ' ' | '\t' | '\r' | '\n');
    while let Some(next) = rest.next_if(goes_on) {
        word.push(next);
    }
    match word.as_str() {
        "in" => Token::In,
        "notin" => Token::NotIn,
        _ => Token::Identifier(word),
    }
}
