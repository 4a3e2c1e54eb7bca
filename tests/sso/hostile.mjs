// hostile.mjs URL PORT: an identity provider that is not what it should be. Every token here is a login that must fail, with a
// reason of its own in the audit log and nothing of it for the person.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as openid from "openid-client";
import { App } from "./app.mjs";
import { b2c } from "./b2c.mjs";
import { Browser } from "./browser.mjs";
import { Installation } from "./installation.mjs";
import { compact, Issuers, Key } from "./issuer.mjs";

const [url, port] = process.argv.slice(2);
const WEB = "https://app.example/callback";
const UPN = "ada@contoso.example";
/** What the process may grow by in all of this, in MiB. */
const MOST_GROWTH = 160;
const installation = new Installation(url);
const issuers = new Issuers(Number(port));
await issuers.start();
const directory = await installation.directory("contoso.example");
await directory.person(UPN);
const client = await installation.app({ authentication: "client_secret", redirect_uris: [WEB] });
const web = await App.of(installation, client, openid.ClientSecretBasic(client.client_secret), WEB);
let [made, failed] = [0, 0];

async function check(what, body) {
  made += 1;
  try {
    await body();
    console.log(`ok    ${what}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${what}\n      ${error.stack}`);
  }
}

/** A provider with a connection of its own. */
async function provider() {
  const issuer = issuers.add(UPN);
  const { id } = await installation.connect(directory, issuer);
  return { issuer, id };
}

/** A login by a connection: where the browser ends. */
async function visit(id, browser, parameters = {}) {
  const back = await web.visit(await web.begin({ connection: id, ...parameters }), browser);
  assert.ok(back.url, `the browser stayed at ${back.at}: ${back.answer?.status}`);
  return back.url.searchParams;
}

/** That a login ends with this reason, and that neither browser nor app learn more than its name. */
async function refused(id, code, what = code, parameters = {}) {
  const answer = await visit(id, undefined, parameters);
  assert.equal(answer.get("code"), null, `${what}: somebody got in`);
  assert.ok(["server_error", "temporarily_unavailable", "access_denied", "login_required"].includes(answer.get("error")), `${what}: ${answer}`);
  const [, told, reference] = answer.get("error_description").match(/^([a-z0-9_]+) \(reference ([0-9a-f-]{36})\)$/) ?? [];
  assert.equal(told, code, `${what}: ${answer.get("error_description")}`);
  assert.deepEqual([...answer.keys()].sort(), ["error", "error_description", "iss", "state"], what);
  const entry = await installation.api("GET", `/audit-log/${reference}`).catch(() => null);
  const { data } = entry ? { data: [entry] } : await installation.api("GET", "/audit-log?action=login.refused&limit=100");
  const line = data.find((one) => one.id === reference);
  assert.ok(line?.detail.startsWith(`${code}: `), `${what}: the audit log has ${JSON.stringify(line)}`);
}

async function entered(id, what = "an honest login") {
  const answer = await visit(id);
  assert.ok(answer.get("code"), `${what}: ${answer}`);
}

const memory = (name) => {
  const status = readFileSync(`/proc/${process.env.SERVER_PID}/status`, "utf8");
  return Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))[1]) / 1024;
};

const one = await provider();
await check("an honest provider logs somebody in", () => entered(one.id));
const before = memory("VmRSS");

