// Cognito's authorization code grant with PKCE (RFC 7636), in the page. The token lives in this tab's memory only.

const PENDING = "stori.graphiql.sign-in";
const redirectUri = () => window.location.origin + "/graphiql";

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** Leaves for Cognito's sign-in page; `query` is what the editor holds, to be there again afterwards. */
export async function beginSignIn(config, query) {
  const pending = { state: random(), verifier: random(), query };
  sessionStorage.setItem(PENDING, JSON.stringify(pending));
  const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(pending.verifier));
  const parameters = new URLSearchParams({
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: redirectUri(),
    scope: "openid email profile",
    state: pending.state,
    code_challenge: base64url(challenge),
    code_challenge_method: "S256",
  });
  window.location.assign(`${config.domainUrl}/oauth2/authorize?${parameters}`);
}

/** After the way back: {token, query}. Null where this is no way back; throws where it went wrong. */
export async function endSignIn(config) {
  const answer = new URLSearchParams(window.location.search);
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  if (!answer.has("state") || pending === null) return null;
  sessionStorage.removeItem(PENDING);
  window.history.replaceState(null, "", "/graphiql");
  if (answer.get("state") !== pending.state) throw new Error("the answer belongs to another sign-in");
  if (!answer.has("code")) throw new Error(answer.get("error_description") ?? answer.get("error") ?? "no code came back");
  const response = await fetch(`${config.domainUrl}/oauth2/token`, {
    method: "POST",
    credentials: "omit",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: config.clientId,
      redirect_uri: redirectUri(),
      code: answer.get("code"),
      code_verifier: pending.verifier,
    }).toString(),
  });
  if (!response.ok) throw new Error(`the token was refused (${response.status})`);
  return { token: (await response.json()).access_token, query: pending.query };
}
