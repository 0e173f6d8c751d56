// SPDX-License-Identifier: Apache-2.0
//! Cookies of the Cookie header (name and value only) and of the Set-Cookie header.

use crate::headers::trimmed;
use crate::{fail, Text};

/// The SameSite attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// No such attribute.
    #[default]
    Unset,
    /// Lax.
    Lax,
    /// Strict.
    Strict,
    /// None.
    None,
}

/// A cookie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    /// The name, a token.
    pub name: Text,
    /// The value.
    pub value: Text,
    /// The Path attribute, empty if there is none.
    pub path: Text,
    /// The Domain attribute, empty if there is none.
    pub domain: Text,
    /// The Expires attribute as text, empty if there is none.
    pub expires: Text,
    /// Seconds; 0: no attribute, negative: delete now.
    pub max_age: i32,
    /// The Secure attribute.
    pub secure: bool,
    /// The HttpOnly attribute.
    pub http_only: bool,
    /// The SameSite attribute.
    pub same_site: SameSite,
}

impl Cookie {
    /// A cookie without attributes.
    pub fn new(name: &str, value: &str) -> Self {
        Cookie { name: name.into(), value: value.into(), ..Default::default() }
    }

    /// Reads a pair of a Cookie header or a whole Set-Cookie header.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = text.split(|&byte| byte == b';');
        let (name, value) = split(parts.next()?);
        let mut cookie = Cookie { name, value: value?, ..Default::default() };
        for part in parts {
            let (name, value) = split(part);
            cookie.set_attribute(&name.to_ascii_lowercase(), value.unwrap_or_default());
        }
        (!cookie.name.is_empty()).then(|| cookie)
    }

    fn set_attribute(&mut self, name: &[u8], value: Text) {
        match name {
            b"path" => self.path = value,
            b"domain" => self.domain = value,
            b"expires" => self.expires = value,
            b"max-age" => self.max_age = age(&value).unwrap_or(self.max_age),
            b"secure" => self.secure = true,
            b"httponly" => self.http_only = true,
            b"samesite" => self.same_site = same_site(&value.to_ascii_lowercase()),
            _ => {}
        }
    }

    /// Name and value, as a Cookie header has them.
    pub(crate) fn pair(&self) -> Vec<u8> {
        if !is_token(&self.name) {
            fail("cookie: not a name");
        }
        let mut out = self.name.to_vec();
        append(&mut out, "=", &self.value);
        out
    }

    /// The text of a Set-Cookie header. What would end a value early is left out of it.
    pub fn text(&self) -> Text {
        let mut out = self.pair();
        let texts = [("; Path=", &self.path), ("; Domain=", &self.domain), ("; Expires=", &self.expires)];
        for (name, value) in texts.iter().filter(|(_, value)| !value.is_empty()) {
            append(&mut out, name, value);
        }
        if self.max_age != 0 {
            append(&mut out, "; Max-Age=", self.max_age.max(0).to_string().as_bytes());
        }
        if self.secure {
            append(&mut out, "; Secure", b"");
        }
        if self.http_only {
            append(&mut out, "; HttpOnly", b"");
        }
        match self.same_site {
            SameSite::Unset => {}
            SameSite::Lax => append(&mut out, "; SameSite=", b"Lax"),
            SameSite::Strict => append(&mut out, "; SameSite=", b"Strict"),
            SameSite::None => append(&mut out, "; SameSite=", b"None"),
        }
        Text::from(out)
    }
}

fn split(part: &[u8]) -> (Text, Option<Text>) {
    match part.iter().position(|&byte| byte == b'=') {
        Some(equals) => (trimmed(&part[..equals]), Some(trimmed(&part[equals + 1..]))),
        None => (trimmed(part), None),
    }
}

fn age(value: &Text) -> Option<i32> {
    let seconds = value.to_str().ok()?.parse::<i64>().ok()?;
    Some(if seconds <= 0 { -1 } else { seconds.min(i64::from(i32::MAX)) as i32 })
}

fn same_site(value: &[u8]) -> SameSite {
    match value {
        b"lax" => SameSite::Lax,
        b"strict" => SameSite::Strict,
        b"none" => SameSite::None,
        _ => SameSite::Unset,
    }
}

fn is_token(name: &[u8]) -> bool {
    let is_part = |&byte: &u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte);
    !name.is_empty() && name.iter().all(is_part)
}

fn append(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend(value.iter().filter(|&&byte| byte >= 0x20 && byte != b';' && byte != 0x7f));
}
