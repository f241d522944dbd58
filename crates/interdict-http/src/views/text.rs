//! JSON written by hand, for the answers of the hot routes: serde writes the same bytes, in twice the time.
//!
//! Each view that is written so has a test that holds both ways together.

use interdict_domain::clock::Timestamp;
use interdict_domain::ids::IdText;
use serde::Serialize;

/// Most answers fit, so that they are not moved while they grow.
const ROOM: usize = 768;

/// A JSON text that grows.
pub(crate) struct Text(Vec<u8>);

impl Text {
    pub(crate) fn new() -> Self {
        Self::with_room(ROOM)
    }

    pub(crate) fn with_room(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    /// What is JSON already: names, brackets, and words of ours between their quotation marks.
    #[inline]
    pub(crate) fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// A word of ours, which holds nothing to escape.
    #[inline]
    pub(crate) fn word(&mut self, word: &str) -> &mut Self {
        self.raw("\"").raw(word).raw("\"")
    }

    /// Anybody's text, or null.
    pub(crate) fn string(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            None => self.raw("null"),
            Some(text) if is_plain(text) => self.word(text),
            Some(text) => self.any(&text),
        }
    }

    /// An id, or null.
    pub(crate) fn id(&mut self, id: Option<IdText>) -> &mut Self {
        match id {
            None => self.raw("null"),
            Some(id) => self.word(id.as_str()),
        }
    }

    pub(crate) fn time(&mut self, time: Timestamp) -> &mut Self {
        self.0.push(b'"');
        self.0.extend_from_slice(&time.text());
        self.0.push(b'"');
        self
    }

    pub(crate) fn integer(&mut self, number: i64) -> &mut Self {
        self.raw(itoa::Buffer::new().format(number))
    }

    pub(crate) fn flag(&mut self, flag: bool) -> &mut Self {
        self.raw(if flag { "true" } else { "false" })
    }

    /// Whatever serde writes.
    pub(crate) fn any<T: Serialize>(&mut self, value: &T) -> &mut Self {
        if let Err(error) = serde_json::to_writer(&mut self.0, value) {
            tracing::error!(%error, "a part of an answer has no JSON text");
        }
        self
    }
}

/// Whether a text stands in JSON as it is. Every byte is looked at, because that needs no branch.
fn is_plain(text: &str) -> bool {
    let special = |byte: u8| u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\');
    text.bytes().fold(0, |any, byte| any | special(byte)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_serde_writes_them() {
        for code in 0..0x180 {
            let Some(c) = char::from_u32(code) else { continue };
            let text = format!("a{c}b");
            let mut written = Text::new();
            written.string(Some(&text)).string(None);
            let expected = format!("{}null", serde_json::to_string(&text).unwrap());
            assert_eq!(String::from_utf8(written.finish()).unwrap(), expected);
        }
    }
}
