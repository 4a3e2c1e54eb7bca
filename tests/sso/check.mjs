// check.mjs URL PORT: logs people in to an installation at URL, by a provider that this program starts at PORT.

import assert from "node:assert/strict";
import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from "jose";
import * as openid from "openid-client";
import { attacks } from "./attacks.mjs";
import { App, errorOf } from "./app.mjs";
import { Browser } from "./browser.mjs";
import { ExpressApp } from "./express.mjs";
import { Installation } from "./installation.mjs";
import { LogoutReceiver } from "./logout.mjs";
import { Tenant } from "./provider.mjs";
import { signals } from "./ssf.mjs";
import { starts } from "./starts.mjs";

const [url, port] = process.argv.slice(2);
const WEB = "https://app.example/callback";
const installation = new Installation(url);
const tenant = new Tenant(Number(port));
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

await tenant.start();
const directory = await installation.directory("contoso.example");
const connection = await installation.connect(directory, tenant, { test_accounts: ["test@contoso.example"] });
const ada = await directory.person("ada@contoso.example");
tenant.account("ada@contoso.example");
const byConnection = { connection: connection.id, login_hint: "ada@contoso.example" };

const secret = await installation.app({ authentication: "client_secret", redirect_uris: [WEB] });
const web = await App.of(installation, secret, openid.ClientSecretBasic(secret.client_secret), WEB);

await check("somebody logs in, and the app learns who it is from the directory", async () => {
  const tokens = await web.logIn(byConnection);
  const claims = tokens.claims();
  assert.equal(claims.sub, ada.id);
  assert.equal(claims.email, "mail-of-ada@contoso.example");
  assert.equal(claims.organization_id, directory.organization);
  const keys = createRemoteJWKSet(new URL(`${installation.issuer}/jwks`));
  const { payload } = await jwtVerify(tokens.id_token, keys, { issuer: installation.issuer, audience: secret.id });
  assert.equal(payload.sub, ada.id);
  assert.equal(decodeProtectedHeader(tokens.id_token).alg, "RS256");
  const userinfo = await web.userinfo(tokens);
  assert.equal(userinfo.given_name, "Given");
  assert.equal(tokens.profile.user_name, "ada@contoso.example");
  const profile = await fetch(`${installation.issuer}/profile`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal((await profile.json()).directory_user_id, ada.id);
});

await check("an app without a secret logs somebody in by PKCE, on any port of the loopback", async () => {
  const client = await installation.app({ authentication: "none", redirect_uris: ["http://127.0.0.1/cb"] });
  const app = await App.of(installation, client, openid.None(), "http://127.0.0.1:49999/cb");
  const tokens = await app.logIn(byConnection);
  assert.equal(tokens.claims().sub, ada.id);
});

await check("an app proves itself by a key", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "k", alg: "ES256", use: "sig" };
  const client = await installation.app({ authentication: "private_key_jwt", redirect_uris: [WEB], jwks: { keys: [jwk] } });
  const app = await App.of(installation, client, openid.PrivateKeyJwt({ key: privateKey, kid: "k" }), WEB);
  assert.equal((await app.logIn(byConnection)).claims().sub, ada.id);
});

await check("the connection is found by organization, by domain, and by the name that somebody gives", async () => {
  const login_hint = "ada@contoso.example";
  for (const selector of [{ organization: directory.organization }, { organization: "contoso.example" }, { domain_hint: "contoso.example" }, {}]) {
    const tokens = await web.logIn({ login_hint, ...selector });
    assert.equal(tokens.claims().sub, ada.id);
  }
  const asked = await web.visit(await web.begin({}));
  assert.match(asked.text, /Work e-mail or user name/);
  const unknown = await web.visit(await web.begin({ login_hint: "ada@nowhere.example" }));
  assert.match(unknown.text, /Nobody with this name can log in here/);
});

await check("a refresh token is good once, and who uses it again ends the session", async () => {
  const tokens = await web.logIn(byConnection);
  const second = await web.refresh(tokens.refresh_token);
  assert.equal(second.claims().sub, ada.id);
  await web.userinfo({ ...second, claims: () => tokens.claims() });
  assert.equal(await errorOf(web.refresh(tokens.refresh_token)), "invalid_grant");
  assert.equal(await errorOf(web.refresh(second.refresh_token)), "invalid_grant");
});

