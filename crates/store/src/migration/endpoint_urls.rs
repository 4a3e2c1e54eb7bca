//! URLs of endpoints are sealed, as their headers are: receivers put secrets there. What earlier versions wrote is sealed by
//! the dispatcher when it starts, since only the programs have the key; `url` is empty from then on. Triggers that count
//! changes of endpoints go on watching it: whoever changes a URL writes both.

use super::ddl::Ddl::{self, Both};

pub(super) const STATEMENTS: &[Ddl] = &[
    Both("ALTER TABLE endpoints ADD COLUMN sealed_url BYTES"),
    // What lists show of it.
    Both("ALTER TABLE endpoints ADD COLUMN url_origin text NOT NULL DEFAULT ''"),
    Both("ALTER TABLE endpoints ADD COLUMN url_path_length BIGINT NOT NULL DEFAULT 0"),
    // What is left to be sealed; empty soon, and for good.
    Both("CREATE INDEX endpoints_unsealed ON endpoints (id) WHERE sealed_url IS NULL"),
];
