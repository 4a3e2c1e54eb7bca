// The installation under test, as its operators and its identity provider see it.

import { randomUUID } from "node:crypto";

/** The management API and the SCIM of one directory. `publicUrl` is what browsers reach it by. */
export class Installation {
  constructor(url, publicUrl = url) {
    this.url = url;
    this.issuer = `${publicUrl}/sso`;
  }

  /** A call of the management API that is expected to succeed. */
  async api(method, path, body) {
    const { status, answer } = await this.tryApi(method, path, body);
    if (status >= 300) {
      throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    }
    return answer;
  }

  async tryApi(method, path, body) {
    const headers = { authorization: `Bearer ${process.env.ROLLCALL_ADMIN_KEY}`, "content-type": "application/json" };
    const answer = await fetch(`${this.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, answer: text && JSON.parse(text) };
  }

  /** A directory for an organization of its own. */
  async directory(domain) {
    const made = await this.api("POST", "/directories", { organization: domain, provider: "entra_id" });
    return new Directory({ ...made, scim_url: this.url + new URL(made.scim_url).pathname });
  }

  /** A connection of a directory to a tenant that knows where people come back to, by which people log in. */
  async connect(directory, tenant, fields = {}) {
    const made = await this.api("POST", "/connections", {
      organization_id: directory.organization,
      directory_id: directory.id,
      name: "Entra ID",
      authority: tenant.issuer,
      client_id: tenant.clientId,
      client_secret: tenant.clientSecret,
      ...fields,
    });
    tenant.allow(made.redirect_uris.map(({ uri }) => uri));
    await this.api("PATCH", `/connections/${made.id}`, { state: "active", force: true });
    return made;
  }

  /** An app that people log in to. */
  async app(fields) {
    return this.api("POST", "/sso-clients", { name: "App", ...fields });
  }
}

/** A directory, filled as an identity provider fills it. */
export class Directory {
  constructor({ id, organization_id, scim_url, key }) {
    Object.assign(this, { id, organization: organization_id, scimUrl: scim_url, token: key.token });
  }

  async person(userName, more = {}) {
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
    const name = { givenName: "Given", familyName: "Family" };
    const emails = [{ type: "work", value: `mail-of-${userName}`, primary: true }];
    // Without a role people use apps on their own devices only.
    const roles = [{ value: "User", primary: true }];
    const user = { schemas, roles, userName, externalId: randomUUID(), displayName: userName, active: true, name, emails, ...more };
    return this.scim("POST", "/Users", user);
  }

  async setActive(id, active, more) {
    const schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    return this.scim("PATCH", `/Users/${id}`, { schemas, Operations: [{ op: "Replace", path: "active", value: active }] }, more);
  }

  /** `more` are headers. */
  async scim(method, path, body, more = {}) {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/scim+json", ...more };
    const answer = await fetch(this.scimUrl + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    }
    return text ? JSON.parse(text) : null;
  }
}