/** Tokens that one change spoils, signed as they should be: what is changed, and the reason. */
const CLAIMS = {
  wrong_issuer: [
    ["iss", (c) => ({ ...c, iss: `${c.iss}/` })],
    ["iss of another tenant", (c) => ({ ...c, iss: c.iss.replace(c.tid, crypto.randomUUID()) })],
    ["iss in other letters", (c) => ({ ...c, iss: c.iss.toUpperCase() })],
  ],
  wrong_audience: [
    ["aud", (c) => ({ ...c, aud: crypto.randomUUID() })],
    ["no aud", ({ aud: _, ...c }) => c],
    ["an empty list", (c) => ({ ...c, aud: [] })],
    ["others alone", (c) => ({ ...c, aud: ["x", "y"] })],
  ],
  several_audiences: [["another beside", (c) => ({ ...c, aud: [c.aud, "x"] })]],
  wrong_authorized_party: [["azp", (c) => ({ ...c, azp: "x" })]],
  tenant_mismatch: [["tid", (c) => ({ ...c, tid: crypto.randomUUID() })]],
  tenant_missing: [["no tid", ({ tid: _, ...c }) => c]],
  tenant_not_guid: [["a name", (c) => ({ ...c, tid: "contoso.example" })]],
  consumer_tenant_refused: [["personal accounts", (c) => ({ ...c, tid: "9188040d-6c67-4c5b-b112-36a304b66dad" })]],
  version_not_2: [["v1", (c) => ({ ...c, ver: "1.0" })]],
  nonce_mismatch: [
    ["another", (c) => ({ ...c, nonce: "x" })],
    ["empty", (c) => ({ ...c, nonce: "" })],
    ["longer", (c) => ({ ...c, nonce: `${c.nonce}x` })],
  ],
  nonce_missing: [["none", ({ nonce: _, ...c }) => c]],
  token_expired: [
    ["an hour ago", (c) => ({ ...c, exp: c.exp - 7200 })],
    ["before there was time", (c) => ({ ...c, exp: -1 })],
  ],
  token_not_yet_valid: [["in an hour", (c) => ({ ...c, nbf: c.exp })]],
  issued_in_the_future: [["in an hour", (c) => ({ ...c, iat: c.exp })]],
  issued_too_long_ago: [["an hour ago", (c) => ({ ...c, iat: c.iat - 3600 })]],
  missing_member: [
    ["exp", ({ exp: _, ...c }) => c],
    ["iat", ({ iat: _, ...c }) => c],
    ["sub", ({ sub: _, ...c }) => c],
    ["iss", ({ iss: _, ...c }) => c],
    ["ver", ({ ver: _, ...c }) => c],
  ],
  wrong_member_type: [
    ["exp as a text", (c) => ({ ...c, exp: String(c.exp) })],
    ["sub as a list", (c) => ({ ...c, sub: [c.sub] })],
    ["nonce as an object", (c) => ({ ...c, nonce: { $ne: "" } })],
    ["aud as true", (c) => ({ ...c, aud: true })],
    ["oid as a number", (c) => ({ ...c, oid: 7 })],
    ["iat as null", (c) => ({ ...c, iat: null })],
  ],
  subject_missing: [["an empty sub", (c) => ({ ...c, sub: "" })]],
  object_id_missing: [["no oid", ({ oid: _, ...c }) => c]],
  object_id_not_guid: [
    ["a name", (c) => ({ ...c, oid: "ada" })],
    ["empty", (c) => ({ ...c, oid: "" })],
  ],
  at_hash_mismatch: [["at_hash", (c) => ({ ...c, at_hash: "AAAAAAAAAAAAAAAAAAAAAA" })]],
  c_hash_mismatch: [["c_hash", (c) => ({ ...c, c_hash: "AAAAAAAAAAAAAAAAAAAAAA" })]],
  // The name opens nothing: who is bound is known by the object.
  identity_conflict: [["another object with the name of somebody else", (c) => ({ ...c, oid: crypto.randomUUID() })]],
  required_claim_missing: [["another object and no name", ({ upn: _, ...c }) => ({ ...c, oid: crypto.randomUUID() })]],
  // The account type is an optional claim, so two others are looked at.
  guest_not_allowed: [
    ["an account type", (c) => ({ ...c, acct: 1 })],
    ["at home in another tenant", (c) => ({ ...c, idp: `https://sts.windows.net/${crypto.randomUUID()}/` })],
    ["a personal account", (c) => ({ ...c, idp: "live.com" })],
    ["the name of a guest", (c) => ({ ...c, upn: "ada_fabrikam.example#EXT#@contoso.example" })],
  ],
  user_not_provisioned: [
    ["another object and another name", (c) => ({ ...c, oid: crypto.randomUUID(), upn: "eve@contoso.example" })],
    ["a name that is a filter", (c) => ({ ...c, oid: crypto.randomUUID(), upn: 'x" or userName pr or userName eq "' })],
    ["a name in letters that look the same", (c) => ({ ...c, oid: crypto.randomUUID(), upn: "аda@contoso.example" })],
  ],
};
for (const [code, changes] of Object.entries(CLAIMS)) {
  await check(`claims: ${code}`, async () => {
    for (const [what, change] of changes) {
      one.issuer.forge = ({ header, claims, key }) => compact(header, change(claims), (text) => key.sign(text));
      await refused(one.id, code, what);
    }
  });
}

