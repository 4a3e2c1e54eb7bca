// A downstream app: openid-client does what an app does.

import * as openid from "openid-client";
import { Browser } from "./browser.mjs";

/** An app of an installation. `authentication` is one of openid-client's. */
export class App {
  constructor(configuration, redirectUri) {
    this.configuration = configuration;
    this.redirectUri = redirectUri;
  }

  static async of(installation, client, authentication, redirectUri) {
    const options = { execute: [openid.allowInsecureRequests] };
    const configuration = await openid.discovery(
      new URL(installation.issuer),
      client.id,
      { id_token_signed_response_alg: "RS256" },
      authentication,
      options,
    );
    return new App(configuration, redirectUri);
  }

  /** What an app remembers of a login that it begins, and where it sends the browser. */
  async begin(parameters) {
    const verifier = openid.randomPKCECodeVerifier();
    const [state, nonce] = [openid.randomState(), openid.randomNonce()];
    const url = openid.buildAuthorizationUrl(this.configuration, {
      redirect_uri: this.redirectUri,
      scope: "openid profile email offline_access",
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...parameters,
    });
    return { url: url.href, verifier, state, nonce };
  }

  /** Sends a browser to log in, and returns the address that it comes back to. */
  async visit(login, browser = new Browser()) {
    return browser.follow(login.url, this.redirectUri);
  }

  /** Redeems what came back. */
  async redeem(login, url) {
    return openid.authorizationCodeGrant(this.configuration, url, {
      pkceCodeVerifier: login.verifier,
      expectedState: login.state,
      expectedNonce: login.nonce,
      idTokenExpected: true,
    });
  }

  /** The whole of it. */
  async logIn(parameters) {
    const login = await this.begin(parameters);
    const back = await this.visit(login);
    if (!back.url) {
      throw new Error(`the browser stayed at ${back.at}: ${back.answer.status} ${back.text.slice(0, 2_000)}`);
    }
    return this.redeem(login, back.url);
  }

  async userinfo(tokens) {
    return openid.fetchUserInfo(this.configuration, tokens.access_token, tokens.claims().sub);
  }

  async refresh(token) {
    return openid.refreshTokenGrant(this.configuration, token);
  }
}

/** The OAuth error that something ends with. */
export async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error.error ?? error.cause?.error ?? error.cause?.[0]?.parameters?.error ?? error.code ?? error.message;
  }
  return "no error";
}
