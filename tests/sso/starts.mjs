// What begins elsewhere: logins from a tile of My Apps, apps that run in a browser, and people who begin too much; and what
// operators hear when the identity provider refuses this installation.

import assert from "node:assert/strict";
import * as openid from "openid-client";
import { App } from "./app.mjs";
import { Browser } from "./browser.mjs";
import { LogoutReceiver } from "./logout.mjs";

const WEB = "https://app.example/callback";
const START = "https://app.example/login?from=tile";

export async function starts({ check, installation, directory, connection, tenant, byConnection }) {
  const person = await directory.person("katherine@contoso.example");
  tenant.account("katherine@contoso.example");
  const hint = { login_hint: "katherine@contoso.example" };

  await check("a tile of My Apps opens the app, which logs the person in without saying by which connection", async () => {
    const client = await installation.app({ authentication: "client_secret", redirect_uris: [WEB], initiate_login_uri: START });
    const app = await App.of(installation, client, openid.ClientSecretBasic(client.client_secret), WEB);
    const browser = new Browser();
    const tile = `${connection.start_url}?client_id=${client.id}&login_hint=${encodeURIComponent(hint.login_hint)}`;
    const { url } = await browser.follow(tile, "https://app.example/login");
    assert.deepEqual(Object.fromEntries(url.searchParams), { from: "tile", iss: installation.issuer, ...hint });
    const began = await app.begin({});
    // The provider stands for somebody who is logged in there; it needs the name, which Entra ID has in its own session.
    const first = await browser.get(began.url);
    const provider = new URL(first.headers.get("location"));
    assert.equal(provider.origin, tenant.origin);
    provider.searchParams.set("login_hint", hint.login_hint);
    const back = await browser.follow(provider.href, WEB);
    const tokens = await app.redeem(began, back.url);
    assert.equal(tokens.claims().sub, person.id);
    const asked = await app.visit(await app.begin({}), browser);
    assert.match(asked.text, /Work e-mail or user name/, "the start is good once");
  });

  await check("a tile leads only to apps that can be opened so, and nowhere that the address says", async () => {
    const plain = await installation.app({ authentication: "client_secret", redirect_uris: [WEB] });
    const other = await installation.directory("fabrikam.example");
    const foreign = await installation.app({
      authentication: "client_secret",
      organization_id: other.organization,
      redirect_uris: [WEB],
      initiate_login_uri: START,
    });
    for (const query of [`client_id=${plain.id}`, `client_id=${foreign.id}`, "client_id=none", ""]) {
      const answer = await fetch(`${connection.start_url}?${query}`, { redirect: "manual" });
      assert.equal(answer.status, 400, query);
      assert.equal(answer.headers.get("location"), null);
    }
    const client = await installation.app({ authentication: "client_secret", redirect_uris: [WEB], initiate_login_uri: START });
    const target = `client_id=${client.id}&target_link_uri=https://evil.example&redirect_uri=https://evil.example&iss=https://evil.example`;
    const answer = await fetch(`${connection.start_url}?${target}`, { redirect: "manual" });
    assert.doesNotMatch(answer.headers.get("location"), /evil/);
  });

  await check("an app in a browser asks from its own origin, and no page of another site sees a login", async () => {
    const origin = "https://spa.example";
    for (const path of ["/token", "/userinfo", "/profile"]) {
      const preflight = await fetch(installation.issuer + path, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" },
      });
      if (path !== "/profile") {
        assert.equal(preflight.status, 200, path);
      }
      assert.equal(preflight.headers.get("access-control-allow-origin"), "*", path);
      assert.equal(preflight.headers.get("access-control-allow-credentials"), null, path);
    }
    const refused = await fetch(`${installation.issuer}/token`, { method: "POST", headers: { origin }, body: new URLSearchParams({ grant_type: "x" }) });
    assert.equal(refused.headers.get("access-control-allow-origin"), "*", "the app can read what is wrong");
    const page = await fetch(`${installation.issuer}/authorize?client_id=x`, { headers: { origin } });
    assert.equal(page.headers.get("access-control-allow-origin"), null);
  });

  await check("who begins logins without end is stopped, and nobody else is", async () => {
    const client = await installation.app({ authentication: "client_secret", redirect_uris: [WEB] });
    const app = await App.of(installation, client, openid.ClientSecretBasic(client.client_secret), WEB);
    const begin = async (address) => {
      const { url } = await app.begin({ ...byConnection, ...hint });
      return fetch(url, { redirect: "manual", headers: { "x-forwarded-for": address } });
    };
    const answers = await Promise.all(Array.from({ length: 600 }, () => begin("203.0.113.9, 198.51.100.7")));
    const stopped = answers.filter(({ status }) => status === 429);
    assert.ok(stopped.length > 0, "nobody was stopped");
    assert.ok(Number(stopped[0].headers.get("retry-after")) >= 1);
    assert.match(await stopped[0].text(), /Too many people log in from your network/);
    assert.equal((await begin("198.51.100.8")).status, 303);
  });

  await check("what follows from a change is found in its trace, up to the app that is told", async () => {
    const receiver = new LogoutReceiver(installation);
    await receiver.start();
    const client = await installation.app({ authentication: "client_secret", redirect_uris: [WEB], backchannel_logout_uri: receiver.uri });
    const app = await App.of(installation, client, openid.ClientSecretPost(client.client_secret), WEB);
    const leaving = await directory.person("dorothy@contoso.example");
    tenant.account("dorothy@contoso.example");
    await app.logIn({ ...byConnection, login_hint: "dorothy@contoso.example" });
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    await directory.setActive(leaving.id, false, { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
    const [told] = await receiver.wait(1);
    assert.equal(told.traceparent?.split("-")[1], trace);
    receiver.stop();
  });

  await check("operators hear once that the identity provider refuses, and that it takes us again", async () => {
    const path = `/connections/${connection.id}`;
    const client = await installation.app({ authentication: "client_secret", redirect_uris: [WEB] });
    const app = await App.of(installation, client, openid.ClientSecretBasic(client.client_secret), WEB);
    const events = async () => {
      const { data } = await installation.api("GET", `/events?directory_id=${directory.id}&types=connection.failing`);
      return data;
    };
    await installation.api("PUT", `${path}/client-secret`, { client_secret: "this is not the secret that was made" });
    for (let n = 0; n < 2; n += 1) {
      const back = await app.visit(await app.begin({ ...byConnection, ...hint }));
      assert.equal(back.url.searchParams.get("error"), "server_error");
    }
    assert.equal((await installation.api("GET", path)).state, "failing");
    const [failing, ...more] = await events();
    assert.equal(more.length, 0);
    assert.equal(failing.data.connection.id, connection.id);
    await installation.api("PUT", `${path}/client-secret`, { client_secret: tenant.clientSecret });
    await app.logIn({ ...byConnection, ...hint });
    assert.equal((await installation.api("GET", path)).state, "active");
    assert.equal((await events()).length, 1);
  });
}
