//! Readable deterministic keys of commands, and their stamps: each outside system's form of a key,
//! derived so that equal keys give equal stamps and different keys different ones.

use std::fmt;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// The canonical key of one command: `purpose/case/nth`, where nth is counted from facts, never from
/// a clock, an event id, a payload hash or a count of sends (DESIGN.md section 2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

/// The characters that a system admits in its form of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// Letters, digits, `_` and `-` (an external id used in a path).
    PathSafe,
    /// Letters and digits only (references of bank schemes).
    Alphanumeric,
    /// Any visible ASCII (metadata, idempotency headers).
    Visible,
}

/// Characters of the digest that a shortened stamp ends with: 60 bits, beyond accident.
const STAMP_DIGEST_CHARS: usize = 12;

impl Key {
    /// Builds a key from its parts. Parts may hold anything; `/` inside a part is written `|`.
    #[must_use]
    pub fn new(parts: &[&str]) -> Key {
        let cleaned: Vec<String> = parts.iter().map(|part| part.replace('/', "|")).collect();
        Key(cleaned.join("/"))
    }

    /// Reads back a stored key.
    #[must_use]
    pub fn from_stored(text: &str) -> Key {
        Key(text.to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key in a system's own alphabet and length. A key that fits unchanged stays readable; any
    /// other keeps a readable head and ends with a digest of the whole.
    #[must_use]
    pub fn stamp(&self, alphabet: Alphabet, max_len: usize) -> String {
        let fits = self.0.len() <= max_len && self.0.chars().all(|c| admits(alphabet, c));
        if fits {
            return self.0.clone();
        }
        let digest = self.digest_text();
        let tail = &digest[..STAMP_DIGEST_CHARS.min(max_len)];
        let room = max_len.saturating_sub(tail.len());
        let head: String = self
            .0
            .chars()
            .filter_map(|c| match () {
                () if admits(alphabet, c) => Some(c),
                () if admits(alphabet, '-') => Some('-'),
                () => None,
            })
            .take(room)
            .collect();
        format!("{head}{tail}")
    }

    /// Whether a stamp may be that of a key that begins with these parts, in whatever alphabet: a stamp that
    /// was cut keeps only the head of them before its digest.
    #[must_use]
    pub fn may_be_stamped(stamp: &str, parts: &[&str]) -> bool {
        let plain = |text: &str| -> String {
            text.chars().filter(|c| admits(Alphabet::Alphanumeric, *c)).collect()
        };
        let wanted = plain(&parts.concat());
        if plain(stamp).starts_with(&wanted) {
            return true;
        }
        let head = stamp.len().checked_sub(STAMP_DIGEST_CHARS).and_then(|end| stamp.get(..end));
        let head = head.map(plain).unwrap_or_default();
        let purpose = parts.first().map_or(0, |first| plain(first).len());
        head.len() > purpose && wanted.starts_with(&head)
    }

    /// Lower-case base-32 of the key's SHA-256.
    fn digest_text(&self) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        digest::digest(&digest::SHA256, self.0.as_bytes())
            .as_ref()
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte & 31)]))
            .collect()
    }
}

fn admits(alphabet: Alphabet, c: char) -> bool {
    match alphabet {
        Alphabet::PathSafe => c.is_ascii_alphanumeric() || c == '_' || c == '-',
        Alphabet::Alphanumeric => c.is_ascii_alphanumeric(),
        Alphabet::Visible => c.is_ascii_graphic(),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_key_stays_readable() {
        let key = Key::new(&["collect", "5031", "1"]);
        assert_eq!(key.stamp(Alphabet::Visible, 128), "collect/5031/1");
    }

    #[test]
    fn a_path_safe_stamp_keeps_a_readable_head() {
        let stamp = Key::new(&["receipt", "PM0001", "PO0001"]).stamp(Alphabet::PathSafe, 40);
        assert!(stamp.starts_with("receipt-PM0001-PO0001"), "{stamp}");
        assert!(stamp.len() <= 40);
    }

    #[test]
    fn a_slash_in_a_part_can_not_forge_another_key() {
        assert_ne!(Key::new(&["a/b", "c"]), Key::new(&["a", "b/c"]));
    }

    #[test]
    fn a_stamp_of_others_is_told_apart() {
        let is = |stamp: &str| Key::may_be_stamped(stamp, &["receipt", "PM01MF8GFVNE09FN1X9D6SZT"]);
        assert!(is("receipt/PM01MF8GFVNE09FN1X9D6SZT/PO1"));
        assert!(is("receipt-PM01MF8GFVNE09FN1X9D6SZT-PO1-1"));
        assert!(is("receipt-PM01MF8GFVNE09FN1X9D5qrsvlgpwzid"), "cut in the middle of the payment");
        assert!(!is("receipt-PM01MF8GFVNE09FN2X9D5qrsvlgpwzid"), "cut, of another payment");
        assert!(!is("receipt-5qrsvlgpwzid"), "no word of a payment");
        assert!(!is("PM01MF8GFVNE09FN1X9D6SZT"), "as somebody else may name it");
        assert!(!is("refund-PM01MF8GFVNE09FN1X9D6SZT-PO1"));
        assert!(!is(""));
    }

    proptest! {
        #[test]
        fn a_stamp_may_be_its_own_keys(
            payment in "[A-Z0-9]{2,30}", payout in "[A-Z0-9]{2,30}", len in 24_usize..60
        ) {
            let key = Key::new(&["receipt", &payment, &payout]);
            for alphabet in [Alphabet::PathSafe, Alphabet::Alphanumeric, Alphabet::Visible] {
                let stamp = key.stamp(alphabet, len);
                prop_assert!(Key::may_be_stamped(&stamp, &["receipt", &payment]), "{stamp}");
            }
        }

        #[test]
        fn different_keys_have_different_stamps(a in "[a-z/]{1,60}", b in "[a-z/]{1,60}") {
            prop_assume!(a != b);
            let (a, b) = (Key::from_stored(&a), Key::from_stored(&b));
            let stamp = |key: &Key| key.stamp(Alphabet::PathSafe, 40);
            prop_assert_ne!(stamp(&a), stamp(&b));
        }

        #[test]
        fn a_stamp_fits(text in "\\PC{1,90}", len in 12_usize..60) {
            let stamp = Key::from_stored(&text).stamp(Alphabet::PathSafe, len);
            prop_assert!(stamp.len() <= len);
            prop_assert!(stamp.chars().all(|c| admits(Alphabet::PathSafe, c)));
        }
    }
}
