// Try until it works.

import { NotReached } from "./connection.js";
import { notice, texts } from "./screen.js";

const LONGEST_PAUSE = 30_000; // between two tries

const pause = (milliseconds, isServer) =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    if (!isServer) addEventListener("online", done);
  });

/** The reply of `action`, however long it takes. `waiting` is what the student reads meanwhile. */
export async function insist(action, waiting) {
  for (let tries = 0; ; tries++) {
    try {
      const reply = await action();
      if (tries) notice(texts.backOnline);
      return reply;
    } catch (error) {
      if (!(error instanceof NotReached)) throw error;
      notice(error.isServer ? texts.busy : waiting);
      const usual = Math.min(LONGEST_PAUSE, 1000 * 2 ** tries) * (0.75 + Math.random() / 2);
      await pause(error.wait ?? usual, error.isServer);
    }
  }
}
