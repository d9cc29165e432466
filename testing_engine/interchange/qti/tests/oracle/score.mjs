// Scores answers to QTI 3.0 items with qti3-item-player (MIT, amp-up.io), in jsdom.
//   npm install --no-save qti3-item-player@1.1.20 jsdom@24.1.3
//   node score.mjs items.json scores.json
// items.json: {NAME: {"xml": "…", "answers": [{VARIABLE: value or list or null}]}}; scores.json: {NAME: [score]}.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import vm from "node:vm";
import { JSDOM } from "jsdom";

const [, , source, target] = process.argv;
const require = createRequire(import.meta.url);
const page = new JSDOM("<!doctype html><div id=player></div>", { pretendToBeVisual: true, url: "http://localhost/", runScripts: "outside-only" });
const { window } = page;
const context = page.getInternalVMContext();
window.console.log = () => {};
window.matchMedia ??= () => ({ matches: false, addListener() {}, addEventListener() {} });
window.ResizeObserver ??= class { observe() {} unobserve() {} disconnect() {} };
vm.runInContext(readFileSync(require.resolve("vue/dist/vue.js"), "utf8"), context);

// The player keeps its store to itself: its own reset hands it out.
const bundle = readFileSync(require.resolve("qti3-item-player/dist/qti3Player.umd.js"), "utf8");
const opened = bundle.replaceAll("resetAll() {", "resetAll() { (window.stores ??= new Set()).add(this);");
if (opened === bundle) throw new Error("The player's bundle is another one than this was written for.");
vm.runInContext(opened, context);
const Player = window.qti3Player?.default ?? window.qti3Player;

const later = () => new Promise((resolve) => setTimeout(resolve, 0));
const numeric = (base, value) => (base === "integer" || base === "float" ? Number(value) : value);

function valueOf(declaration, given) {
  if (given === undefined || given === null) return null;
  if (declaration.cardinality === "single") return numeric(declaration.baseType, Array.isArray(given) ? given[0] : given);
  return (Array.isArray(given) ? given : [given]).map((each) => numeric(declaration.baseType, each));
}

async function scoresOf(xml, answers) {
  const found = [];
  let ready = null;
  let scored = null;
  window.document.body.innerHTML = "<div id=player></div>";
  const app = new window.Vue({
    render: (make) =>
      make(Player, {
        ref: "player",
        props: { suppressAlertMessages: true, suppressInvalidResponseMessages: true },
        on: { notifyQti3ItemReady: () => (ready = true), notifyQti3ScoreAttemptCompleted: (state) => (scored = state) },
      }),
  }).$mount("#player");
  await later();
  const player = app.$refs.player;
  player.resetItem();
  player.loadItemFromXml(xml, {});
  for (let turn = 0; turn < 50 && !ready; turn += 1) await later();
  if (!ready) throw new Error("The player shows no item.");
  const stores = [...window.stores].filter((each) => each.state?.responseDeclarations);
  for (const answer of answers) {
    for (const store of stores) {
      for (const declaration of store.state.responseDeclarations) {
        if (declaration.identifier in answer || !["duration", "numAttempts"].includes(declaration.identifier)) store.setResponseVariableValue({ identifier: declaration.identifier, value: valueOf(declaration, answer[declaration.identifier]), state: null });
      }
    }
    player.scoreAttempt("oracle");
    const score = scored.state.outcomeVariables.find((each) => each.identifier === "SCORE");
    found.push(score.value === null ? null : Number(score.value));
  }
  app.$destroy();
  return found;
}

const items = JSON.parse(readFileSync(source, "utf8"));
const scores = {};
for (const [name, { xml, answers }] of Object.entries(items)) {
  try {
    scores[name] = await scoresOf(xml, answers);
  } catch (error) {
    scores[name] = String(error); // what the player cannot do
  }
}
writeFileSync(target, JSON.stringify(scores));
window.close();