const attacker = new Key();
/** What a header may say beside: keys of the attacker, and where to fetch some. */
const bring = () => ({
  jwk: { ...attacker.jwk, kid: one.issuer.key.kid },
  jku: `${issuers.origin}/attacker/jku`,
  x5u: `${issuers.origin}/attacker/x5u`,
  x5c: [Buffer.from("no certificate").toString("base64")],
});
/** Tokens that are made in another way: of header, claims and key of an honest one. */
const FORMS = {
  algorithm_not_allowed: [
    ["none", ({ header, claims }) => compact({ ...header, alg: "none" }, claims, () => "")],
    ["None", ({ header, claims, key }) => compact({ ...header, alg: "None" }, claims, (text) => key.sign(text))],
    ["HS256 with the public key", ({ header, claims, key }) => compact({ ...header, alg: "HS256" }, claims, (text) => key.mac(text))],
    ["RS512", ({ header, claims, key }) => compact({ ...header, alg: "RS512" }, claims, (text) => key.sign(text, "RS512"))],
    ["PS256", ({ header, claims, key }) => compact({ ...header, alg: "PS256" }, claims, (text) => key.sign(text, "PS256"))],
  ],
  key_id_missing: [
    ["no kid", ({ header: { kid: _, ...header }, claims, key }) => compact(header, claims, (text) => key.sign(text))],
    ["an empty kid", ({ header, claims, key }) => compact({ ...header, kid: "" }, claims, (text) => key.sign(text))],
  ],
  key_unknown: ["unknown", "../../../../etc/passwd", `${issuers.origin}/attacker/kid`, "' OR 1=1 --", "x".repeat(9_000)].map((kid) => [
    kid.slice(0, 40),
    ({ header, claims }) => compact({ ...header, kid }, claims, (text) => attacker.sign(text)),
  ]),
  wrong_member_type_of_header: [["kid as a number", ({ header, claims, key }) => compact({ ...header, kid: 7 }, claims, (text) => key.sign(text))]],
  wrong_signature: [
    ["by another key", ({ header, claims }) => compact(header, claims, (text) => attacker.sign(text))],
    ["by a key that the header brings", ({ header, claims }) => compact({ ...header, ...bring() }, claims, (text) => attacker.sign(text))],
    ["empty", ({ header, claims }) => compact(header, claims, () => "")],
    ["cut off", ({ header, claims, key }) => compact(header, claims, (text) => key.sign(text).subarray(1))],
    ["of other claims", ({ header, claims, key }) => compact(header, { ...claims, sub: "x" }, (text) => key.sign(text.slice(1)))],
    ["by RS384", ({ header, claims, key }) => compact(header, claims, (text) => key.sign(text, "RS384"))],
  ],
  wrong_token_type: ["at+jwt", "logout+jwt", "secevent+jwt"].map((typ) => [
    typ,
    ({ header, claims, key }) => compact({ ...header, typ }, claims, (text) => key.sign(text)),
  ]),
  critical_header: [["crit", ({ header, claims, key }) => compact({ ...header, crit: ["b64"], b64: false }, claims, (text) => key.sign(text))]],
  nested_token: [["cty", ({ header, claims, key }) => compact({ ...header, cty: "JWT" }, claims, (text) => key.sign(text))]],
  duplicate_member: [
    ["aud", ({ header, claims, key }) => compact(header, `{"aud":"x",${JSON.stringify(claims).slice(1)}`, (text) => key.sign(text))],
    ["sub in other letters", ({ header, claims, key }) => compact(header, `{"s\\u0075b":"x",${JSON.stringify(claims).slice(1)}`, (text) => key.sign(text))],
    ["alg", ({ header, claims, key }) => compact(`{"alg":"none",${JSON.stringify(header).slice(1)}`, claims, (text) => key.sign(text))],
  ],
  unreadable: [
    ["padding", ({ header, claims, key }) => `${compact(header, claims, (text) => key.sign(text))}=`],
    ["a blank", ({ header, claims, key }) => compact(header, claims, (text) => key.sign(text)).replace(".", " .")],
    ["a line", ({ header, claims, key }) => `${compact(header, claims, (text) => key.sign(text))}\n`],
    ["base64 of the other kind", ({ header, key }) => compact(header, "\u00ff\u00fe", (text) => key.sign(text)).replaceAll("-", "+")],
    ["a list", ({ header, key }) => compact(header, "[]", (text) => key.sign(text))],
    ["a number that is none", ({ header, claims, key }) => compact(header, JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e999'), (text) => key.sign(text))],
    ["10,000 lists in each other", ({ header, claims, key }) => compact(header, `${JSON.stringify(claims).slice(0, -1)},"x":${"[".repeat(10_000)}${"]".repeat(10_000)}}`, (text) => key.sign(text))],
    ["no UTF-8", ({ header, key }) => compact(header, Buffer.from([0x7b, 0xff, 0x7d]).toString("latin1"), (text) => key.sign(text))],
  ],
  not_three_segments: [
    ["two", ({ header, claims, key }) => compact(header, claims, (text) => key.sign(text)).split(".").slice(0, 2).join(".")],
    ["four", ({ header, claims, key }) => `${compact(header, claims, (text) => key.sign(text))}.x`],
    ["five, as if it were encrypted", () => "e30.e30.e30.e30.e30"],
    ["none", () => "x"],
  ],
  too_large: [["70 KiB", ({ header, claims, key }) => compact(header, { ...claims, x: "x".repeat(70 << 10) }, (text) => key.sign(text))]],
};
for (const [name, forms] of Object.entries(FORMS)) {
  const code = name.replace("_of_header", "");
  await check(`forms: ${name}`, async () => {
    for (const [what, forge] of forms) {
      one.issuer.forge = forge;
      await refused(one.id, code, what);
    }
  });
}

await check("a token of one login is good for no other", async () => {
  let kept;
  one.issuer.forge = ({ header, claims, key }) => (kept = compact(header, claims, (text) => key.sign(text)));
  await entered(one.id);
  one.issuer.forge = () => kept;
  await refused(one.id, "nonce_mismatch");
});

await check("a login that must be fresh is as fresh as the provider says, whatever the browser made of the question", async () => {
  const signedIn = (ago) => ({ header, claims, key }) => {
    const auth_time = ago === undefined ? undefined : claims.iat - ago;
    return compact(header, { ...claims, auth_time }, (text) => key.sign(text));
  };
  const recent = { max_age: "600" };
  one.issuer.forge = signedIn(undefined);
  await refused(one.id, "auth_time_missing", "the provider says nothing", recent);
  one.issuer.forge = signedIn(86_400);
  await refused(one.id, "authenticated_too_long_ago", "a day ago", recent);
  await refused(one.id, "authenticated_too_long_ago", "a day ago, without asking", { ...recent, prompt: "none" });
  await entered(one.id, "where nothing was asked");
  const login = await web.begin({ connection: one.id, ...recent });
  one.issuer.forge = signedIn(120);
  const back = await web.visit(login);
  const { auth_time, iat } = (await web.redeem(login, back.url)).claims();
  assert.ok(iat - auth_time >= 120, "the app hears when it was");
  one.issuer.forge = null;
});

await check("a token of one provider is not good at another", async () => {
  const two = await provider();
  two.issuer.forge = ({ nonce }) => {
    const claims = { ...one.issuer.claims(nonce), aud: two.issuer.clientId };
    return compact({ alg: "RS256", kid: one.issuer.key.kid }, claims, (text) => one.issuer.key.sign(text));
  };
  await refused(two.id, "wrong_issuer");
  two.issuer.forge = ({ claims }) => compact({ alg: "RS256", kid: one.issuer.key.kid }, claims, (text) => one.issuer.key.sign(text));
  await refused(two.id, "key_unknown");
  two.issuer.forge = null;
});

await check("the keys of the attacker were asked for by nobody, and unknown keys made one search", async () => {
  assert.deepEqual(issuers.strays, []);
  assert.ok(one.issuer.counts.keys <= 2, `${one.issuer.counts.keys} times`);
  one.issuer.forge = null;
  await entered(one.id);
});

await check("a storm of unknown keys makes one search, and honest people get in meanwhile", async () => {
  const stormed = await provider();
  await entered(stormed.id);
  const asked = stormed.issuer.counts.keys;
  let n = 0;
  stormed.issuer.forge = ({ header, claims, key }) => {
    n += 1;
    const kid = n % 10 === 0 ? header.kid : crypto.randomUUID();
    return compact({ ...header, kid }, claims, (text) => key.sign(text));
  };
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => visit(stormed.id, new Browser({ "x-forwarded-for": `198.51.100.${n}` }))));
  assert.equal(answers.filter((answer) => answer.get("code")).length, 20);
  assert.ok(answers.every((answer) => answer.get("code") || /^key_unknown/.test(answer.get("error_description"))));
  assert.equal(stormed.issuer.counts.keys - asked, 1);
});

