"""Texts of the forms that the document names and JSON Schema does not know, or takes more widely, for schemathesis to send.

JSON Schema takes any text for a `format` that it does not know, so without these every such text would be refused as it should
be, and nothing behind it would be seen.
"""

import schemathesis
from hypothesis import strategies as st

TEXTS = {
    "uri": ["https://app.example.com/hooks", "http://127.0.0.1:9/hooks?key=1", "https://app.example.com:8443/"],
    "organization": ["contoso.com", "fabrikam.example"],
    "event-pattern": ["user.*", "group.member_*", "user.created"],
    "event-type": ["user.created", "group.deleted", "directory.updated"],
    "user-field": ["email", "department", "phoneNumbers"],
    "user-filter": ['department eq "Sales"', "active eq true", 'userName sw "a"'],
    "schema-urn": ["urn:acme:badge", "urn:example:params:scim:schemas:extension:acme:2.0:User"],
    "attribute-name": ["badge", "costUnit"],
    "email": ["it@contoso.com", "ops+rollcall@fabrikam.example", "a.b@example.org"],
    "hostname": ["contoso.com", "fabrikam.example", "example.org"],
}

for name, texts in TEXTS.items():
    schemathesis.openapi.format(name, st.sampled_from(texts))
