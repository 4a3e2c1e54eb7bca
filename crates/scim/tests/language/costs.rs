//! What queries cost (R34).

use scim::ScimType;
use scim::filter::{Filter, check_cost};
use scim::path::AttributePath;
use scim::schema::ResourceType;

// Rules: R34
#[test]
fn a_query_counts_by_what_it_costs() {
    let user = ResourceType::user();
    let cost = |terms: usize, term: &str, sort: Option<&str>| {
        let filter = Filter::parse(&vec![term; terms].join(" or "), user).unwrap();
        let sort = sort.map(|path| AttributePath::parse(path, user).unwrap());
        check_cost(Some(&filter), sort.as_ref(), user)
    };
    for (term, most) in [
        ("title co \"x\"", 100),
        ("userName eq \"x\"", 100),
        ("emails.value eq \"x\"", 100),
        ("emails.value co \"x\"", 50),
        ("phoneNumbers.value eq \"x\"", 50),
        ("phoneNumbers[type eq \"work\" and value eq \"x\"]", 25),
        ("schemas co \"x\"", 10),
        ("urn:contoso:hr:User:badge co \"x\"", 10),
        ("urn:contoso:hr:User:badge pr", 10),
        ("urn:contoso:hr:User:site[value eq \"x\" and room eq \"y\"]", 5),
    ] {
        assert_eq!(cost(most, term, None), Ok(()), "{term}");
        assert_eq!(cost(most, term, Some("meta.lastModified")), Ok(()), "{term}");
        let refused = cost(most, term, Some("title")).unwrap_err();
        assert!(refused.detail.contains("105"), "{}", refused.detail);
        if most < 100 {
            let refused = cost(most + 1, term, None).unwrap_err();
            assert_eq!(refused.scim_type, Some(ScimType::InvalidFilter));
            assert!(refused.detail.contains("may count as 100"), "{}", refused.detail);
        }
    }
    let group = ResourceType::group();
    let of_groups = |terms: usize, term: &str| {
        let filter = Filter::parse(&vec![term; terms].join(" or "), group).unwrap();
        check_cost(Some(&filter), None, group)
    };
    assert_eq!(of_groups(100, "members.value eq \"x\""), Ok(()));
    // The brackets are a term too, for the parser.
    assert_eq!(of_groups(50, "members[value eq \"x\" ]"), Ok(()));
    assert!(of_groups(11, "members[type eq \"User\"]").is_err());
    assert_eq!(of_groups(10, "members.display co \"x\""), Ok(()));
    assert!(of_groups(11, "members.display co \"x\"").is_err());
}
