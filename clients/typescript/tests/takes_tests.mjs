// node takes_tests.mjs CLIENT URL TOKEN: takes tests over a network that fails on purpose, and says what came of it.

const [client, url, token] = process.argv.slice(2);
const { AdaptiveTesting, Problem } = await import(client);
const FIVE = { type: "fixed_length", max_questions: 5 };

/** Every second reply is lost after the service gave it; every fifth request meets a proxy's 502. */
let requests = 0;
async function losing(address, init) {
  requests += 1;
  if (requests % 5 === 0) return new Response("<html>Bad Gateway</html>", { status: 502 });
  const reply = await fetch(address, init);
  if (requests % 2 === 0) {
    await reply.arrayBuffer();
    throw new TypeError("lost");
  }
  return reply;
}

const service = new AdaptiveTesting(url, { token, fetch: losing, firstWait: 10 });

async function refused(call) {
  try {
    await call();
  } catch (error) {
    if (error instanceof Problem) return { status: error.status, code: error.code, errors: error.errors };
    throw error;
  }
  return null;
}

async function takesAWholeTest() {
  const test = await service.start("ada", { end_criteria: FIVE });
  const asked = [];
  const result = await test.take((question) => {
    asked.push(question.id);
    return 0;
  });
  return { status: result.status, asked, isOver: test.isOver };
}

async function goesOnAndEndsEarly() {
  const begun = await service.start("ben", { end_criteria: FIVE });
  await begun.submit(1, 900);
  const again = await service.resume(begun.sessionId);
  const isSame = again.question.id === begun.question.id;
  const ended = await again.end();
  return { isSame, status: ended.status };
}

/** Two windows: what the other has answered is not asked again. */
async function goesOnWhereAnotherWindowWas() {
  const first = await service.start("cem", { end_criteria: FIVE });
  const second = await service.resume(first.sessionId);
  await first.submit(0);
  let asked = 0;
  const result = await second.take(() => ((asked += 1), 0));
  return { asked, total: result.total_questions };
}

async function aPausedTestIsNotOver() {
  const begun = await service.start("dea", { rules: { max_questions: 2, pauses: { times: 1, minutes: 10 } } });
  await begun.pause();
  const read = await service.resume(begun.sessionId);
  const said = [read.isOver, read.isPaused, read.question];
  await read.goOn();
  return { said, hasQuestion: read.question !== null, ended: (await read.end()).status, isOver: read.isOver };
}

async function meets(...replies) {
  let count = 0;
  const given = async () => replies[Math.min(count++, replies.length - 1)].clone();
  const busy = new AdaptiveTesting("http://service", { token, fetch: given, firstWait: 1 });
  const problem = await refused(() => busy.call("get", "/api/v1/pools"));
  return { count, problem };
}

const busyFor = (seconds) => new Response("{}", { status: 503, headers: { "Retry-After": String(seconds) } });
const page = await service.call("get", "/api/v1/sessions", { query: { student_id: "nobody" } });

console.log(
  JSON.stringify({
    whole: await takesAWholeTest(),
    early: await goesOnAndEndsEarly(),
    windows: await goesOnWhereAnotherWindowWas(),
    paused: await aPausedTestIsNotOver(),
    refused: await refused(() => service.start("ada", { end_criteria: { ...FIVE, max_questions: 0 } })),
    impatient: await meets(busyFor(120)),
    patient: await meets(busyFor(0), new Response("{}", { status: 429 }), new Response("{}")),
    listed: page.count,
  }),
);
