// What a page that shows this one in its frame is told: nothing of a question, an answer or a result.

const page = document.querySelector("meta[name=embedding]").content; // an origin that the operator lists

/** Tell it: `height` in CSS pixels, `answered` with how many, `done` with how the test ended. */
export function tell(event, more = {}) {
  parent.postMessage({ source: "adaptive-testing", event, ...more }, page);
}

new ResizeObserver(() => tell("height", { height: document.body.scrollHeight })).observe(document.body);
