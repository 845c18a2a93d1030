//! Which texts can stand without quotes.

/// Whether a text without quotes would be read as something else than text.
pub(super) fn means_something(text: &str) -> bool {
    const WORDS: [&str; 11] = ["y", "yes", "true", "on", "n", "no", "false", "off", "null", ".inf", ".nan"];
    let spelt = |word: &str| {
        let capital =
            word.char_indices().map(|(at, letter)| if at == 0 { letter.to_ascii_uppercase() } else { letter });
        text == word || text == word.to_ascii_uppercase() || text.chars().eq(capital)
    };
    let signed_infinity = text.strip_prefix(['+', '-']).is_some_and(|rest| [".inf", ".Inf", ".INF"].contains(&rest));
    text.is_empty()
        || matches!(text, "~" | "<<" | ".NaN" | ".Inf")
        || WORDS.iter().any(|word| spelt(word))
        || signed_infinity
        || is_number(text)
        || is_time(text)
        || is_of_base_60(text)
}

fn is_number(text: &str) -> bool {
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return false;
    }
    let digits: String = text.chars().filter(|letter| *letter != '_').collect();
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    let based = |prefix: &str, radix: u32| {
        unsigned.strip_prefix(prefix).is_some_and(|rest| u64::from_str_radix(rest, radix).is_ok())
    };
    based("0x", 16) || based("0X", 16) || based("0b", 2) || based("0o", 8) || is_decimal(unsigned)
}

/// Digits, at most one point among them, and perhaps an exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// `1:20` was a number once, and some still read it as such.
fn is_of_base_60(text: &str) -> bool {
    let Some((first, rest)) = text.strip_prefix(['+', '-']).unwrap_or(text).split_once(':') else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let (sixties, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    first.starts_with(|letter: char| letter.is_ascii_digit())
        && digits(first)
        && digits(fraction)
        && sixties.split(':').all(|part| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
}

/// A date, or a date and a time: with a zone behind a `T`, without one behind a space.
fn is_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't', ' ']) else {
        return is_date(text);
    };
    let clock = if text.contains(' ') { Some(time) } else { without_zone(time) };
    is_date(date) && clock.is_some_and(is_clock)
}

fn is_date(text: &str) -> bool {
    let digits =
        |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => year.len() == 4 && digits(year, 4) && digits(month, 2) && digits(day, 2),
        _ => false,
    }
}

fn is_clock(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [hours, minutes, seconds] => {
            let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            [*hours, *minutes, seconds].iter().all(|part| part.len() <= 2 && digits(part)) && digits(fraction)
        }
        _ => false,
    }
}

/// The time of a text that ends with a zone: `Z`, or an offset such as `+01:00`.
fn without_zone(text: &str) -> Option<&str> {
    text.strip_suffix('Z').or_else(|| {
        let (time, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
        matches!(offset.as_bytes(), [b'+' | b'-', b'0'..=b'9', b'0'..=b'9', b':', b'0'..=b'9', b'0'..=b'9'])
            .then_some(time)
    })
}

/// Whether a text of one line can stand without quotes where it is not within brackets.
pub(super) fn is_safe(text: &str) -> bool {
    const NEVER_FIRST: &str = "#,[]{}&*!|>'\"%@` ";
    let blank = |letter: Option<char>| letter.is_none_or(|letter| matches!(letter, ' ' | '\t'));
    let mut letters = text.chars();
    let starts_badly = match letters.next() {
        Some('-' | '?' | ':') => blank(letters.next()),
        first => first.is_none_or(|first| NEVER_FIRST.contains(first)),
    };
    !(starts_badly
        || text.ends_with([' ', ':'])
        || text.starts_with("---")
        || text.starts_with("...")
        || text.contains(": ")
        || text.contains(" #"))
}

/// Whether a text has letters that can only be written with a backslash.
pub(super) fn needs_escapes(text: &str) -> bool {
    text.chars().any(|letter| {
        !matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
    })
}