await check("the keys of the identity provider roll, and nobody notices", async () => {
  await tenant.roll();
  // The provider forgot its sessions and grants with its keys; the account is the same.
  const tokens = await web.logIn(byConnection);
  assert.equal(tokens.claims().sub, ada.id);
});

await check("who is not in the directory does not get in, and nobody is made", async () => {
  tenant.account("eve@contoso.example");
  const before = await installation.api("GET", `/directories/${directory.id}/users?limit=100`);
  const back = await web.visit(await web.begin({ ...byConnection, login_hint: "eve@contoso.example" }));
  assert.equal(back.url.searchParams.get("error"), "access_denied");
  assert.match(back.url.searchParams.get("error_description"), /^user_not_provisioned/);
  const after = await installation.api("GET", `/directories/${directory.id}/users?limit=100`);
  assert.equal(after.data.length, before.data.length);
  const log = await installation.api("GET", "/audit-log?action=login.refused");
  assert.match(log.data[0].detail, /^user_not_provisioned/);
});

await check("an address is no name: e-mail never matches", async () => {
  await directory.person("grace@contoso.example");
  tenant.account("mallory@contoso.example", { email: "grace@contoso.example", preferred_username: "grace@contoso.example" });
  const back = await web.visit(await web.begin({ ...byConnection, login_hint: "mallory@contoso.example" }));
  assert.match(back.url.searchParams.get("error_description"), /^user_not_provisioned/);
});

await check("a token without the claim is refused with the step that mends it", async () => {
  tenant.account("noupn@contoso.example", { upn: undefined });
  const back = await web.visit(await web.begin({ ...byConnection, login_hint: "noupn@contoso.example" }));
  assert.match(back.url.searchParams.get("error_description"), /^required_claim_missing/);
  const log = await installation.api("GET", "/audit-log?action=login.refused");
  assert.match(log.data[0].detail, /Token configuration/);
});

await check("a name that a new person was given does not open the account of the one before", async () => {
  tenant.account("ada@contoso.example");
  const back = await web.visit(await web.begin(byConnection));
  assert.match(back.url.searchParams.get("error_description"), /^identity_conflict/);
});

await check("somebody without a role uses apps on their own device, and none on the web", async () => {
  const plain = await directory.person("plain@contoso.example", { roles: [] });
  tenant.account("plain@contoso.example");
  const who = { ...byConnection, login_hint: "plain@contoso.example" };
  const back = await web.visit(await web.begin(who));
  assert.match(back.url.searchParams.get("error_description"), /^web_access_denied/);
  // The request comes by the person's own browser: what it says of the channel opens no app of the web.
  const changed = await web.visit(await web.begin({ ...who, channel: "app" }));
  assert.equal(changed.url.searchParams.get("error"), "invalid_request");
  const client = await installation.app({ authentication: "none", redirect_uris: ["com.example.app:/cb"] });
  const app = await App.of(installation, client, openid.None(), "com.example.app:/cb");
  const claims = (await app.logIn(who)).claims();
  assert.deepEqual([claims.sub, claims.channel], [plain.id, "app"]);
});

await check("a test account sees what came of it and changes nothing; others see nothing", async () => {
  const shownNow = () => installation.api("GET", `/connections/${connection.id}`);
  const { test_url } = await shownNow();
  const asked = async (name, page = test_url) => {
    const browser = new Browser();
    const login = await browser.get(page);
    const provider = new URL(login.headers.get("location"));
    provider.searchParams.delete("prompt");
    provider.searchParams.set("login_hint", name);
    return (await browser.follow(provider.href)).text;
  };
  await directory.person("test@contoso.example");
  tenant.account("test@contoso.example");
  const before = await installation.api("GET", `/connections/${connection.id}/sessions?limit=100`);
  const [bare] = test_url.split("?");
  assert.match(await asked("test@contoso.example", bare), /This test is not noted/);
  assert.equal((await shownNow()).last_test ?? null, null, "anybody can begin such a test");
  const stale = await fetch(`${bare}?ticket=rcv_x`, { redirect: "manual" });
  assert.equal(stale.status, 400);
  const shown = await asked("test@contoso.example");
  assert.match(shown, /Gets in, as test@contoso.example/);
  assert.match(shown, new RegExp(`<code>oid</code>.*${tenant.accounts.get("test@contoso.example").oid}`, "s"));
  const stranger = await asked("eve@contoso.example");
  assert.match(stranger, /No test account/);
  assert.doesNotMatch(stranger, /<code>oid<\/code>/);
  const after = await installation.api("GET", `/connections/${connection.id}/sessions?limit=100`);
  assert.equal(after.data.length, before.data.length);
  assert.ok((await shownNow()).tested_at);
});

