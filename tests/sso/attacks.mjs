// What an attacker would try. None of it may succeed.

import assert from "node:assert/strict";
import * as openid from "openid-client";
import { Browser } from "./browser.mjs";
import { App, errorOf } from "./app.mjs";

const WEB = "https://app.example/callback";

export async function attacks({ check, installation, tenant, web, client, byConnection }) {
  const token = async (fields, basic = `${client.id}:${client.client_secret}`) => {
    const headers = basic ? { authorization: `Basic ${Buffer.from(basic).toString("base64")}` } : {};
    const answer = await fetch(`${installation.issuer}/token`, { method: "POST", headers, body: new URLSearchParams(fields) });
    return { status: answer.status, body: await answer.json() };
  };
  const fields = (login, url) => ({
    grant_type: "authorization_code",
    code: url.searchParams.get("code"),
    redirect_uri: WEB,
    code_verifier: login.verifier,
  });

  await check("attack: a code is used twice; the second use ends the session", async () => {
    const login = await web.begin(byConnection);
    const { url } = await web.visit(login);
    const first = await token(fields(login, url));
    assert.equal(first.status, 200, JSON.stringify(first.body));
    const second = await token(fields(login, url));
    assert.equal(second.body.error, "invalid_grant");
    const userinfo = await fetch(`${installation.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${first.body.access_token}` },
    });
    assert.equal(userinfo.status, 401);
  });

  await check("attack: a code is used by several in the same moment; one gets in, and then nobody is", async () => {
    const login = await web.begin(byConnection);
    const { url } = await web.visit(login);
    const answers = await Promise.all(Array.from({ length: 8 }, () => token(fields(login, url))));
    const good = answers.filter(({ status }) => status === 200);
    assert.equal(good.length, 1);
    assert.ok(answers.every(({ status, body }) => status === 200 || body.error === "invalid_grant"));
    const userinfo = await fetch(`${installation.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${good[0].body.access_token}` },
    });
    assert.equal(userinfo.status, 401);
  });

  await check("attack: a refresh token is used by several in the same moment; one gets tokens, and they are not good", async () => {
    const tokens = await web.logIn(byConnection);
    const refresh = { grant_type: "refresh_token", refresh_token: tokens.refresh_token };
    const answers = await Promise.all(Array.from({ length: 8 }, () => token(refresh)));
    assert.ok(answers.filter(({ status }) => status === 200).length <= 1);
    const userinfo = await fetch(`${installation.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.equal(userinfo.status, 401);
  });

  await check("attack: a code of one app is redeemed by another", async () => {
    const other = await installation.app({ authentication: "client_secret", redirect_uris: [WEB] });
    const login = await web.begin(byConnection);
    const { url } = await web.visit(login);
    const stolen = await token(fields(login, url), `${other.id}:${other.client_secret}`);
    assert.equal(stolen.body.error, "invalid_grant");
  });

  await check("attack: a code without its verifier, with another, and with another redirect URI", async () => {
    const login = await web.begin(byConnection);
    const { url } = await web.visit(login);
    const { code_verifier: _, ...without } = fields(login, url);
    assert.equal((await token(without)).body.error, "invalid_grant");
    const another = { ...without, code_verifier: openid.randomPKCECodeVerifier() };
    assert.equal((await token(another)).body.error, "invalid_grant");
    const elsewhere = { ...fields(login, url), redirect_uri: "https://app.example/other" };
    assert.equal((await token(elsewhere)).body.error, "invalid_grant");
    assert.equal((await token(fields(login, url))).status, 200, "a failed try uses nothing up");
  });

  await check("attack: the app is pretended to be", async () => {
    const login = await web.begin(byConnection);
    const { url } = await web.visit(login);
    for (const basic of [`${client.id}:wrong`, `${client.id}:rck_${"A".repeat(64)}`, null]) {
      const answer = await token({ ...fields(login, url), client_id: client.id }, basic);
      assert.deepEqual([answer.status, answer.body.error], [401, "invalid_client"]);
    }
  });

  await check("attack: PKCE is turned down to plain, and left out by an app without a secret", async () => {
    const plain = await web.visit(await web.begin({ ...byConnection, code_challenge_method: "plain" }));
    assert.equal(plain.url.searchParams.get("error"), "invalid_request");
    const open = await installation.app({ authentication: "none", redirect_uris: [WEB] });
    const app = await App.of(installation, open, openid.None(), WEB);
    const login = await app.begin(byConnection);
    const url = new URL(login.url);
    url.searchParams.delete("code_challenge");
    url.searchParams.delete("code_challenge_method");
    const bare = await new Browser().follow(url.href, WEB);
    assert.equal(bare.url.searchParams.get("error"), "invalid_request");
  });

  await check("attack: somebody is sent to where the app is not", async () => {
    for (const to of ["https://evil.example/", "https://app.example/callback/", "https://app.example/callback?x=1", "https://app.example.evil.example/callback", "https://app.example/callback#x", "//app.example/callback"]) {
      const login = await web.begin(byConnection);
      const url = new URL(login.url);
      url.searchParams.set("redirect_uri", to);
      const stayed = await new Browser().follow(url.href);
      assert.equal(stayed.answer.status, 400, to);
      assert.equal(stayed.answer.headers.get("location"), null);
    }
    const out = await fetch(`${installation.issuer}/logout?post_logout_redirect_uri=https://evil.example/&client_id=${client.id}`, { redirect: "manual" });
    assert.equal(out.headers.get("location"), null);
  });

  await check("attack: an answer is put into another browser, used twice, and sent to another connection", async () => {
    const login = await web.begin(byConnection);
    const browser = new Browser();
    const answer = await browser.get(login.url);
    const atProvider = await browser.follow(answer.headers.get("location"), `${installation.issuer}/`);
    assert.match(atProvider.url.pathname, /\/oauth2\/authresp$/);
    const slug = atProvider.url.pathname.split("/")[2];
    const foreign = await new Browser().follow(atProvider.url.href, WEB);
    assert.equal(foreign.answer.status, 400, "another browser");
    const elsewhere = new URL(atProvider.url);
    elsewhere.pathname = elsewhere.pathname.replace(slug, "another-connection");
    assert.equal((await browser.get(elsewhere.href)).status, 400, "another connection");
    const good = await browser.get(atProvider.url.href);
    assert.ok(good.headers.get("location").startsWith(`${WEB}?code=`));
    assert.equal((await browser.get(atProvider.url.href)).status, 400, "the second time");
  });

  await check("attack: the issuer of the answer is another (mix-up)", async () => {
    const login = await web.begin(byConnection);
    const browser = new Browser();
    const answer = await browser.get(login.url);
    const { url } = await browser.follow(answer.headers.get("location"), `${installation.issuer}/`);
    url.searchParams.set("iss", "https://evil.example/");
    const back = new URL((await browser.get(url.href)).headers.get("location"));
    assert.match(back.searchParams.get("error_description"), /^wrong_issuer/);
  });

  await check("attack: tokens of another tenant, another version and another kind", async () => {
    const forged = { tid: { tid: crypto.randomUUID() }, ver: { ver: "1.0" }, oid: { oid: "no-guid" } };
    for (const [name, claims] of Object.entries(forged)) {
      tenant.forged = claims;
      const back = await web.visit(await web.begin(byConnection));
      assert.equal(back.url?.searchParams.get("error"), "server_error", name);
    }
    tenant.forged = {};
  });

  await check("attack: an ID token, a refresh token and a query parameter at userinfo", async () => {
    const tokens = await web.logIn(byConnection);
    for (const bearer of [tokens.id_token, tokens.refresh_token, "rcn_x"]) {
      const answer = await fetch(`${installation.issuer}/userinfo`, { headers: { authorization: `Bearer ${bearer}` } });
      assert.equal(answer.status, 401);
    }
    assert.equal((await fetch(`${installation.issuer}/userinfo?access_token=${tokens.access_token}`)).status, 401);
    assert.equal(await errorOf(web.refresh(tokens.access_token)), "invalid_grant");
  });

  await check("attack: another site has a browser begin logins until its cookies are too many", async () => {
    const browser = new Browser();
    for (let n = 0; n < 30; n += 1) {
      await browser.get((await web.begin(byConnection)).url);
    }
    assert.ok(browser.cookies(installation.issuer).size <= 8, String(browser.cookies(installation.issuer).size));
  });

  await check("attack: a parameter twice, and requests that are too large", async () => {
    const login = await web.begin(byConnection);
    assert.equal((await fetch(`${login.url}&client_id=${client.id}`, { redirect: "manual" })).status, 400);
    const large = await fetch(`${installation.issuer}/token`, { method: "POST", body: `code=${"x".repeat(200_000)}` });
    assert.ok(large.status === 400 || large.status === 413, String(large.status));
  });

  await check("attack: somebody is logged out by another site", async () => {
    const tokens = await web.logIn(byConnection);
    await fetch(`${installation.issuer}/logout`);
    await fetch(`${installation.issuer}/logout?client_id=${client.id}`);
    const tampered = `${tokens.id_token.slice(0, -8)}AAAAAAAA`;
    assert.equal((await fetch(`${installation.issuer}/logout?id_token_hint=${tampered}`)).status, 400);
    await web.userinfo(tokens);
  });

  await check("attack: an app proves itself in two ways, or in another than its own", async () => {
    const login = await web.begin(byConnection);
    const { url } = await web.visit(login);
    const good = fields(login, url);
    const both = await token({ ...good, client_id: client.id, client_secret: client.client_secret });
    assert.deepEqual([both.status, both.body.error], [400, "invalid_request"]);
    const open = await installation.app({ authentication: "none", redirect_uris: [WEB] });
    const dressed = await token({ ...good, client_id: open.id, client_secret: client.client_secret }, null);
    assert.equal(dressed.body.error, "invalid_client");
    const named = await token({ ...good, client_id: open.id });
    assert.equal(named.body.error, "invalid_client", "the secret is of one app, and client_id names another");
    const assertion = { ...good, client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", client_assertion: "x.y.z" };
    assert.equal((await token(assertion, null)).body.error, "invalid_client");
    assert.equal((await token({ ...assertion, client_assertion_type: "x" }, null)).body.error, "invalid_request");
    assert.equal((await token(good)).status, 200);
  });

  await check("attack: the answer is asked for in another way, or by a request of its own", async () => {
    const changes = { response_mode: ["fragment", "form_post", "query.jwt"], response_type: ["token", "id_token", "code token", "none"], request: ["e30.e30."], request_uri: ["https://evil.example/r"] };
    for (const [name, values] of Object.entries(changes)) {
      for (const value of values) {
        const login = await web.begin(byConnection);
        const url = new URL(login.url);
        url.searchParams.set(name, value);
        const answer = await fetch(url, { redirect: "manual" });
        const back = new URL(answer.headers.get("location"));
        assert.equal(back.origin + back.pathname, WEB, `${name} ${value}`);
        assert.ok(back.searchParams.get("error") && back.hash === "", `${name} ${value}`);
        assert.equal(back.searchParams.get("state"), login.state);
      }
    }
  });

  await check("attack: a login is made to look fresher than it is", async () => {
    const asked = async (parameters) => {
      const answer = await fetch((await web.begin({ ...byConnection, ...parameters })).url, { redirect: "manual" });
      return new URL(answer.headers.get("location"));
    };
    const fresh = await asked({ max_age: "0" });
    const { prompt, max_age: most } = Object.fromEntries(fresh.searchParams);
    assert.deepEqual([prompt, most], ["login", "0"], "the person is asked again");
    const silent = await asked({ max_age: "60", prompt: "none" });
    assert.equal(silent.searchParams.get("prompt"), "none", "the answer tells how fresh it is");
    for (const max_age of ["-1", "soon", "1e3", "99999999999999999999"]) {
      assert.equal((await asked({ max_age })).searchParams.get("error"), "invalid_request", max_age);
    }
  });

  await check("attack: nothing that holds a secret is kept or told of", async () => {
    const login = await web.begin(byConnection);
    const { url } = await web.visit(login);
    const began = await fetch(login.url, { redirect: "manual" });
    assert.deepEqual([began.headers.get("cache-control"), began.headers.get("referrer-policy")], ["no-store", "no-referrer"]);
    const basic = { authorization: `Basic ${Buffer.from(`${client.id}:${client.client_secret}`).toString("base64")}` };
    for (const body of [fields(login, url), { grant_type: "authorization_code", code: "x" }, {}]) {
      const answer = await fetch(`${installation.issuer}/token`, { method: "POST", headers: basic, body: new URLSearchParams(body) });
      assert.match(answer.headers.get("cache-control"), /no-store/);
      assert.match(answer.headers.get("content-type"), /^application\/json/);
    }
    for (const headers of [{}, { authorization: "Bearer x" }]) {
      const answer = await fetch(`${installation.issuer}/userinfo`, { headers });
      assert.deepEqual([answer.status, answer.headers.get("cache-control")], [401, "no-store"]);
      assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
    }
  });

  await check("attack: requests of long headers, many cookies and other methods", async () => {
    const long = await fetch(`${installation.issuer}/userinfo`, { headers: { authorization: `Bearer ${"x".repeat(15_000)}` } });
    assert.equal(long.status, 401);
    const cookie = Array.from({ length: 150 }, (_, n) => `rollcall-login-${n}=${"x".repeat(60)}`).join("; ");
    const many = await fetch((await web.begin(byConnection)).url, { redirect: "manual", headers: { cookie } });
    assert.ok(many.status === 303 || many.status === 431, String(many.status));
    for (const [method, path] of [["GET", "/token"], ["PUT", "/token"], ["DELETE", "/authorize"], ["POST", "/jwks"], ["TRACE", "/userinfo"]]) {
      const answer = await fetch(`${installation.issuer}${path}`, { method }).catch(() => ({ status: 405 }));
      assert.ok(answer.status === 404 || answer.status === 405, `${method} ${path}: ${answer.status}`);
    }
  });

  await check("attack: pages are not framed, not kept, and run nothing", async () => {
    const page = await fetch(`${installation.issuer}/authorize?client_id=x`);
    assert.match(page.headers.get("content-security-policy"), /frame-ancestors 'none'/);
    assert.equal(page.headers.get("cache-control"), "no-store");
    const reflected = await fetch(`${installation.issuer}/authorize?client_id=${encodeURIComponent("<script>alert(1)</script>")}`);
    assert.doesNotMatch(await reflected.text(), /<script>alert/);
  });
}
