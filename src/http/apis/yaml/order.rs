//! The order of names: numbers within them count as numbers.

use std::cmp::Ordering;

/// Compares two names.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let Some(position) = one.iter().zip(&other).position(|(one, other)| one != other) else {
        return one.len().cmp(&other.len());
    };
    let (head, rests) = (one.get(..position).unwrap_or_default(), (one.get(position..), other.get(position..)));
    let (Some(rest @ [first, ..]), Some(other_rest @ [other_first, ..])) = rests else {
        return one.len().cmp(&other.len());
    };
    match (first.is_alphabetic(), other_first.is_alphabetic()) {
        (true, true) => first.cmp(other_first),
        // Behind a number the letter comes first: the number is complete there, and goes on in the other name.
        (letter, false) | (false, letter) if letter => {
            let behind_number = head.last().is_some_and(char::is_ascii_digit);
            if first.is_alphabetic() == behind_number { Ordering::Less } else { Ordering::Greater }
        }
        _ => {
            // Zeros behind other digits count; at the beginning of a number they do not.
            let within = (*first == '0' || *other_first == '0')
                && head.iter().rev().take_while(|letter| letter.is_ascii_digit()).any(|digit| *digit != '0');
            let number = |rest: &[char]| -> (u64, usize) {
                let digits = rest.iter().map_while(|letter| letter.to_digit(10));
                digits.fold((u64::from(within), 0), |(number, length), digit| {
                    (number.saturating_mul(10).saturating_add(digit.into()), length + 1)
                })
            };
            number(rest).cmp(&number(other_rest)).then_with(|| first.cmp(other_first))
        }
    }
}
