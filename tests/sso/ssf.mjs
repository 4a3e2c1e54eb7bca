// An app that hears of its people by Shared Signals: OpenID SSF 1.0, CAEP 1.0, RISC 1.0; tokens by openid-client, every Security
// Event Token looked at by jose.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as openid from "openid-client";
import { App } from "./app.mjs";

const PUSH = "urn:ietf:rfc:8935";
const POLL = "urn:ietf:rfc:8936";
const CAEP = "https://schemas.openid.net/secevent/caep/event-type";
const RISC = "https://schemas.openid.net/secevent/risc/event-type";
const VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/** A receiver: it finds the transmitter by its issuer alone. */
class SsfReceiver {
  pushed = [];
  /** Statuses that it gives first. */
  refuses = [];
  authorization = "Bearer the receiver knows this";

  constructor(client, configuration) {
    Object.assign(this, { client, configuration });
  }

  async discover(issuer) {
    const { origin, pathname } = new URL(issuer);
    const found = await fetch(`${origin}/.well-known/ssf-configuration${pathname}`);
    assert.equal(found.status, 200);
    this.transmitter = await found.json();
    assert.equal(this.transmitter.issuer, issuer);
    assert.deepEqual(this.transmitter.authorization_schemes, [{ spec_urn: "urn:ietf:rfc:6749" }]);
    this.keys = createRemoteJWKSet(new URL(this.transmitter.jwks_uri));
    const tokens = await openid.clientCredentialsGrant(this.configuration, { scope: "ssf.read ssf.manage" });
    this.token = tokens.access_token;
  }

  async listen() {
    this.server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) {
        body += chunk;
      }
      this.pushed.push({ body, headers: request.headers });
      const status = this.refuses.shift() ?? 202;
      const error = { err: "invalid_request", description: "Not now." };
      response.writeHead(status, { "content-type": "application/json" }).end(status === 202 ? "" : JSON.stringify(error));
    });
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.url = `http://127.0.0.1:${this.server.address().port}/signals`;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async call(method, url, body, expected = 200) {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    assert.equal(answer.status, expected, `${method} ${url}: ${text}`);
    return text ? JSON.parse(text) : null;
  }

  stream(delivery, events) {
    return this.call("POST", this.transmitter.configuration_endpoint, { delivery, events_requested: events }, 201);
  }

  verify(stream, state) {
    return this.call("POST", this.transmitter.verification_endpoint, { stream_id: stream.stream_id, state }, 204);
  }

  /** The claims of a token that is right. */
  async read(set) {
    const options = { issuer: this.transmitter.issuer, audience: this.client.id, typ: "secevent+jwt", algorithms: ["RS256"] };
    const { payload } = await jwtVerify(set, this.keys, options);
    assert.ok(!("sub" in payload) && !("exp" in payload), "it could be taken for a login");
    assert.equal(Object.keys(payload.events).length, 1);
    return payload;
  }

  /** The first `count` tokens that were pushed, once they have come. */
  async received(count, seconds = 30) {
    const end = Date.now() + seconds * 1_000;
    while (this.pushed.length < count) {
      assert.ok(Date.now() < end, `${this.pushed.length} of ${count} signals came`);
      await new Promise((done) => setTimeout(done, 5));
    }
    return Promise.all(
      this.pushed.slice(0, count).map(({ body, headers }) => {
        assert.equal(headers["content-type"], "application/secevent+jwt");
        assert.equal(headers.authorization, this.authorization);
        return this.read(body);
      }),
    );
  }

  /** What a poll gives: claims by `jti`. */
  async poll(stream, body = {}) {
    const { sets, moreAvailable } = await this.call("POST", stream.delivery.endpoint_url, body);
    const claims = await Promise.all(Object.values(sets).map((set) => this.read(set)));
    Object.keys(sets).forEach((jti, at) => assert.equal(claims[at].jti, jti));
    return { claims, sets, moreAvailable };
  }
}

