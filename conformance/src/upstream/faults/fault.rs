//! What goes wrong on the way from a registry.

use std::time::Duration;

use super::exchange::{Answer, Request};

/// The proxy in front of the registry does this to each answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// Connections are refused.
    Down,
    /// The answer begins too late.
    LateFirstByte,
    /// The body comes in pieces, slowly, and yet all of it.
    Trickle,
    /// The body stops in the middle; the connection stays.
    Stall,
    /// The connection ends in the middle of the body, the first time.
    CutOnce,
    /// The connection ends there whenever the body comes so far.
    Cut,
    /// A byte is another one.
    WrongByte,
    /// The length that is stated, and what comes, is half of the body.
    ShortLength,
    /// No length is stated.
    NoLength,
    /// The login that was good is refused.
    LoginRefused,
    /// The token that was good is not good any more; another one is to be had.
    TokenExpired,
    /// This status and body.
    Status(u16),
    /// It leads to another host, which has everything.
    Elsewhere,
    /// It leads to itself.
    Circle,
    /// What is spoken is plain HTTP, where it was TLS.
    PlainHttp,
}

/// What is asked of whoever reads, whether something is wrong or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    Nothing,
    /// A login.
    Login,
    /// A token, which anybody gets.
    Token,
    /// TLS, to the registry itself.
    Tls,
}

/// Past the deadlines of the configuration.
pub(super) const LATE: Duration = Duration::from_secs(3);

/// A body that stops or is cut does so there, or in its middle where that is earlier. A part of one counts from the beginning
/// of the whole.
const FAR: u64 = 1 << 20;

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// At once.
    Whole,
    /// Later.
    Late,
    /// In small pieces.
    Slowly,
    /// So many bytes of the body, and then nothing; the connection stays.
    StopAfter(usize),
    /// So many bytes of the body, and the end of the connection.
    CutAfter(usize),
}

impl Fault {
    /// Does it to an answer.
    pub(super) fn spoil(self, request: &Request, answer: &mut Answer, place: &mut Place<'_>) -> Manner {
        match self {
            Self::None | Self::Down | Self::PlainHttp | Self::TokenExpired => {}
            Self::LateFirstByte => return Manner::Late,
            Self::Trickle => return Manner::Slowly,
            Self::Stall => return Manner::StopAfter(far(request, answer)),
            Self::Cut => return Manner::CutAfter(far(request, answer)),
            Self::CutOnce => {
                let far = far(request, answer);
                if far < answer.body.len() && !std::mem::replace(place.cut, true) {
                    return Manner::CutAfter(far);
                }
            }
            Self::WrongByte => {
                let middle = answer.body.len() / 2;
                if let Some(byte) = answer.body.get_mut(middle) {
                    *byte ^= 1;
                }
            }
            Self::ShortLength => {
                let stated = answer.length() / 2;
                answer.body.truncate(answer.body.len() / 2);
                answer.set("content-length", &stated.to_string());
            }
            Self::NoLength => answer.remove("content-length"),
            Self::LoginRefused => {
                *answer = Answer::refusal(401, "UNAUTHORIZED");
                answer.set("www-authenticate", "Basic realm=\"conformance\"");
            }
            Self::Status(status) => *answer = Answer::refusal(status, code(status)),
            Self::Elsewhere => answer.lead_to(&format!("http://{}{}", place.other, request.path)),
            Self::Circle => answer.lead_to(&format!("http://{}{}", place.itself, request.path)),
        }
        if self == Self::Status(429) {
            answer.set("retry-after", "1");
        }
        Manner::Whole
    }
}

/// What a fault must know beside the answer.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// The other host.
    pub(super) other: std::net::SocketAddr,
    /// The proxy itself.
    pub(super) itself: std::net::SocketAddr,
    /// Whether a body was cut already.
    pub(super) cut: &'a mut bool,
}

/// How many bytes of a body come.
fn far(request: &Request, answer: &Answer) -> usize {
    let begins = request.range_start();
    let whole = begins + answer.body.len() as u64;
    let end = FAR.min(whole / 2);
    usize::try_from(end.saturating_sub(begins)).unwrap_or(0)
}

fn code(status: u16) -> &'static str {
    match status {
        403 => "DENIED",
        404 => "MANIFEST_UNKNOWN",
        429 => "TOOMANYREQUESTS",
        _ => "UNKNOWN",
    }
}
