/**
 * Take computerised adaptive tests over REST: start, answer until it is over, read the result.
 *
 * Every write carries an idempotency key, and is tried again where the network or the service fails: so an
 * answer counts once, whatever was lost on the way.
 */

import type { Call, Method, PathOf, Reply } from "./calls.js";
import type { components, paths } from "./schema.js";

export type { components, paths } from "./schema.js";
export type { Call, Method, PathOf, Reply } from "./calls.js";

type Schemas = components["schemas"];
export type Question = Schemas["ShownQuestion"];
export type Answer = Schemas["SubmitRequest"]["response"];
export type Result = Schemas["ResultWithPath"];
export type StartOptions = Omit<Schemas["StartRequest"], "student_id">;
/** The newest reply about a test. */
export type Standing = Schemas["Started"] | Schemas["Submitted"] | Schemas["SessionStatus"] | Schemas["Ended"];

const PASSING = new Set([429, 502, 503, 504]); // statuses that another try may not meet
const IN_PROGRESS = "submission_in_progress";
// The test is elsewhere than this program thought: answered in another window, ended, out of time.
const ELSEWHERE = new Set(["already_submitted", "not_the_current_question", "session_not_active", "session_paused"]);
const RUNS = new Set<string>(["started", "continue", "active"]); // what a reply about a running test has as `status`
const LOOK_EVERY = 5_000; // milliseconds between two looks at a test that is paused
const LONGEST_WAIT = 10_000;

export interface Options {
  /** An API client's token … */
  token?: string;
  /** … or, in a student's browser, the `session_token` of one test. */
  sessionToken?: string;
  /** Milliseconds of trying again in all, for one call. */
  patience?: number;
  /** Milliseconds of one request. */
  timeout?: number;
  /** Milliseconds before the second try; it grows from there. */
  firstWait?: number;
  fetch?: typeof fetch;
}

/** The service refused; nothing was changed. `errors`: each field (a JSON pointer) and the reason. */
export class Problem extends Error {
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly Schemas["FieldProblem"][];

  constructor(
    readonly status: number,
    readonly body: Partial<Schemas["Problem"]>,
  ) {
    const fields = (body.errors ?? []).map((each) => `${each.pointer}: ${each.detail}`).join("; ");
    super(`${status} ${body.code ?? ""}: ${body.detail ?? ""}${fields && ` (${fields})`}`);
    this.name = "Problem";
    this.code = body.code ?? "";
    this.detail = body.detail ?? "";
    this.errors = body.errors ?? [];
  }
}

/** The service, as its caller sees it. */
export class AdaptiveTesting {
  readonly #base: string;
  readonly #authorization: string;
  readonly #patience: number;
  readonly #timeout: number;
  readonly #firstWait: number;
  readonly #fetch: typeof fetch;

  constructor(baseUrl: string, options: Options) {
    this.#base = baseUrl.replace(/\/+$/, "");
    this.#authorization = options.token ? `Token ${options.token}` : `Session ${options.sessionToken ?? ""}`;
    this.#patience = options.patience ?? 60_000;
    this.#timeout = options.timeout ?? 15_000;
    this.#firstWait = options.firstWait ?? 500;
    this.#fetch = options.fetch ?? fetch.bind(globalThis);
  }

  /** Begin a test. Throws `Problem`. */
  async start(studentId: string, options: StartOptions = {}): Promise<Test> {
    const body = { student_id: studentId, ...options };
    const started = await this.call("post", "/api/v1/test/start", { body });
    return new Test(this, started.session_id, started);
  }

  /** A test that was begun before. Throws `Problem`. */
  async resume(sessionId: string): Promise<Test> {
    const standing = await this.call("get", "/api/v1/test/status/{session_id}", { path: { session_id: sessionId } });
    return new Test(this, sessionId, standing);
  }

  /** Any call of docs/openapi.yaml. Throws `Problem`, and `fetch`'s own error where nobody answers. */
  async call<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    call: Call<P, M> = {},
  ): Promise<Reply<P, M>> {
    const headers: Record<string, string> = { Authorization: this.#authorization };
    const init: RequestInit = { method: method.toUpperCase(), headers };
    if (method !== "get") {
      headers["Content-Type"] = "application/json";
      headers["Idempotency-Key"] = call.key ?? newKey();
      init.body = JSON.stringify(call.body ?? {});
    }
    const reply = await this.#send(this.#base + addressOf(path, call), init);
    return (reply.status === 204 ? undefined : await reply.json()) as Reply<P, M>;
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const until = Date.now() + this.#patience;
    for (let wait = this.#firstWait; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      let asked = wait * (0.5 + Math.random() / 2); // so that many clients do not come at once
      let failure: unknown;
      try {
        const reply = await this.#fetch(url, { ...init, signal: AbortSignal.timeout(this.#timeout) });
        if (reply.ok) return await whole(reply);
        const problem = new Problem(reply.status, await problemIn(reply));
        if (!PASSING.has(problem.status) && problem.code !== IN_PROGRESS) throw problem;
        asked = Math.max(asked, millisecondsIn(reply.headers.get("Retry-After")));
        failure = problem;
      } catch (error) {
        if (error instanceof Problem) throw error;
        failure = error;
      }
      if (Date.now() + asked > until) throw failure;
      await new Promise((resolve) => setTimeout(resolve, asked));
    }
  }
}

