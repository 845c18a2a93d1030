//! The wire format of protobuf: numbered fields, each a number or bytes.
//!
//! Source: the encoding page of the protocol buffers documentation.

/// Why bytes are no message, in the words of Go's decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    /// The bytes end within a field.
    #[error("unexpected EOF")]
    Cut,
    /// A number is longer than 64 bits.
    #[error("proto: integer overflow")]
    Overflow,
    /// A field has the number 0, or one that is too large.
    #[error("proto: illegal tag {0}")]
    Tag(u64),
    /// A kind of value that no message of today has.
    #[error("proto: illegal wireType {0}")]
    WireType(u64),
    /// A field is a number where text is expected, or the other way round.
    #[error("proto: wrong wireType for field {0}")]
    Mismatch(&'static str),
    /// Text is not UTF-8.
    #[error("proto: field {0} contains invalid UTF-8")]
    Utf8(&'static str),
    /// A time lies outside the years that can be printed.
    #[error("proto: field {0} is no time")]
    Time(&'static str),
    /// Bytes that should be JSON are none.
    #[error("proto: field {0} is no JSON")]
    Json(&'static str),
}

/// One value, whose meaning only the message knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire<'b> {
    Number(u64),
    Bytes(&'b [u8]),
    /// Of fixed length, as no field that is read here is.
    Fixed,
}

/// The fields of a message, in their order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'b> {
    rest: &'b [u8],
}

/// The largest field number.
const LARGEST: u64 = (1 << 29) - 1;

impl<'b> Fields<'b> {
    pub(super) fn of(message: &'b [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number and value; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Wire<'b>)>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = tag >> 3;
        if !(1..=LARGEST).contains(&number) {
            return Err(WireError::Tag(number));
        }
        let value = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            1 => self.take(8).map(|_| Wire::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| WireError::Cut)?;
                Wire::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Wire::Fixed)?,
            other => return Err(WireError::WireType(other)),
        };
        Ok(Some((u32::try_from(number).map_err(|_| WireError::Tag(number))?, value)))
    }

    /// A number in groups of seven bits, the lowest first.
    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value: u64 = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(WireError::Cut)?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            // Of the tenth byte only one bit is left.
            if shift == 63 && bits > 1 {
                return Err(WireError::Overflow);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Overflow)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(WireError::Cut)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// The bytes of the last field with this number, which is the one that counts; none are as good as empty ones.
pub(super) fn last_bytes(message: &[u8], wanted: u32) -> Result<&[u8], WireError> {
    let (mut fields, mut found): (_, &[u8]) = (Fields::of(message), &[]);
    while let Some((number, value)) = fields.next()? {
        if let (true, Wire::Bytes(bytes)) = (number == wanted, value) {
            found = bytes;
        }
    }
    Ok(found)
}
