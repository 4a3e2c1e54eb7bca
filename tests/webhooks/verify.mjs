// Verifies captured webhooks with `standardwebhooks` and `svix` from npm, and `v1a` with the ed25519 of Node.js.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const run = JSON.parse(readFileSync(process.argv[2], "utf8"));

/** Throws unless the webhook is signed by the key. */
function verifyPair(publicKey, body, headers) {
  const x = Buffer.from(publicKey.replace(/^whpk_/, ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const good = headers["webhook-signature"]
    .split(" ")
    .filter((signature) => signature.startsWith("v1a,"))
    .some((signature) => verify(null, signed, key, Buffer.from(signature.slice(4), "base64")));
  if (!good) throw new Error("not signed");
}

const verifiers = [
  ["standardwebhooks (npm), v1", run.secrets, (secret, body, headers) => new Standard(secret).verify(body, headers)],
  ["svix (npm), v1", run.secrets, (secret, body, headers) => new Svix(secret).verify(body, headers)],
  ["node:crypto, v1a", run.public_keys, verifyPair],
];

for (const [name, keys, check] of verifiers) {
  let accepted = 0;
  for (const { path, headers, body } of run.captured) {
    for (const key of keys[path] ?? []) {
      check(key, body, headers);
      accepted += 1;
      let forged = false;
      try {
        check(key, `${body} `, headers);
        forged = true;
      } catch {
        // As it should be.
      }
      if (forged) throw new Error(`${name}: a forged body was accepted`);
    }
  }
  if (accepted === 0) throw new Error(`${name}: nothing to verify`);
  console.log(`ok    ${String(accepted).padStart(4)} accepted  ${name}`);
}
