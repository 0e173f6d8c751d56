// SPDX-License-Identifier: Apache-2.0
use crate::abi::string;
use crate::host;

/// The milliseconds since 1970 of a text such as `2026-11-27 20:00 Europe/Berlin`. `zone` is the name of
/// the zone of a text that has none; empty: UTC, of which the gateway warns in its log. Any text that is
/// no such time ends the run.
pub fn parse_date_in(text: &str, zone: &str) -> i64 {
    let (text, zone) = (string(text.as_bytes()), string(zone.as_bytes()));
    unsafe { host::host_parse_date(text.address(), zone.address()) }
}

/// Reads `YYYY[-MM[-DD]][Thh:mm[:ss[.fraction]][zone]]`, a blank for the `T` too, into milliseconds
/// since 1970. The zone is `Z`, `+hh`, `+hhmm` or `+hh:mm`, or the same with `-`; none means UTC.
pub fn parse_date(text: &str) -> Option<i64> {
    let mut reader = Reader { rest: text.trim().as_bytes() };
    let mut sum = reader.day()?;
    if !reader.rest.is_empty() {
        if !reader.skip(b'T') && !reader.skip(b' ') {
            return None;
        }
        sum += reader.time()? - reader.zone()?;
    }
    reader.rest.is_empty().then(|| sum)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn skip(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn number(&mut self, digits: usize, low: i64, high: i64) -> Option<i64> {
        let text = self.rest.get(..digits)?;
        if !text.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.rest = &self.rest[digits..];
        let value = text.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        (low..=high).contains(&value).then(|| value)
    }

    fn day(&mut self) -> Option<i64> {
        let year = self.number(4, 1, 9999)?;
        let month = if self.skip(b'-') { self.number(2, 1, 12)? } else { 1 };
        let day = if self.skip(b'-') { self.number(2, 1, 31)? } else { 1 };
        let next = if month == 12 { days_before(year + 1, 1, 1) } else { days_before(year, month + 1, 1) };
        let days = days_before(year, month, day);
        (days < next).then(|| days * 86_400_000)
    }

    fn time(&mut self) -> Option<i64> {
        let mut sum = self.number(2, 0, 23)? * 3_600_000;
        if !self.skip(b':') {
            return None;
        }
        sum += self.number(2, 0, 59)? * 60_000;
        if self.skip(b':') {
            sum += self.number(2, 0, 59)? * 1000;
        }
        if self.skip(b'.') {
            sum += self.number(1, 0, 9)? * 100;
            let mut unit = 10;
            while let Some(digit) = self.number(1, 0, 9) {
                sum += digit * unit;
                unit /= 10;
            }
        }
        Some(sum)
    }

    fn zone(&mut self) -> Option<i64> {
        if self.rest.is_empty() || self.skip(b'Z') {
            return Some(0);
        }
        let west = self.skip(b'-');
        if !west && !self.skip(b'+') {
            return None;
        }
        let hours = self.number(2, 0, 23)?;
        self.skip(b':');
        let minutes = if self.rest.is_empty() { 0 } else { self.number(2, 0, 59)? };
        Some((hours * 60 + minutes) * if west { -60_000 } else { 60_000 })
    }
}

// The year begins in March: the leap day is its last.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
}
