// stage.mjs URL PORT COMMAND…: sets an installation at URL up for logins by a provider that this program starts at PORT, runs
// a program that is told in STAGE where everything is, and ends as that one does.

import { spawn } from "node:child_process";
import { Installation } from "./installation.mjs";
import { Tenant } from "./provider.mjs";

const [url, port, command, ...rest] = process.argv.slice(2);
const installation = new Installation(url);
const tenant = new Tenant(Number(port));
await tenant.start();
const directory = await installation.directory("northwind.example");
const connection = await installation.connect(directory, tenant);
const people = {};
for (const name of ["grace@northwind.example", "linus@northwind.example"]) {
  people[name] = (await directory.person(name)).id;
  tenant.account(name);
}
const STAGE = JSON.stringify({
  url,
  issuer: installation.issuer,
  connection: connection.id,
  scim: { url: directory.scimUrl, token: directory.token },
  people,
});
const child = spawn(command, rest, { stdio: "inherit", env: { ...process.env, STAGE } });
const status = await new Promise((done) => child.on("exit", (code) => done(code ?? 1)));
tenant.stop();
process.exit(status);
