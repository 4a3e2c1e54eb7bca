// Azure AD B2C, shaped as its tenants are: the document is below a user flow and the issuer is not, tokens lack what those of
// Entra ID have, and answers have numbers as texts.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { compact } from "./issuer.mjs";

const POLICY = "B2C_1A_SIGNIN";
const NAME = "dana@fabrikam.example";

export async function b2c({ check, installation, issuers, web }) {
  const guid = randomUUID();
  const base = `/fabrikam.onmicrosoft.com/${POLICY}`;
  const directory = await installation.directory("fabrikam.example");
  const dana = await directory.person(NAME);
  const issuer = issuers.add(NAME, { base, issuer: `${issuers.origin}/${guid}/v2.0/`, tid: guid });
  const claims = issuer.claims.bind(issuer);
  issuer.claims = (nonce) => {
    const { oid, tid, upn, ...rest } = claims(nonce);
    const now = rest.iat;
    return { ...rest, ver: "1.0", acr: POLICY.toLowerCase(), auth_time: now, idp: "fabrikam.example", signInName: upn, emails: ["other@fabrikam.example"] };
  };
  issuer.answer = (response, nonce) => {
    const body = { access_token: "opaque", id_token: issuer.idToken(nonce), token_type: "Bearer", not_before: "1796000000", expires_in: "3600", id_token_expires_in: "3600", profile_info: "e30" };
    response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
  };
  const authority = `${issuers.origin}${base}/v2.0/`;
  const wanted = { authority, user_name_claim: "signInName" };

  await check("B2C: without the issuer that is expected, and with another, nobody is sent there", async () => {
    for (const expected_issuer of [undefined, `${issuers.origin}/${guid}/v2.0`, `${issuers.origin}/${randomUUID()}/v2.0/`]) {
      const made = await installation.connect(directory, issuer, { ...wanted, expected_issuer });
      assert.match((await installation.api("GET", `/connections/${made.id}`)).last_error, /issuer/, expected_issuer);
      const back = await web.visit(await web.begin({ connection: made.id }));
      assert.equal(back.url.searchParams.get("error"), "temporarily_unavailable");
      await installation.api("DELETE", `/connections/${made.id}`);
    }
  });

  const connection = await installation.connect(directory, issuer, { ...wanted, expected_issuer: issuer.issuer });
  const by = { connection: connection.id };

  await check("B2C: somebody logs in by the shape of redirect URI that B2C has", async () => {
    const { uri } = connection.redirect_uris.find(({ platform }) => platform === "web");
    assert.match(uri, /^http:\/\/127\.0\.0\.1:\d+\/sso\/[a-z0-9-]+\/oauth2\/authresp$/);
    assert.equal(uri, uri.toLowerCase());
    const tokens = await web.logIn(by);
    assert.equal(tokens.claims().sub, dana.id);
    // The second time it is the subject that counts, whatever the name is by then.
    issuer.forge = ({ header, claims, key }) => compact(header, { ...claims, signInName: "renamed@fabrikam.example" }, (text) => key.sign(text));
    assert.equal((await web.logIn(by)).claims().sub, dana.id);
    issuer.forge = null;
  });

  await check("B2C: the object says who it is where the subject says the same of everybody", async () => {
    const sub = "Not supported currently. Use oid claim.";
    const people = [];
    for (const name of ["erin@fabrikam.example", "finn@fabrikam.example"]) {
      people.push({ name, oid: randomUUID(), id: (await directory.person(name)).id });
    }
    for (const { name, oid, id } of [...people, ...people]) {
      issuer.forge = ({ header, claims, key }) => compact(header, { ...claims, sub, oid, signInName: name }, (text) => key.sign(text));
      assert.equal((await web.logIn(by)).claims().sub, id);
    }
    issuer.forge = ({ header, claims, key }) => compact(header, { ...claims, sub, signInName: people[0].name }, (text) => key.sign(text));
    const back = await web.visit(await web.begin(by));
    assert.match(back.url.searchParams.get("error_description") ?? "somebody got in", /^required_claim_missing /);
    issuer.forge = null;
  });

  await check("B2C: another subject with the same name is somebody else, and what is there is checked", async () => {
    const cases = {
      identity_conflict: (c) => ({ ...c, sub: "another" }),
      user_not_provisioned: (c) => ({ ...c, sub: "another", signInName: "nobody@fabrikam.example" }),
      required_claim_missing: ({ signInName: _, ...c }) => ({ ...c, sub: "another" }),
      object_id_not_guid: (c) => ({ ...c, oid: "dana" }),
      tenant_not_guid: (c) => ({ ...c, tid: "fabrikam" }),
      consumer_tenant_refused: (c) => ({ ...c, tid: "9188040d-6c67-4c5b-b112-36a304b66dad" }),
      wrong_issuer: (c) => ({ ...c, iss: c.iss.slice(0, -1) }),
      wrong_audience: (c) => ({ ...c, aud: "x" }),
    };
    for (const [code, change] of Object.entries(cases)) {
      issuer.forge = ({ header, claims, key }) => compact(header, change(claims), (text) => key.sign(text));
      const back = await web.visit(await web.begin(by));
      assert.match(back.url.searchParams.get("error_description") ?? "somebody got in", new RegExp(`^${code} `));
    }
    issuer.forge = null;
  });
}
