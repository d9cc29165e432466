// A test tried as a student. The page keeps the answers; the service computes from all of them what comes next,
// and stores nothing.

const frame = document.getElementById("frame");
const tried = document.getElementById("tried");
const around = document.getElementById("around");
const state = () => tried.querySelector("[data-state]").dataset;
const answers = [];
let isReady = false;

function present() {
  const { shown, number, most, allows } = state();
  around.hidden = !shown;
  if (!shown || !isReady) return;
  const how = { number: Number(number), most: Number(most), allowsDontKnow: Boolean(allows), isNew: true };
  frame.contentWindow.postMessage({ question: JSON.parse(shown), ...how }, location.origin);
}

async function go(answer) {
  answers.push(answer);
  const values = { answers: JSON.stringify(answers), seed: state().seed };
  const before = tried.innerHTML;
  await htmx.ajax("POST", tried.dataset.address, { source: tried, target: tried, swap: "innerHTML", values });
  if (tried.innerHTML === before || tried.querySelector(".warning")) answers.pop(); // refused: asked again
  present();
}

addEventListener("message", ({ data, source, origin }) => {
  if (origin !== location.origin || source !== frame.contentWindow) return;
  if (data.ready && !isReady) {
    isReady = true;
    present();
  }
  if (data.height) frame.height = Math.min(Math.max(data.height, 160), 2000);
  if (data.answer !== undefined) go(data.answer);
});

// Whichever of the two is there first, the other learns of it.
frame.contentWindow.postMessage({ isThere: true }, location.origin);
