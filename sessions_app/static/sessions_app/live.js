// The live view: every few seconds the table of this page is fetched again and put in the place of the old one.
// Ticked rows stay ticked. It waits while the page is hidden, a dialog or a row's menu is open, or a request runs.
"use strict";

const EVERY = 5000; // milliseconds
const table = (page) => page.querySelector("#result_list");

function note(text) {
  let line = document.getElementById("live-note");
  if (!line) {
    line = document.createElement("p");
    line.id = "live-note";
    line.className = "mb-4 text-sm";
    document.getElementById("content-main")?.prepend(line);
  }
  line.textContent = text;
}

function isBusy() {
  const inTable = document.activeElement?.closest("#result_list");
  const ticks = document.activeElement?.matches("input.action-select, #action-toggle");
  const dialog = document.querySelector("#modal-content #dialog");
  return document.hidden || (inTable && !ticks) || (dialog && dialog.offsetParent !== null);
}

async function update() {
  const reply = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
  if (reply.redirected && new URL(reply.url).pathname !== location.pathname) {
    note("Not updated: you are signed out. Reload the page.");
    return false;
  }
  if (!reply.ok) throw new Error(reply.status);
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  if (isBusy()) return true;
  const [old, fresh] = [table(document), table(page)];
  if (!old !== !fresh) {
    location.reload();
    return false;
  }
  if (old) {
    const ticked = new Set([...old.querySelectorAll("input.action-select:checked")].map((box) => box.value));
    const focused = document.activeElement?.value;
    const rows = [...fresh.querySelectorAll(":scope > tbody")].map((row) => document.importNode(row, true));
    old.querySelectorAll(":scope > tbody").forEach((row) => row.remove());
    old.append(...rows);
    for (const box of old.querySelectorAll("input.action-select")) {
      box.checked = ticked.has(box.value);
      if (box.value === focused) box.focus({ preventScroll: true });
    }
    // Alpine moves the rows' menus to the end of the page, a moment later.
    setTimeout(() => window.htmx?.process(document.body), 200);
  }
  note(`Updates by itself. Last: ${new Date().toLocaleTimeString([], { timeZoneName: "short" })}`);
  return true;
}

async function again() {
  let goesOn = true;
  try {
    if (!isBusy()) goesOn = await update();
  } catch {
    note("Not updated: the service does not answer. Trying again.");
  }
  if (goesOn) setTimeout(again, EVERY);
}

addEventListener("DOMContentLoaded", () => {
  note("Updates by itself.");
  setTimeout(again, EVERY);
});
