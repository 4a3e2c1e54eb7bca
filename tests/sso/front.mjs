// What stands in front of an installation: TLS, and the sites around it, each by its name.

import { readFileSync } from "node:fs";
import { request as ask } from "node:http";
import { createServer } from "node:https";

/** Serves sites by the name that a browser asks for: `sites` has a handler, or the URL of a server, for each. */
export class Front {
  constructor(port, { key, cert }) {
    this.port = port;
    this.sites = new Map();
    this.asked = [];
    const certificate = { key: readFileSync(key), cert: readFileSync(cert) };
    this.server = createServer(certificate, (request, response) => this.#answer(request, response));
  }

  /** The URL of a site. */
  at(name) {
    return `https://${name}:${this.port}`;
  }

  async start() {
    await new Promise((done) => this.server.listen(this.port, "127.0.0.1", done));
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  #answer(request, response) {
    const name = request.headers.host.split(":")[0];
    const site = this.sites.get(name);
    this.asked.push({ name, method: request.method, url: request.url, cookie: request.headers.cookie ?? "" });
    if (site === undefined) {
      response.writeHead(404).end();
    } else if (typeof site === "string") {
      pass(site, request, response);
    } else {
      site(request, response);
    }
  }
}

function pass(origin, request, response) {
  const { method, headers, url } = request;
  const passed = ask(origin + url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  passed.on("error", () => response.writeHead(502).end());
  request.pipe(passed);
}