await check("what Entra ID refuses is told by the step that mends it", async () => {
  tenant.account("consent@contoso.example", { error: "AADSTS65001: The user or administrator has not consented." });
  const back = await web.visit(await web.begin({ ...byConnection, login_hint: "consent@contoso.example" }));
  assert.equal(back.url.searchParams.get("error"), "access_denied");
  const log = await installation.api("GET", "/audit-log?action=login.refused");
  assert.match(log.data[0].detail, /AADSTS65001.*consent/s);
});

await check("who is deactivated is out at once, and in again when they are back", async () => {
  const linus = await directory.person("linus@contoso.example");
  tenant.account("linus@contoso.example");
  const who = { ...byConnection, login_hint: "linus@contoso.example" };
  const tokens = await web.logIn(who);
  await web.userinfo(tokens);
  await directory.setActive(linus.id, false);
  assert.notEqual(await errorOf(web.userinfo(tokens)), "no error");
  assert.equal(await errorOf(web.refresh(tokens.refresh_token)), "invalid_grant");
  const back = await web.visit(await web.begin(who));
  assert.match(back.url.searchParams.get("error_description"), /^user_not_provisioned/);
  await directory.setActive(linus.id, true);
  assert.notEqual(await errorOf(web.userinfo(tokens)), "no error", "the session stays over");
  assert.equal((await web.logIn(who)).claims().sub, linus.id);
});

await check("a session that nobody uses ends in the wake of the log", async () => {
  const person = await directory.person("margaret@contoso.example");
  tenant.account("margaret@contoso.example");
  await web.logIn({ ...byConnection, login_hint: "margaret@contoso.example" });
  await directory.setActive(person.id, false);
  const end = Date.now() + 20_000;
  for (;;) {
    const { data } = await installation.api("GET", `/connections/${connection.id}/sessions?limit=100`);
    const own = data.filter(({ user_id }) => user_id === person.id);
    assert.equal(own.length, 1);
    if (own[0].end_reason === "deactivated") {
      break;
    }
    assert.ok(Date.now() < end, JSON.stringify(own));
    await new Promise((done) => setTimeout(done, 20));
  }
});

await check("the app of whoever is deactivated is told, and told again when it refuses; others hear nothing", async () => {
  const receivers = [new LogoutReceiver(installation), new LogoutReceiver(installation)];
  await Promise.all(receivers.map((receiver) => receiver.start()));
  const [told, other] = receivers;
  const person = await directory.person("barbara@contoso.example");
  tenant.account("barbara@contoso.example");
  const who = { ...byConnection, login_hint: "barbara@contoso.example" };
  const appOf = async (receiver) => {
    const client = await installation.app({ authentication: "client_secret", redirect_uris: [WEB], backchannel_logout_uri: receiver.uri });
    return { client, app: await App.of(installation, client, openid.ClientSecretPost(client.client_secret), WEB) };
  };
  const [first, second] = await Promise.all(receivers.map(appOf));
  const tokens = await first.app.logIn(who);
  // Of a code that was never redeemed no app has a session.
  await second.app.visit(await second.app.begin(who));
  told.refuses = [400];
  await directory.setActive(person.id, false);
  const [refused, taken] = await told.wait(2, 60);
  const [before, after] = [await told.read(refused, first.client.id), await told.read(taken, first.client.id)];
  assert.equal(before.jti, after.jti);
  assert.equal(after.sub, person.id);
  assert.equal(after.sid, tokens.claims().sid);
  assert.equal(other.tokens.length, 0);
  receivers.forEach((receiver) => receiver.stop());
});

