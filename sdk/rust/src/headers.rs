// SPDX-License-Identifier: Apache-2.0
use crate::{fail, Text};

/// Names and values in their order; names may repeat.
pub type Headers = Vec<(Text, Text)>;

pub(crate) fn parse(text: &[u8]) -> Headers {
    let mut headers = Headers::new();
    for line in text.split(|&byte| byte == b'\n') {
        if let Some(colon) = line.iter().position(|&byte| byte == b':') {
            headers.push((trimmed(&line[..colon]), trimmed(&line[colon + 1..])));
        }
    }
    headers
}

pub(crate) fn trimmed(bytes: &[u8]) -> Text {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    let start = bytes.iter().position(|byte| !is_blank(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    Text::from(bytes[start..end].to_vec())
}

/// A line break in a value becomes a blank, so that it is no header of its own.
pub(crate) fn lines<N: AsRef<[u8]>, V: AsRef<[u8]>>(headers: &[(N, V)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in headers {
        let name = name.as_ref();
        if name.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b':')) {
            fail("set_all_header: not the name of a header");
        }
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        let breaks = |&byte: &u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
        out.extend(value.as_ref().iter().map(breaks));
        out.extend_from_slice(b"\r\n");
    }
    out
}
