//! URLs that are fetched and beginnings of URLs that are granted (RFC 3986, RFC 9110 §4.2).
//!
//! Compared by their parts in normal form, never as text: scheme, host, effective port, and the path
//! segment by segment.

use super::is_at_or_below;
use fluent_uri::component::Authority;
use fluent_uri::{Uri, UriRef};
use std::fmt;
use std::str::FromStr;

/// An `http` or `https` URL in normal form: lower-case scheme and host, no default port, no `.` and
/// `..` segments, nothing percent-encoded that need not be, no user and no fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// `scheme://host`, and `:port` unless it is the scheme's own.
    origin: String,
    /// Begins with a slash.
    path: String,
    query: Option<String>,
}

impl FromStr for Url {
    type Err = &'static str;

    /// Errors say what is wrong. A slash or backslash that is percent-encoded in the path is refused:
    /// servers differ in whether it divides segments.
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let uri = Uri::parse(text).map_err(|_| "not a URL")?.normalize();
        let scheme = uri.scheme().as_str();
        let default = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err("a URL is of the scheme http or https"),
        };
        let authority = uri.authority().ok_or("a URL has a host")?;
        let host = authority.host();
        if authority.has_userinfo() || uri.has_fragment() {
            return Err("a URL has no user and no fragment");
        }
        if host.is_empty() || host.contains('%') {
            return Err("a URL's host is not empty and has nothing percent-encoded");
        }
        let path = uri.path().as_str();
        if ["%2F", "%5C"].iter().any(|slash| path.contains(slash)) {
            return Err("a URL's path has no percent-encoded slash or backslash");
        }
        let port = port(&authority)?.filter(|port| *port != default);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self {
            origin: format!("{scheme}://{host}{port}"),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            query: uri.query().map(|query| query.as_str().to_owned()),
        })
    }
}

fn port(authority: &Authority<'_>) -> Result<Option<u16>, &'static str> {
    authority.port_to_u16().map_err(|_| "a URL's port is at most 65535")
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)?;
        self.query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

impl Url {
    /// The same URL as a beginning of others: without a query, and without the slash at its end.
    #[must_use]
    pub fn prefix(&self) -> String {
        let path = self.path.trim_end_matches('/');
        format!("{}{}", self.origin, if path.is_empty() { "/" } else { path })
    }

    /// The URL that `reference` means on the page at this one (RFC 3986, §5).
    ///
    /// # Errors
    /// When that is no URL.
    pub fn join(&self, reference: &str) -> Result<Self, &'static str> {
        const WHAT: &str = "not a reference to a URL";
        let base = self.to_string();
        let base = Uri::parse(base.as_str()).map_err(|_| WHAT)?;
        let reference = UriRef::parse(reference).map_err(|_| WHAT)?;
        reference.resolve_against(&base).map_err(|_| WHAT)?.as_str().parse()
    }

    /// Whether it has a query.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.query.is_some()
    }

    /// Whether it lies at or below `prefix`, the value of a `net.http` capability.
    #[must_use]
    pub fn is_below(&self, prefix: &str) -> bool {
        let same =
            |above: &Self| self.origin == above.origin && is_at_or_below(&self.path, &above.path);
        prefix.parse().is_ok_and(|above| same(&above))
    }
}

/// What is wrong with the value of a `net.http` capability, which has one spelling.
pub(super) fn prefix_fault(text: &str) -> Option<&'static str> {
    match text.parse::<Url>() {
        Err(why) => Some(why),
        Ok(url) if url.prefix() == text => None,
        Ok(_) => Some(
            "a URL's beginning is scheme://host[:port]/path in normal form: a slash after the host, none at the end of \
             a longer path",
        ),
    }
}

/// Whether one value of `net.http` lies at or below another.
pub(super) fn is_below(prefix: &str, above: &str) -> bool {
    prefix.parse::<Url>().is_ok_and(|url| url.is_below(above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_one_form() {
        for (text, form) in [
            ("https://example.com", "https://example.com/"),
            ("HTTPS://Example.COM:443/a/%7Eb/../c?d=%41", "https://example.com/a/c?d=A"),
            ("http://example.com:080/%2e%2e/x", "http://example.com/x"),
            ("http://[0:0::1]:8080/", "http://[::1]:8080/"),
        ] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), form);
        }
        for bad in [
            "",
            "/x",
            "example.com",
            "ftp://a/",
            "https:///x",
            "https://a@b/",
            "https://a/#f",
            "https://a/\\..",
            "https://a/x%2fy",
            "https://a/%5c",
            "https://a:99999/",
            "https://%61%/",
            "https://a b/",
            "https://\u{e4}/",
            "file:///etc/passwd",
            "https:a",
        ] {
            assert!(bad.parse::<Url>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_is_below_by_its_parts() {
        let below = |url: &str, prefix: &str| url.parse::<Url>().unwrap().is_below(prefix);
        assert!(below("https://a.org/v1?x", "https://a.org/v1"));
        assert!(below("https://a.org:443/v1/x", "https://a.org/v1"));
        assert!(below("https://a.org/v1/../v1/x", "https://a.org/v1"));
        for url in [
            "https://a.org/v12",
            "https://a.org/v1/../v2",
            "https://a.org/v1/%2e%2e/v2",
            "http://a.org/v1",
            "https://a.org:444/v1",
            "https://a.org.b.com/v1",
            "https://b.org/v1",
        ] {
            assert!(!below(url, "https://a.org/v1"), "{url}");
        }
    }
}
