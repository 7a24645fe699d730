use ureq::Body;
use ureq::http::{HeaderMap, Response, StatusCode};

/// What a server says to a request for a file or for the rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// The file from its beginning, whatever was asked for.
    Whole { total_bytes: Option<u64> },
    /// The file from byte `first` on.
    Rest {
        first: u64,
        total_bytes: Option<u64>,
    },
    /// The file has no byte where the rest would begin.
    NothingLeft { total_bytes: Option<u64> },
    /// Anything else.
    Other { status: StatusCode },
}

impl Reply {
    pub(super) fn read(response: &Response<Body>) -> Self {
        let range = header(response.headers(), "content-range");
        match response.status() {
            StatusCode::OK => Self::Whole {
                total_bytes: response.body().content_length(),
            },
            StatusCode::PARTIAL_CONTENT => match range.and_then(content_range) {
                Some((Some(first), total_bytes)) => Self::Rest { first, total_bytes },
                _ => Self::Other {
                    status: StatusCode::PARTIAL_CONTENT,
                },
            },
            StatusCode::RANGE_NOT_SATISFIABLE => Self::NothingLeft {
                total_bytes: range.and_then(content_range).and_then(|(_, total)| total),
            },
            status => Self::Other { status },
        }
    }
}

/// What tells this version of the file from others (RFC 9110, 13.1.5): a strong entity tag, or else the
/// date of its last change.
pub(super) fn validator(response: &Response<Body>) -> Option<&str> {
    let headers = response.headers();
    let tag = header(headers, "etag").filter(|tag| tag.starts_with('"'));
    tag.or_else(|| header(headers, "last-modified"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// First byte and length of `bytes FIRST-LAST/LENGTH` (RFC 9110, 14.4), each where it is given.
fn content_range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let first = range
        .split_once('-')
        .and_then(|(first, _)| first.parse().ok());
    Some((first, length.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn content_ranges_are_those_of_rfc_9110() {
        assert_eq!(
            content_range("bytes 42-1233/1234"),
            Some((Some(42), Some(1234)))
        );
        assert_eq!(content_range("bytes 42-1233/*"), Some((Some(42), None)));
        assert_eq!(content_range("bytes */1234"), Some((None, Some(1234))));
        assert_eq!(content_range("exampleunit 1.2-4.3/25"), None);
    }
}
