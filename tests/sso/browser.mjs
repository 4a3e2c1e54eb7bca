// As much of a browser as a login needs: it keeps cookies and follows redirects, up to an address that is not served here.

/** A browser of one person. */
export class Browser {
  #cookies = new Map();
  #headers;

  /** With headers that it sends always, as from behind a proxy of its own. */
  constructor(headers = {}) {
    this.#headers = headers;
  }

  /** Follows redirects from `url` until one leads to `until`; returns that address, or the last answer. */
  async follow(url, until) {
    let next = url;
    for (let hop = 0; hop < 20; hop += 1) {
      if (until && next.startsWith(until)) {
        return { url: new URL(next) };
      }
      const answer = await this.get(next);
      const location = answer.headers.get("location");
      if (!location) {
        return { answer, text: await answer.text(), at: next };
      }
      next = new URL(location, next).href;
    }
    throw new Error(`too many redirects from ${url}`);
  }

  async get(url, options = {}) {
    return this.#send(url, options);
  }

  async post(url, fields) {
    const body = new URLSearchParams(fields);
    return this.#send(url, { method: "POST", body });
  }

  /** The cookies that are sent to a host, and those that a test wants to steal or plant. */
  cookies(url) {
    const { host } = new URL(url);
    if (!this.#cookies.has(host)) {
      this.#cookies.set(host, new Map());
    }
    return this.#cookies.get(host);
  }

  async #send(url, options) {
    const jar = this.cookies(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...this.#headers, ...options.headers, ...(cookie && { cookie }) };
    const answer = await fetch(url, { ...options, headers, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";");
      const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      const isGone = attributes.some((attribute) => /max-age=0|expires=thu, 01 jan 1970/i.test(attribute));
      if (isGone || value === "") {
        jar.delete(name);
      } else {
        jar.set(name, value);
      }
    }
    return answer;
  }
}
