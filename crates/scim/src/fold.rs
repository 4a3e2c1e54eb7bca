//! The form in which strings are compared when case does not matter.
//!
//! RFC 7643 §2.1 asks for `caseExact` comparison and RFC 7644 §3.4.2.2 points at PRECIS preparation. This follows the
//! UsernameCaseMapped profile of RFC 8265 §3.3 in what makes two spellings of one name equal, step by step:
//!
//! 1. width mapping: fullwidth and halfwidth characters become their ordinary forms;
//! 2. case mapping: Unicode lower case, character by character and independent of context, with the final sigma as an
//!    ordinary sigma, so that `ΟΔΟΣ`, `οδος` and `οδοσ` are one name;
//! 3. normalisation form C.
//!
//! Not followed are the parts of the profile that refuse characters: a directory may hold names that a sign-in system
//! would not issue (`#EXT#` guests, names with spaces), and comparing is no place to refuse. Form KC is deliberately
//! not used: it would make `x²` and `x2` the same user.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;

/// Folds `text` for comparison and uniqueness. `fold(fold(x)) == fold(x)` for every `x`, and canonically equivalent
/// strings fold to the same string.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut mapped = String::with_capacity(text.len());
    for c in text.chars() {
        map_width(c, |wide| {
            for lower in wide.to_lowercase() {
                mapped.push(if lower == 'ς' { 'σ' } else { lower });
            }
        });
    }
    mapped.nfc().collect()
}

/// Replaces a character that has a `<wide>` or `<narrow>` decomposition by it, and leaves every other as it is.
fn map_width(c: char, mut emit: impl FnMut(char)) {
    match c {
        '\u{3000}' => emit(' '),
        // Two blocks whose ordinary forms decompose further, which compatibility decomposition would do at once.
        '\u{FFE3}' => emit('\u{AF}'),
        '\u{FFA0}' => emit('\u{3164}'),
        '\u{FFA1}'..='\u{FFDC}' => emit(hangul(c).unwrap_or(c)),
        '\u{FF01}'..='\u{FF9F}' | '\u{FFE0}'..='\u{FFEE}' => decompose_compatible(c, emit),
        _ => emit(c),
    }
}

/// The ordinary form of a halfwidth Hangul letter; its block has gaps.
fn hangul(c: char) -> Option<char> {
    const RUNS: [(u32, u32, u32); 5] = [
        (0xFFA1, 0xFFBE, 0x3131),
        (0xFFC2, 0xFFC7, 0x314F),
        (0xFFCA, 0xFFCF, 0x3155),
        (0xFFD2, 0xFFD7, 0x315B),
        (0xFFDA, 0xFFDC, 0x3161),
    ];
    let code = u32::from(c);
    RUNS.iter()
        .find(|(first, last, _)| (*first..=*last).contains(&code))
        .and_then(|(first, _, target)| char::from_u32(code - first + target))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::fold;

    #[test]
    fn spellings_of_one_name_fold_to_the_same_text() {
        for (left, right) in [
            ("M.Lopez@Contoso.TEST", "m.lopez@contoso.test"),
            ("ÉLODIE", "e\u{301}lodie"),
            ("ΟΔΟΣ", "οδος"),
            ("οδοσ", "οδος"),
            ("STRAẞE", "straße"),
            ("ＡＢＣ１", "abc1"),
            ("ｶﾞ", "ガ"),
            ("ﾡ", "ㄱ"),
            ("Å", "\u{212B}"),
            ("a\u{3000}b", "a b"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} and {right}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (left, right) in [
            ("straße", "strasse"),
            ("x²", "x2"),
            ("ﬁ", "fi"),
            ("é", "e"),
            (" a", "a"),
        ] {
            assert_ne!(fold(left), fold(right), "{left} and {right}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing_for_any_character() {
        for c in '\0'..=char::MAX {
            let once = fold(&c.to_string());
            assert_eq!(fold(&once), once, "U+{:04X}", u32::from(c));
            let apart: String = c.nfd().collect();
            assert_eq!(fold(&apart), once, "U+{:04X} decomposed", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn canonically_equivalent_strings_fold_alike(text in any::<String>()) {
            let apart: String = text.nfd().collect();
            let together: String = text.nfc().collect();
            prop_assert_eq!(fold(&apart), fold(&together));
        }
    }
}
