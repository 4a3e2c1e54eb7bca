// A downstream app with sessions of its own: express-openid-connect, which ends them when it is sent a logout token.

import express from "express";
import openid from "express-openid-connect";

/** An app whose page `/` says who is logged in. */
export class ExpressApp {
  sessions = new Map();

  /** Begins to listen, so that its address is known before it is registered. */
  async listen() {
    this.app = express();
    await new Promise((done) => (this.server = this.app.listen(0, "127.0.0.1", done)));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  /** Becomes the app that was registered. `parameters` go with each login. */
  become(issuer, client, parameters) {
    const { sessions } = this;
    const store = {
      get: (id, done) => done(null, sessions.get(id)),
      set: (id, session, done) => done(null, sessions.set(id, session) && undefined),
      destroy: (id, done) => done(null, sessions.delete(id) && undefined),
    };
    this.app.use(
      openid.auth({
        issuerBaseURL: issuer,
        baseURL: this.url,
        clientID: client.id,
        clientSecret: client.client_secret,
        secret: "a secret for the cookies of an app in a test",
        authRequired: false,
        clientAuthMethod: "client_secret_post",
        authorizationParams: { response_type: "code", scope: "openid profile email", ...parameters },
        backchannelLogout: true,
        session: { store },
      }),
    );
    this.app.get("/", (request, response) => response.send(request.oidc.isAuthenticated() ? request.oidc.user.sub : "nobody"));
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
