// An app that is told of ended sessions: OpenID Connect Back-Channel Logout 1.0.

import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** Takes logout tokens and looks at each as an app must. `refuses` are answers that it gives first. */
export class LogoutReceiver {
  tokens = [];
  refuses = [];

  constructor(installation) {
    this.keys = createRemoteJWKSet(new URL(`${installation.issuer}/jwks`));
    this.issuer = installation.issuer;
  }

  async start() {
    this.server = createServer(async (request, response) => {
      const at = performance.now();
      let body = "";
      for await (const chunk of request) {
        body += chunk;
      }
      const { "content-type": type, traceparent } = request.headers;
      const token = { at, body, type, method: request.method, traceparent };
      this.tokens.push(token);
      response.writeHead(this.refuses.shift() ?? 204, { "cache-control": "no-store" }).end();
    });
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.uri = `http://127.0.0.1:${this.server.address().port}/logout`;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The first `count` tokens, once they have come. */
  async wait(count, seconds = 30) {
    const end = Date.now() + seconds * 1_000;
    while (this.tokens.length < count) {
      if (Date.now() > end) {
        throw new Error(`${this.tokens.length} of ${count} logout tokens came`);
      }
      await new Promise((done) => setTimeout(done, 5));
    }
    return this.tokens.slice(0, count);
  }

  /** The claims of a token that is right. */
  async read({ body, type, method }, audience) {
    if (method !== "POST" || type !== "application/x-www-form-urlencoded") {
      throw new Error(`${method} ${type}`);
    }
    const text = new URLSearchParams(body).get("logout_token");
    const { payload } = await jwtVerify(text, this.keys, { issuer: this.issuer, audience, typ: "logout+jwt", maxTokenAge: "2 minutes" });
    if (!payload.events?.[EVENT] || "nonce" in payload) {
      throw new Error(`no logout token: ${JSON.stringify(payload)}`);
    }
    return payload;
  }
}