/** One student's test. */
export class Test {
  constructor(
    private readonly service: AdaptiveTesting,
    readonly sessionId: string,
    public standing: Standing,
  ) {}

  /** The question that waits for an answer; null when the test is over, or paused. */
  get question(): Question | null {
    return "next_question" in this.standing ? this.standing.next_question : null;
  }

  get isOver(): boolean {
    return !RUNS.has(this.standing.status);
  }

  /** Its clock stands still, and it has no question until it goes on. */
  get isPaused(): boolean {
    return !this.isOver && this.question === null;
  }

  /** Answer the question; returns the next one, null where the test is over or paused. Throws `Problem`. */
  async submit(response: Answer, responseTimeMs?: number): Promise<Question | null> {
    if (this.question === null) throw new Error(this.isOver ? "the test is over" : "the test is paused");
    const body = {
      session_id: this.sessionId,
      question_id: this.question.id,
      response,
      response_time_ms: responseTimeMs ?? null,
    };
    this.standing = await this.service.call("post", "/api/v1/test/submit", { body });
    return this.question;
  }

  /**
   * Answer until the test is over; returns its result. `answer` is given each question. While the test is paused,
   * it waits until somebody lets it go on, or the pause ends by itself.
   */
  async take(answer: (question: Question) => Answer | Promise<Answer>): Promise<Result> {
    while (!this.isOver) {
      if (this.question === null) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
        await this.status();
        continue;
      }
      try {
        await this.submit(await answer(this.question));
      } catch (error) {
        if (!(error instanceof Problem && ELSEWHERE.has(error.code))) throw error;
        await this.status();
      }
    }
    return this.result();
  }

  /** Where the test stands. Throws `Problem`. */
  async status(): Promise<Schemas["SessionStatus"]> {
    const path = { session_id: this.sessionId };
    const standing = await this.service.call("get", "/api/v1/test/status/{session_id}", { path });
    this.standing = standing;
    return standing;
  }

  /** Let its clock stand still, as its rules allow the student. Throws `Problem`. */
  async pause(): Promise<Schemas["SessionStatus"]> {
    const path = { session_id: this.sessionId };
    const standing = await this.service.call("post", "/api/v1/test/{session_id}/pause", { path });
    this.standing = standing;
    return standing;
  }

  /** Let the clock of a paused test run again. Throws `Problem`. */
  async goOn(): Promise<Schemas["SessionStatus"]> {
    const path = { session_id: this.sessionId };
    const standing = await this.service.call("post", "/api/v1/test/{session_id}/continue", { path });
    this.standing = standing;
    return standing;
  }

  /** End it early, with its result so far. Throws `Problem`. */
  async end(): Promise<Schemas["Ended"]> {
    const path = { session_id: this.sessionId };
    const standing = await this.service.call("post", "/api/v1/test/end/{session_id}", { path });
    this.standing = standing;
    return standing;
  }

  /** Of a test that is over. Throws `Problem`. */
  result(): Promise<Result> {
    return this.service.call("get", "/api/v1/test/result/{session_id}", { path: { session_id: this.sessionId } });
  }
}

function addressOf(path: keyof paths, call: { path?: object; query?: object }): string {
  const names = new Map(Object.entries(call.path ?? {}));
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(names.get(name))));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined && value !== null) query.set(name, String(value));
  }
  return query.size ? `${address}?${query}` : address;
}

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is for secure pages alone
  return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}

/** Read to its end, so that what breaks off is tried again. */
async function whole(reply: Response): Promise<Response> {
  const { status, headers } = reply;
  return new Response(status === 204 ? null : await reply.arrayBuffer(), { status, headers });
}

async function problemIn(reply: Response): Promise<Partial<Schemas["Problem"]>> {
  const text = await reply.text();
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return {}; // a proxy's own page
  }
}

/** What `Retry-After` says: seconds, or a date. */
function millisecondsIn(header: string | null): number {
  if (header === null) return 0;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const moment = Date.parse(header);
  return Number.isNaN(moment) ? 0 : Math.max(0, moment - Date.now());
}
