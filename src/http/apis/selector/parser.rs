//! Reads the requirements of a label selector.

use std::collections::{BTreeSet, VecDeque};

use super::InvalidSelector;
use super::label::{Operator, Requirement};
use super::label_rule;
use super::token::{Token, tokens};

/// The tokens that are left.
pub(super) struct Parser {
    rest: VecDeque<Token>,
}

type Values = BTreeSet<String>;

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        Self { rest: tokens(text).into() }
    }

    /// All requirements up to the end.
    pub(super) fn requirements(mut self) -> Result<Vec<Requirement>, InvalidSelector> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                Token::Identifier(_) | Token::Not => {}
                Token::End => return Ok(requirements),
                other => return Err(found(&other, "!, identifier, or 'end of string'")),
            }
            let requirement = self.requirement();
            requirements.push(
                requirement
                    .map_err(|InvalidSelector(why)| InvalidSelector(format!("unable to parse requirement: {why}")))?,
            );
            match self.take() {
                Token::End => return Ok(requirements),
                Token::Comma => self.expect_another()?,
                other => return Err(found(&other, "',' or 'end of string'")),
            }
        }
    }

    fn expect_another(&self) -> Result<(), InvalidSelector> {
        match self.peek() {
            Token::Identifier(_) | Token::Not => Ok(()),
            other => Err(found(&other, "identifier after ','")),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, InvalidSelector> {
        let mut next = self.take();
        let absent = next == Token::Not;
        if absent {
            next = self.take();
        }
        let Token::Identifier(key) = next else { return Err(found(&next, "identifier")) };
        label_rule::check_key("<nil>", &key)?;
        if absent {
            return Ok(Requirement { key, operator: Operator::DoesNotExist });
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(Requirement { key, operator: Operator::Exists });
        }
        let operator = self.comparison()?;
        let requirement = Requirement { key, operator };
        requirement.check()?;
        Ok(requirement)
    }

    fn comparison(&mut self) -> Result<Operator, InvalidSelector> {
        match self.rest.pop_front().unwrap_or(Token::End) {
            Token::In => Ok(Operator::In(self.values()?)),
            Token::NotIn => Ok(Operator::NotIn(self.values()?)),
            Token::Equals | Token::DoubleEquals => Ok(Operator::In(self.value()?)),
            Token::NotEquals => Ok(Operator::NotIn(self.value()?)),
            Token::Greater => Ok(Operator::Greater(self.value()?)),
            Token::Less => Ok(Operator::Less(self.value()?)),
            other => Err(found(&other, "in, notin, =, ==, !=, gt, lt")),
        }
    }

    /// What stands behind a comparison; nothing there is the empty value.
    fn value(&mut self) -> Result<Values, InvalidSelector> {
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(Values::from([String::new()]));
        }
        match self.take() {
            Token::Identifier(value) => Ok(Values::from([value])),
            other => Err(found(&other, "identifier")),
        }
    }

    fn values(&mut self) -> Result<Values, InvalidSelector> {
        let open = self.take();
        if open != Token::Open {
            return Err(InvalidSelector(format!("found '{}' expected: '('", open.text())));
        }
        match self.peek() {
            Token::Identifier(_) | Token::Comma => self.value_list(),
            Token::Close => {
                self.take();
                Ok(Values::from([String::new()]))
            }
            other => Err(found(&other, "',', ')' or identifier")),
        }
    }

    /// Values between commas, up to the closing parenthesis; nothing between two commas is the empty value.
    fn value_list(&mut self) -> Result<Values, InvalidSelector> {
        let mut values = Values::new();
        let mut after_value = false;
        loop {
            match (self.take(), after_value) {
                (Token::Identifier(value), false) => {
                    values.insert(value);
                    after_value = true;
                }
                (Token::Comma, true) => after_value = false,
                (Token::Comma, false) => {
                    values.insert(String::new());
                }
                (Token::Close, true) => return Ok(values),
                (Token::Close, false) => {
                    values.insert(String::new());
                    return Ok(values);
                }
                (other, true) => return Err(found(&other, "',' or ')'")),
                (other, false) => return Err(found(&other, "',', or identifier")),
            }
        }
    }

    fn peek(&self) -> Token {
        self.rest.front().cloned().unwrap_or(Token::End).into_value()
    }

    fn take(&mut self) -> Token {
        self.rest.pop_front().unwrap_or(Token::End).into_value()
    }
}

fn found(token: &Token, expected: &str) -> InvalidSelector {
    InvalidSelector(format!("found '{}', expected: {expected}", token.text()))
}