export async function signals({ check, installation, directory, connection, tenant, redirectUri }) {
  const receiver = async () => {
    const client = await installation.app({ authentication: "client_secret", redirect_uris: [redirectUri] });
    const app = await App.of(installation, client, openid.ClientSecretBasic(client.client_secret), redirectUri);
    const made = new SsfReceiver(client, app.configuration);
    await made.discover(installation.issuer);
    return { app, client, receiver: made };
  };

  await check("an app sets up streams, and a verification comes by push and by poll", async () => {
    const { client, receiver: app } = await receiver();
    await app.listen();
    const delivery = { method: PUSH, endpoint_url: app.url, authorization_header: app.authorization };
    const pushed = await app.stream(delivery, [`${CAEP}/session-revoked`]);
    assert.deepEqual(pushed.delivery, { method: PUSH, endpoint_url: app.url });
    assert.deepEqual(pushed.aud, [client.id]);
    assert.deepEqual(pushed.events_delivered, [`${CAEP}/session-revoked`]);
    await app.verify(pushed, "by push");
    const [verified] = await app.received(1);
    assert.deepEqual(verified.events, { [VERIFICATION]: { state: "by push" } });
    assert.deepEqual(verified.sub_id, { format: "opaque", id: pushed.stream_id });
    await app.call("POST", app.transmitter.verification_endpoint, { stream_id: pushed.stream_id }, 429);

    const polled = await app.stream({ method: POLL }, []);
    await app.verify(polled, "by poll");
    const { claims } = await app.poll(polled);
    assert.deepEqual(claims[0].events, { [VERIFICATION]: { state: "by poll" } });
    const all = await app.call("GET", app.transmitter.configuration_endpoint);
    assert.deepEqual(all.map(({ stream_id }) => stream_id), [pushed.stream_id, polled.stream_id]);
    const seen = await installation.api("GET", `/sso-clients/${client.id}/streams`);
    assert.deepEqual(seen.data.map(({ id }) => id), all.map(({ stream_id }) => stream_id));
    await installation.api("DELETE", `/sso-clients/${client.id}/streams/${polled.stream_id}`);
    await app.call("DELETE", `${app.transmitter.configuration_endpoint}?stream_id=${pushed.stream_id}`, undefined, 204);
    assert.deepEqual(await app.call("GET", app.transmitter.configuration_endpoint), []);
    app.stop();
  });

  await check("who is deactivated by SCIM is revoked and disabled, by push and by poll, until it is acknowledged", async () => {
    const { app: login, receiver: app } = await receiver();
    const { receiver: stranger } = await receiver();
    await app.listen();
    const events = [`${CAEP}/session-revoked`, `${RISC}/account-disabled`];
    const delivery = { method: PUSH, endpoint_url: app.url, authorization_header: app.authorization };
    await app.stream(delivery, events);
    const polled = await app.stream({ method: POLL }, events);
    const others = await stranger.stream({ method: POLL }, events);
    const person = await directory.person("radia@contoso.example");
    tenant.account("radia@contoso.example");
    const tokens = await login.logIn({ connection: connection.id, login_hint: "radia@contoso.example" });
    app.refuses = [400];
    await directory.setActive(person.id, false);

    // Both are of one person, so that they come in their order: what was refused is sent again before the next.
    const three = await app.received(3, 60);
    assert.equal(three[0].jti, three[1].jti);
    assert.equal(app.pushed[0].body, app.pushed[1].body);
    const byType = (all, type) => all.find(({ events }) => type in events);
    const iss = installation.issuer;
    const user = { format: "iss_sub", iss, sub: person.id };
    const pushed = three.slice(1);
    const end = Date.now() + 30_000;
    let fetched = await app.poll(polled);
    while (fetched.claims.length < 2) {
      assert.ok(Date.now() < end, "both come by poll, too");
      fetched = await app.poll(polled);
    }
    for (const all of [pushed, fetched.claims]) {
      const revoked = byType(all, `${CAEP}/session-revoked`);
      assert.deepEqual(revoked.sub_id, { format: "complex", session: { format: "opaque", id: tokens.claims().sid }, user });
      const told = revoked.events[`${CAEP}/session-revoked`];
      assert.equal(told.initiating_entity, "admin");
      assert.ok(told.reason_admin.en && Math.abs(told.event_timestamp - Date.now() / 1_000) < 60);
      assert.deepEqual(byType(all, `${RISC}/account-disabled`).sub_id, user);
    }
    const { event } = await installation.api("GET", `/events/${byType(pushed, `${RISC}/account-disabled`).txn}`);
    assert.equal(event.type, "user.deactivated", "txn is the event of the log");

    const [first, second] = Object.keys(fetched.sets);
    const again = await app.poll(polled, { returnImmediately: true, ack: [first] });
    assert.deepEqual(Object.keys(again.sets), [second], "what is not acknowledged comes again");
    assert.equal(again.sets[second], fetched.sets[second]);
    const none = await app.poll(polled, { returnImmediately: true, ack: [second] });
    assert.deepEqual([none.sets, none.moreAvailable], [{}, false]);
    const foreign = await stranger.poll(others, { returnImmediately: true });
    assert.deepEqual(foreign.sets, {}, "an app of which nobody is a user hears nothing");
    app.stop();
  });

  await check("what an app knows of somebody changes, and it is told the new values", async () => {
    const { app: login, receiver: app } = await receiver();
    const change = `${CAEP}/token-claims-change`;
    const stream = await app.stream({ method: POLL }, [change, "urn:ietf:params:scim:event:prov:patch:notice"]);
    const person = await directory.person("frances@contoso.example");
    tenant.account("frances@contoso.example");
    await login.logIn({ connection: connection.id, login_hint: "frances@contoso.example" });
    const schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    const Operations = [{ op: "replace", path: "displayName", value: "Frances A." }];
    await directory.scim("PATCH", `/Users/${person.id}`, { schemas, Operations });
    const end = Date.now() + 30_000;
    let { claims } = await app.poll(stream);
    while (claims.length < 2) {
      assert.ok(Date.now() < end, "both are told");
      ({ claims } = await app.poll(stream));
    }
    assert.deepEqual(claims[0].events[change].claims, { name: "Frances A." });
    assert.equal(claims[1].sub_id.uri, `/Users/${person.id}`);
    assert.equal(claims[0].txn, claims[1].txn);
  });

  await check("attack: a person's token opens no stream, and no app another's", async () => {
    const { app: login, receiver: app } = await receiver();
    const { receiver: thief } = await receiver();
    const stream = await app.stream({ method: POLL }, []);
    tenant.account("annie@contoso.example");
    await directory.person("annie@contoso.example");
    const tokens = await login.logIn({ connection: connection.id, login_hint: "annie@contoso.example" });
    for (const token of [tokens.access_token, tokens.refresh_token, tokens.id_token]) {
      const own = thief.token;
      thief.token = token;
      await thief.call("GET", thief.transmitter.configuration_endpoint, undefined, 401);
      thief.token = own;
    }
    const { stream_id } = stream;
    await thief.call("POST", stream.delivery.endpoint_url, {}, 404);
    await thief.call("POST", thief.transmitter.verification_endpoint, { stream_id }, 404);
    await thief.call("POST", thief.transmitter.status_endpoint, { stream_id, status: "disabled" }, 404);
    await thief.call("DELETE", `${thief.transmitter.configuration_endpoint}?stream_id=${stream_id}`, undefined, 404);
    const refused = await fetch(`${installation.issuer}/userinfo`, { headers: { authorization: `Bearer ${app.token}` } });
    assert.equal(refused.status, 401);
  });
}
