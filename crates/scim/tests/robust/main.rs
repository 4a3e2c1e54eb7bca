//! Hostile input: the entry points of the fuzz targets over a corpus and mutations of it, the same on every run.

mod entry;

/// Mutated inputs for each entry point.
const ROUNDS: usize = 20_000;

const FILTERS: &[&str] = &[
    r#"userName eq "ada""#,
    r#"emails[type eq "work" and value co "@b"].value sw "a" or not (active eq true)"#,
    r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value pr"#,
    r#"meta.lastModified ge "2026-01-31T08:15:00Z" and (title ne null or externalId eq "\u0041\"\\")"#,
    "roles[primary eq \"True\"].value eq bare",
    r#"members[value eq "1" or type eq "Group"]"#,
];

const PATHS: &[&str] = &[
    "userName",
    "name.familyName",
    r#"emails[type eq "work"].value"#,
    "urn:ietf:params:scim:schemas:core:2.0:User:NAME.givenname",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager",
    r#"members[value eq "9b1c"]"#,
    "urn:acme:params:1.0:User:badge",
];

const PATCHES: &[&str] = &[
    r#"{"Operations":[{"op":"Replace","path":"active","value":"False"},{"op":"add","path":"emails[type eq \"work\"].value","value":"x"}]}"#,
    r#"{"Operations":[{"op":"replace","value":{"name.givenName":"M","urn:acme:params:1.0:User:badge":[null,{}]}},{"op":"remove","path":"emails"}]}"#,
    r#"{"Operations":[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"9b1c"}]},{"op":"add","path":"members","value":"1"}]}"#,
    r#"{"Operations":[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":[{"value":"1"}]}]}"#,
];

const RESOURCES: &[&str] = &[
    r#"{"schemas":["x"],"userName":"ada","emails":[{"value":"a@b","primary":"true"},"c@d"],"name.givenName":"A","active":"False","roles":[]}"#,
    r#"{"displayName":"G","members":[{"value":"1","$ref":null},"2"],"externalId":"e"}"#,
    r#"{"userName":"b","manager":"1","urn:acme:params:1.0:User":{"badge":1,"Badge":2},"x509Certificates":[{"value":"AA=="}]}"#,
];

const QUERIES: &[&str] = &[
    "filter=userName+eq+%22a%2Bb%22&startIndex=1&count=5&sortBy=name.familyName&sortOrder=descending",
    "attributes=a,b.c&attributes=d&cursor&aadOptscim062020",
    "excludedAttributes=members&count=-1&startIndex=99999999999999999999",
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"id pr","count":3,"attributes":["a"]}"#,
];

/// Pieces that mean something to one parser or another, and some that mean trouble.
const PIECES: &[&str] = &[
    "\"",
    "\\",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ".",
    ":",
    ",",
    " ",
    "%",
    "%00",
    "%ZZ",
    "\0",
    "\u{7f}",
    "é",
    "e\u{301}",
    "İ",
    "ß",
    "\u{202e}",
    "😀",
    "null",
    "true",
    "1e999",
    "-0",
    "18446744073709551616",
    " and ",
    " or ",
    "not(",
    " eq ",
    "urn:",
    "2.0:User",
    "value",
    "primary",
    "$ref",
    "\\u0000",
    "\\ud800",
    "[[[[",
    "((((",
];

/// xorshift64*: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(drawn).unwrap_or_default() % limit.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// A place in a text where it can be cut.
    fn cut(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// One to four changes of an input: a piece put in, a part taken out or doubled, another input spliced on.
    fn mutate(&mut self, corpus: &[&str]) -> String {
        let mut text = self.pick(corpus).to_owned();
        for _ in 0..=self.below(4) {
            let (one, two) = (self.cut(&text), self.cut(&text));
            let (from, to) = (one.min(two), one.max(two));
            match self.below(4) {
                0 => text.insert_str(from, self.pick(PIECES)),
                1 => text.replace_range(from..to, ""),
                2 => {
                    let doubled = text[from..to].to_owned();
                    text.insert_str(to, &doubled);
                }
                _ => {
                    let other = self.pick(corpus);
                    let tail = &other[self.cut(other)..];
                    text.replace_range(from.., tail);
                }
            }
        }
        text
    }
}

fn try_all(seed: u64, corpus: &[&str], entry: fn(&str)) {
    corpus.iter().for_each(|text| entry(text));
    let mut dice = Dice(seed);
    for _ in 0..ROUNDS {
        entry(&dice.mutate(corpus));
    }
}

// Rules: R34
#[test]
fn no_filter_makes_the_parser_panic() {
    try_all(1, FILTERS, entry::filter);
}

// Rules: R17
#[test]
fn no_path_makes_the_parser_panic() {
    try_all(2, PATHS, entry::path);
}

// Rules: P1
#[test]
fn no_patch_makes_the_parser_panic() {
    try_all(3, PATCHES, entry::patch);
}

// Rules: R50
#[test]
fn no_body_makes_the_parser_panic_and_what_is_read_stays_as_it_is() {
    try_all(4, RESOURCES, entry::resource);
}

// Rules: R32
#[test]
fn no_query_makes_the_parser_panic() {
    try_all(5, QUERIES, entry::query);
}
