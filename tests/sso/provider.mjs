// Where Entra ID is: oidc-provider, shaped like a tenant. The tenant is in the issuer, subjects are pairwise, ID tokens have
// `oid`, `tid`, `upn` and `ver`, and keys roll.

import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

const CLAIMS = ["name", "oid", "tid", "upn", "preferred_username", "roles", "ver", "acct"];

/** A tenant with accounts. `accounts` are by name: the claims of each, and `error` for what it is refused with. */
export class Tenant {
  tid = randomUUID();
  clientId = randomUUID();
  // With what forms must escape: a secret of Entra ID may have any of it.
  clientSecret = "a secret+with &signs= ~of %20 all/kinds?";
  accounts = new Map();
  /** Claims that every ID token gets instead of its own. */
  forged = {};
  #keys = [];
  #redirectUris = ["http://127.0.0.1/none"];
  #hasPages;
  #provider;
  #server;

  /** With `hasPages`, people see the provider's own pages; else whoever `login_hint` names is logged in at once. */
  constructor(port, { hasPages = false } = {}) {
    this.port = port;
    this.#hasPages = hasPages;
    this.origin = `http://127.0.0.1:${port}`;
    this.issuer = `${this.origin}/${this.tid}/v2.0`;
  }

  async start() {
    await this.roll();
    this.#server = createServer((request, response) => this.#answer(request, response));
    await new Promise((done) => this.#server.listen(this.port, "127.0.0.1", done));
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Signs with a new key from now on; the old one is not published any more. */
  async roll() {
    const { privateKey } = await generateKeyPair("RS256", { extractable: true });
    this.#keys = [{ ...(await exportJWK(privateKey)), kid: randomUUID(), alg: "RS256", use: "sig" }];
    this.#build();
  }

  /** Where people may be sent back to. */
  allow(redirectUris) {
    this.#redirectUris = redirectUris;
    this.#build();
  }

  account(name, claims = {}) {
    this.accounts.set(name, {
      oid: randomUUID(),
      tid: this.tid,
      upn: name,
      preferred_username: name,
      name,
      ver: "2.0",
      email: name,
      ...claims,
    });
  }

  #build() {
    const subject = (account, client) => createHash("sha256").update(`${account} ${client.clientId}`).digest("base64url");
    this.#provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: this.clientId,
          client_secret: this.clientSecret,
          redirect_uris: this.#redirectUris,
          response_types: ["code"],
          grant_types: ["authorization_code"],
          token_endpoint_auth_method: "client_secret_post",
          subject_type: "pairwise",
        },
      ],
      jwks: { keys: this.#keys },
      subjectTypes: ["pairwise"],
      pairwiseIdentifier: (_, account, client) => subject(account, client),
      pkce: { required: () => true },
      conformIdTokenClaims: false,
      claims: { openid: ["sub"], profile: CLAIMS, email: ["email"] },
      cookies: { keys: ["cookies of a provider in a test"] },
      features: { devInteractions: { enabled: this.#hasPages } },
      routes: {
        authorization: "/oauth2/v2.0/authorize",
        token: "/oauth2/v2.0/token",
        jwks: "/discovery/v2.0/keys",
        end_session: "/oauth2/v2.0/logout",
      },
      ...(!this.#hasPages && { interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` } }),
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({ sub: id, ...this.accounts.get(id), ...this.forged }),
      }),
    });
    this.#provider.on("server_error", (_, error) => console.error("the provider failed:", error));
  }

  async #answer(request, response) {
    const prefix = `/${this.tid}/v2.0`;
    try {
      if (request.url.startsWith("/interaction/")) {
        await this.#interact(request, response);
      } else if (request.url.startsWith(prefix)) {
        request.originalUrl = request.url;
        request.url = request.url.slice(prefix.length);
        this.#provider.callback()(request, response);
      } else {
        response.writeHead(404).end();
      }
    } catch (error) {
      console.error("the provider failed:", error);
      response.writeHead(500).end();
    }
  }

  /** Logs in whoever `login_hint` names, without a password and with consent. */
  async #interact(request, response) {
    const { params } = await this.#provider.interactionDetails(request, response);
    const account = this.accounts.get(params.login_hint);
    if (!account || account.error) {
      const result = { error: "access_denied", error_description: account?.error ?? "there is no such account" };
      await this.#provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
      return;
    }
    const grant = new this.#provider.Grant({ accountId: params.login_hint, clientId: params.client_id });
    grant.addOIDCScope("openid profile email");
    const result = { login: { accountId: params.login_hint }, consent: { grantId: await grant.save() } };
    await this.#provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
}