await check("an app of express-openid-connect logs somebody in, and out when the directory says so", async () => {
  const app = new ExpressApp();
  await app.listen();
  const client = await installation.app({
    authentication: "client_secret",
    redirect_uris: [`${app.url}/callback`],
    backchannel_logout_uri: `${app.url}/backchannel-logout`,
  });
  const person = await directory.person("edsger@contoso.example");
  tenant.account("edsger@contoso.example");
  app.become(installation.issuer, client, { connection: connection.id, login_hint: "edsger@contoso.example" });
  const browser = new Browser();
  assert.equal((await browser.follow(`${app.url}/`)).text, "nobody");
  assert.equal((await browser.follow(`${app.url}/login`)).text, person.id);
  assert.equal((await browser.follow(`${app.url}/`)).text, person.id);
  await directory.setActive(person.id, false);
  const end = Date.now() + 30_000;
  while ((await browser.follow(`${app.url}/`)).text !== "nobody") {
    assert.ok(Date.now() < end, "the session of the app goes on");
    await new Promise((done) => setTimeout(done, 20));
  }
  app.stop();
});

await check("from the change in the directory to the app it takes no time", async () => {
  const receiver = new LogoutReceiver(installation);
  await receiver.start();
  const client = await installation.app({ authentication: "client_secret", redirect_uris: [WEB], backchannel_logout_uri: receiver.uri });
  const app = await App.of(installation, client, openid.ClientSecretPost(client.client_secret), WEB);
  const people = [];
  for (let n = 0; n < 40; n += 1) {
    const name = `timed-${n}@contoso.example`;
    people.push(await directory.person(name));
    tenant.account(name);
    await app.logIn({ ...byConnection, login_hint: name });
  }
  const times = [];
  for (const [n, { id }] of people.entries()) {
    const started = performance.now();
    await directory.setActive(id, false);
    const [last] = (await receiver.wait(n + 1)).slice(-1);
    times.push(last.at - started);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
  // For whoever reads it: what the machine does beside is not known, so no time is demanded.
  console.log(`      PATCH to logout token: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, max ${at(1)} ms`);
  receiver.stop();
});

await check("somebody logs out, and the session is over", async () => {
  const who = { ...byConnection, login_hint: "linus@contoso.example" };
  const client = await installation.app({
    authentication: "client_secret",
    redirect_uris: [WEB],
    post_logout_redirect_uris: ["https://app.example/bye"],
  });
  const app = await App.of(installation, client, openid.ClientSecretPost(client.client_secret), WEB);
  const tokens = await app.logIn(who);
  const logout = openid.buildEndSessionUrl(app.configuration, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: "https://app.example/bye",
    state: "s",
  });
  const answer = await fetch(logout, { redirect: "manual" });
  assert.equal(answer.headers.get("location"), "https://app.example/bye?state=s");
  assert.notEqual(await errorOf(app.userinfo(tokens)), "no error");
});

await signals({ check, installation, directory, connection, tenant, redirectUri: WEB });
await attacks({ check, installation, directory, connection, tenant, web, client: secret, byConnection: { ...byConnection, login_hint: "linus@contoso.example" } });

await starts({ check, installation, directory, connection, tenant, byConnection: { connection: connection.id } });

await check("a connection that is paused lets nobody in, and ends all sessions", async () => {
  const who = { ...byConnection, login_hint: "linus@contoso.example" };
  const tokens = await web.logIn(who);
  await installation.api("PATCH", `/connections/${connection.id}`, { state: "paused" });
  assert.notEqual(await errorOf(web.userinfo(tokens)), "no error");
  const back = await web.visit(await web.begin(who));
  assert.match(back.url.searchParams.get("error_description"), /connection_inactive/);
});

tenant.stop();
console.log(`${made} checks of logins, ${failed} failed`);
process.exit(failed === 0 && made > 0 ? 0 : 1);
