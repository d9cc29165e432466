// What goes over the network, and what the browser keeps until it has: nothing else here fetches or stores.

const PATIENCE = 15_000; // milliseconds until a request counts as lost
const KEPT_FOR = 48 * 3600_000; // then a test that nobody finished here is forgotten

/** No usable answer: worth another try, after `wait` milliseconds if the server said so. */
export class NotReached extends Error {
  constructor(wait, isServer) {
    super("not reached");
    this.wait = wait;
    this.isServer = isServer;
  }
}

/** The server said no, and would say it again. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail);
    this.status = status;
    this.code = problem.code;
    this.problem = problem;
  }
}

let ahead = 0; // of this device's clock, the server's, in milliseconds

/** The time by the server's clock. */
export const now = () => Date.now() + ahead;

/** One request to the API; `body` makes it a POST. Throws `NotReached` or `Refused`. */
export async function call(path, { token, body, key } = {}) {
  const headers = { "Accept-Language": document.documentElement.lang };
  if (token) headers.Authorization = `Session ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const response = await fetch(`/api/${path}`, {
      method: body ? "POST" : "GET",
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: stop.signal,
    });
    const date = Date.parse(response.headers.get("Date"));
    if (date) ahead = date - Date.now();
    const wait = Number(response.headers.get("Retry-After")) * 1000 || undefined;
    if (response.status === 429 || response.status >= 500) throw new NotReached(wait, true);
    const reply = await response.json();
    if (reply.code === "submission_in_progress") throw new NotReached(wait, true);
    if (!response.ok) throw new Refused(response.status, reply);
    return reply;
  } catch (error) {
    if (error instanceof Refused || error instanceof NotReached) throw error;
    throw new NotReached(); // no network, cut off, too slow, or something in between that is not our server
  } finally {
    clearTimeout(timer);
  }
}

/** A random key; `crypto.randomUUID` would need HTTPS. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The id of the session that a token opens: its first 16 bytes. Null where it is no token. */
export function sessionOf(token) {
  try {
    const bytes = atob(token.split(":")[0].replaceAll("-", "+").replaceAll("_", "/")).slice(0, 16);
    const hex = Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
    return hex.length === 32 ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") : null;
  } catch {
    return null;
  }
}

// A browser may refuse to store; then the test works, and only a reload needs the link again.
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

const read = (name) => attempt(() => JSON.parse(localStorage.getItem(name)));
const write = (name, value) =>
  attempt(() => localStorage.setItem(name, JSON.stringify({ ...value, at: Date.now() })));
const remove = (name) => attempt(() => localStorage.removeItem(name));

/** The token that this tab, else this browser, last had. */
export const keptToken = () =>
  attempt(() => sessionStorage.getItem("take.token")) ?? read("take.token")?.token ?? null;

export function keepToken(token) {
  attempt(() => sessionStorage.setItem("take.token", token));
  write("take.token", { token });
}

/** What is kept of one test: where it stood last, and an answer that the server has not confirmed. */
export class Kept {
  constructor(session) {
    this.names = Object.fromEntries(["standing", "answer", "draft", "heard", "begun", "name"].map((n) => [n, `take.${session}.${n}`]));
    attempt(() => {
      for (const name of Object.keys(localStorage).filter((each) => each.startsWith("take."))) {
        if (Date.now() - (read(name)?.at ?? 0) > KEPT_FOR) remove(name);
      }
    });
  }

  get standing() {
    return read(this.names.standing);
  }

  set standing(standing) {
    write(this.names.standing, standing);
  }

  get answer() {
    return read(this.names.answer);
  }

  set answer(answer) {
    write(this.names.answer, answer);
  }

  /** What is chosen or typed, and not sent yet. */
  get draft() {
    return read(this.names.draft);
  }

  set draft(draft) {
    write(this.names.draft, draft);
  }

  /** How often each sound was played, and where it stands. */
  get heard() {
    return read(this.names.heard) ?? {};
  }

  set heard(heard) {
    write(this.names.heard, heard);
  }

  /** Whether the student has read what stands before the first question. */
  get hasBegun() {
    return read(this.names.begun) !== null;
  }

  set hasBegun(_) {
    write(this.names.begun, {});
  }

  /** Whose test it is, as the invitation calls them. */
  get name() {
    return read(this.names.name)?.name;
  }

  set name(name) {
    write(this.names.name, { name });
  }

  /** The server has it, or will never take it. Another tab's answer stays. */
  dropAnswer(key) {
    if (this.answer?.key === key) remove(this.names.answer);
  }

  /** The test is over: only this tab still knows its token, to show the result again. */
  clear(token) {
    remove(this.names.standing);
    remove(this.names.answer);
    remove(this.names.draft);
    remove(this.names.begun);
    remove(this.names.name);
    if (read("take.token")?.token === token) remove("take.token");
  }

  /** Not even this tab. */
  forget(token) {
    this.clear(token);
    attempt(() => sessionStorage.removeItem("take.token"));
  }
}
