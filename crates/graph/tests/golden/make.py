#!/usr/bin/env python3
"""Makes msal.json and certificate.cer: what Microsoft's own library sends for a token, without asking anybody.

    pip install msal==1.39.0 && python3 make.py

The key is that of the tests. The certificate is made anew each time, and its thumbprints with it, so both files change together.
"""

import base64
import datetime
import json
import pathlib

import msal
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

HERE = pathlib.Path(__file__).resolve().parent
TENANT = "https://login.microsoftonline.com/5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10"
CLIENT = "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42"


class Answer:
    status_code = 200
    headers: dict[str, str] = {}

    def __init__(self, body):
        self.text = json.dumps(body)

    def raise_for_status(self):
        pass


class Network:
    """Answers what msal needs, and keeps what it sends."""

    def __init__(self):
        self.sent = None

    def get(self, _url, **_):
        endpoints = {name: f"{TENANT}/oauth2/v2.0/{path}" for name, path in (
            ("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("device_authorization_endpoint", "devicecode"))}
        return Answer({"issuer": f"{TENANT}/v2.0", "metadata": [],
                       "tenant_discovery_endpoint": f"{TENANT}/v2.0/.well-known/openid-configuration", **endpoints})

    def post(self, url, data=None, **_):
        self.sent = (url, data)
        return Answer({"token_type": "Bearer", "expires_in": 3599, "access_token": "x"})


def part(text):
    return json.loads(base64.urlsafe_b64decode(text + "=="))


def request(credential):
    network = Network()
    app = msal.ConfidentialClientApplication(CLIENT, authority=TENANT, client_credential=credential, http_client=network)
    app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    url, data = network.sent
    assertion = data.pop("client_assertion")
    assertion = assertion.decode() if isinstance(assertion, bytes) else assertion
    header, claims = (part(text) for text in assertion.split(".")[:2])
    # The certificate itself, which is beside its thumbprint.
    header.pop("x5c", None)
    return {"url": url, "header": header, "claims": claims, "form": data}


def main():
    key = load_der_private_key((HERE.parent / "keys" / "one.pk8").read_bytes(), None)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "graph")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5)
    builder = builder.not_valid_before(datetime.datetime(2026, 1, 1)).not_valid_after(datetime.datetime(2036, 1, 1))
    certificate = builder.sign(key, hashes.SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    requests = [
        request({"private_key": pem, "public_certificate": certificate.public_bytes(Encoding.PEM).decode()}),
        request({"private_key": pem, "thumbprint": certificate.fingerprint(hashes.SHA1()).hex()}),
    ]
    (HERE / "certificate.cer").write_bytes(certificate.public_bytes(Encoding.DER))
    golden = {"made_with": f"msal {msal.__version__}", "requests": requests}
    (HERE / "msal.json").write_text(json.dumps(golden, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
