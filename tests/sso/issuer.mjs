// Identity providers that say whatever a test wants: what no provider that other people wrote can be brought to say. One server
// holds many of them, each below a path of its own.

import { constants, createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer } from "node:http";

const b64 = (value) => Buffer.from(value).toString("base64url");

/** A key with a name. */
export class Key {
  constructor(kid = randomUUID(), bits = 2048) {
    this.kid = kid;
    Object.assign(this, generateKeyPairSync("rsa", { modulusLength: bits }));
  }

  get jwk() {
    return { ...this.publicKey.export({ format: "jwk" }), kid: this.kid, use: "sig", alg: "RS256" };
  }

  /** A signature with RS256, or with what the name of another algorithm says. */
  sign(text, algorithm = "RS256") {
    const hash = `RSA-SHA${algorithm.slice(2)}`;
    const padding = algorithm.startsWith("PS") ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
    return sign(hash, Buffer.from(text), { key: this.privateKey, ...padding });
  }

  /** The confusion of algorithms: the public key as the secret of a MAC. */
  mac(text) {
    return createHmac("sha256", this.publicKey.export({ type: "spki", format: "pem" })).update(text).digest();
  }
}

/** A token of texts, whatever they are. */
export function compact(header, payload, signature) {
  const text = `${b64(typeof header === "string" ? header : JSON.stringify(header))}.${b64(typeof payload === "string" ? payload : JSON.stringify(payload))}`;
  return `${text}.${b64(signature(text))}`;
}

/** A provider: honest until a test changes what it answers. `paths` are where it is and what its issuer is. */
export class Issuer {
  clientId = randomUUID();
  clientSecret = "a secret of a provider in a test, long enough";
  oid = randomUUID();
  counts = { metadata: 0, keys: 0, token: 0 };
  key = new Key();

  constructor(origin, upn, { base, issuer, tid = randomUUID() } = {}) {
    Object.assign(this, { origin, upn, tid });
    this.path = base ?? `/${tid}`;
    this.issuer = issuer ?? `${origin}/${tid}/v2.0`;
    this.published = () => ({ keys: [this.key.jwk] });
    this.answer = null;
    this.forge = null;
    this.allowed = [];
  }

  /** Called as a tenant is by `Installation.connect`. */
  allow(redirectUris) {
    this.allowed = redirectUris;
  }

  metadata() {
    const at = `${this.origin}${this.path}`;
    return {
      issuer: this.issuer,
      authorization_endpoint: `${at}/oauth2/v2.0/authorize`,
      token_endpoint: `${at}/oauth2/v2.0/token`,
      jwks_uri: `${at}/discovery/v2.0/keys`,
      response_types_supported: ["code"],
      id_token_signing_alg_values_supported: ["RS256"],
      subject_types_supported: ["pairwise"],
    };
  }

  claims(nonce) {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: this.issuer,
      sub: `subject of ${this.oid}`,
      aud: this.clientId,
      oid: this.oid,
      tid: this.tid,
      ver: "2.0",
      iat: now,
      nbf: now,
      exp: now + 3600,
      nonce,
      upn: this.upn,
    };
  }

  /** The ID token for a login: `forge` makes it of what an honest one would be made of. */
  idToken(nonce) {
    const header = { typ: "JWT", alg: "RS256", kid: this.key.kid };
    const claims = this.claims(nonce);
    const key = this.key;
    return this.forge ? this.forge({ header, claims, key, nonce }) : compact(header, claims, (text) => key.sign(text));
  }
}

/** The server of many issuers, and of addresses that nobody may ask. */
export class Issuers {
  #codes = new Map();
  issuers = [];
  /** Paths that were asked for and belong to nobody. */
  strays = [];

  constructor(port) {
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
  }

  async start() {
    this.server = createServer((request, response) => this.#answer(request, response));
    this.server.on("connection", (socket) => socket.on("error", () => {}));
    await new Promise((done) => this.server.listen(this.port, "127.0.0.1", done));
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  add(upn, paths) {
    const issuer = new Issuer(this.origin, upn, paths);
    this.issuers.push(issuer);
    return issuer;
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    const issuer = this.issuers.find(({ path }) => url.pathname.startsWith(`${path}/`));
    const json = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (!issuer) {
      this.strays.push(request.url);
      json(404, {});
      return;
    }
    const rest = url.pathname.slice(issuer.path.length);
    if (rest === "/v2.0/.well-known/openid-configuration") {
      issuer.counts.metadata += 1;
      json(issuer.isDown ? 503 : 200, issuer.metadata());
    } else if (rest === "/discovery/v2.0/keys") {
      issuer.counts.keys += 1;
      const published = issuer.published(response);
      if (published) {
        json(200, published);
      }
    } else if (rest === "/oauth2/v2.0/authorize") {
      this.#authorize(issuer, url.searchParams, response);
    } else if (rest === "/oauth2/v2.0/token") {
      issuer.counts.token += 1;
      let body = "";
      for await (const chunk of request) {
        body += chunk;
      }
      const fields = new URLSearchParams(body);
      const nonce = this.#codes.get(fields.get("code"));
      this.#codes.delete(fields.get("code"));
      if (issuer.answer) {
        issuer.answer(response, nonce, fields);
      } else if (fields.get("client_secret") !== issuer.clientSecret || nonce === undefined) {
        json(400, { error: "invalid_grant" });
      } else {
        json(200, { token_type: "Bearer", expires_in: 3600, access_token: "opaque", id_token: issuer.idToken(nonce) });
      }
    } else {
      this.strays.push(request.url);
      json(404, {});
    }
  }

  #authorize(issuer, parameters, response) {
    const to = parameters.get("redirect_uri");
    if (!issuer.allowed.includes(to)) {
      response.writeHead(400).end("no such redirect URI");
      return;
    }
    const code = randomUUID();
    this.#codes.set(code, parameters.get("nonce"));
    const back = new URL(to);
    back.searchParams.set("code", code);
    back.searchParams.set("state", parameters.get("state"));
    response.writeHead(303, { location: back.href }).end();
  }
}