await check("keys are replaced in an emergency: the new one is good at once, the old one never again", async () => {
  const rolled = await provider();
  await entered(rolled.id);
  const stolen = rolled.issuer.key;
  rolled.issuer.key = new Key();
  await entered(rolled.id, "with the new key");
  rolled.issuer.forge = ({ header, claims }) => compact({ ...header, kid: stolen.kid }, claims, (text) => stolen.sign(text));
  await refused(rolled.id, "key_unknown");
});

await check("a short key, and two keys of one name", async () => {
  const short = await provider();
  short.issuer.key = new Key("short", 1024);
  await refused(short.id, "key_too_weak");
  const twins = await provider();
  twins.issuer.key = new Key("twin");
  const other = new Key("twin");
  twins.issuer.published = () => ({ keys: [twins.issuer.key.jwk, other.jwk] });
  // Which of the two is meant is nobody's to guess: one is taken, and a signature of a third never is.
  twins.issuer.forge = ({ header, claims }) => compact(header, claims, (text) => attacker.sign(text));
  await refused(twins.id, "wrong_signature");
});

/** Key documents that are none, or that are too much. */
const KEYS = {
  "10,000 keys": () => ({ keys: Array.from({ length: 10_000 }, (_, n) => ({ kty: "RSA", kid: `${n}`, n: "AQAB", e: "AQAB" })) }),
  "another kind of document": () => ({ jwks: [] }),
  "a page": (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<h1>Keys</h1>"),
  "an error": (response) => void response.writeHead(500).end(),
  "a redirect": (response) => void response.writeHead(302, { location: `${issuers.origin}/attacker/keys` }).end(),
  "no end": (response) => endless(response),
  "no answer": () => undefined,
};

let sent = 0;
/** Writes for as long as somebody reads. */
function endless(response) {
  response.writeHead(200, { "content-type": "application/json" });
  const chunk = " ".repeat(64 << 10);
  const more = () => {
    while (!response.destroyed) {
      sent += chunk.length;
      if (!response.write(chunk)) {
        response.once("drain", more);
        return;
      }
    }
  };
  more();
}

await check("keys that are too many, too long, too slow, elsewhere or none", async () => {
  const tried = Object.entries(KEYS).map(async ([what, published]) => {
    const { issuer, id } = await provider();
    issuer.published = published;
    await refused(id, "keys_unavailable", what);
    // The next one does not ask again at once.
    await refused(id, "keys_unavailable", what);
    assert.equal(issuer.counts.keys, 1, what);
  });
  await Promise.all(tried);
  assert.ok(sent < 32 << 20, `${sent} bytes were read`);
});

const json = (response, body) => response.writeHead(200, { "content-type": "application/json" }).end(body);
/** Answers of a token endpoint that hold no token. */
const ANSWERS = {
  id_token_missing: { "no token": (response) => json(response, "{}"), "null": (response) => json(response, '{"id_token":null}') },
  redemption_failed: {
    "a token that is no text": (response) => json(response, '{"id_token":{"alg":"none"}}'),
    "a list": (response) => json(response, "[]"),
    "a page": (response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>Tokens</h1>"),
    "two tokens": (response, nonce) => json(response, `{"id_token":"x","id_token":"${one.issuer.idToken(nonce)}"}`),
    "100,000 lists in each other": (response) => json(response, `{"x":${"[".repeat(100_000)}`),
    "a redirect": (response) => response.writeHead(307, { location: `${issuers.origin}/attacker/token` }).end(),
    "no end": (response) => endless(response),
    "nothing": (response) => response.destroy(),
    "no answer": () => {},
  },
};
await check("token endpoints that are too slow, too long, elsewhere or hold no token", async () => {
  sent = 0;
  const tried = Object.entries(ANSWERS).flatMap(([code, answers]) =>
    Object.entries(answers).map(async ([what, answer]) => {
      const { issuer, id } = await provider();
      issuer.answer = answer;
      await refused(id, code, what);
    }),
  );
  await Promise.all(tried);
  assert.ok(sent < 32 << 20, `${sent} bytes were read`);
  assert.deepEqual(issuers.strays, [], "the secret went elsewhere");
});

await check("a provider that does not say where it is is not asked by every login", async () => {
  const issuer = issuers.add(UPN);
  issuer.isDown = true;
  const { id } = await installation.connect(directory, issuer);
  const [asked, started] = [issuer.counts.metadata, Date.now()];
  const answers = await Promise.all(Array.from({ length: 30 }, () => visit(id)));
  assert.ok(answers.every((answer) => answer.get("error") === "temporarily_unavailable"));
  // It is asked again after ten seconds, which may go by on a machine that is busy.
  const windows = 1 + Math.floor((Date.now() - started) / 10_000);
  const times = issuer.counts.metadata - asked;
  assert.ok(times >= 1 && times <= windows, `${times} times in ${windows} windows`);
});

await check("an answer that somebody makes up does not say that the connection fails", async () => {
  const { id } = await provider();
  const login = await web.begin({ connection: id });
  const first = await fetch(login.url, { redirect: "manual" });
  const asked = new URL(first.headers.get("location"));
  const back = new URL(asked.searchParams.get("redirect_uri"));
  back.searchParams.set("state", asked.searchParams.get("state"));
  back.searchParams.set("code", "made up");
  const cookie = first.headers.getSetCookie()[0].split(";")[0];
  const refusal = new URL((await fetch(back, { redirect: "manual", headers: { cookie } })).headers.get("location"));
  assert.match(refusal.searchParams.get("error_description"), /^redemption_failed/);
  const connection = await installation.api("GET", `/connections/${id}`);
  assert.deepEqual([connection.state, connection.last_error ?? null], ["active", null]);
});

await b2c({ check, installation, issuers, web });

await check("nobody got in, nothing panicked, and the memory is bounded", async () => {
  const { data } = await installation.api("GET", `/connections/${one.id}/sessions?limit=100`);
  assert.equal(data.length, 5, "the honest logins, and no other");
  const log = readFileSync(process.env.SERVER_LOG, "utf8");
  assert.doesNotMatch(log, /panicked/);
  const growth = memory("VmHWM") - before;
  assert.ok(growth < MOST_GROWTH, `${growth.toFixed(0)} MiB more`);
  console.log(`      memory: ${before.toFixed(0)} MiB before, ${memory("VmRSS").toFixed(0)} MiB after, ${memory("VmHWM").toFixed(0)} MiB at most`);
});

issuers.stop();
console.log(`${made} checks of hostile providers, ${failed} failed`);
process.exit(failed === 0 && made > 0 ? 0 : 1);
