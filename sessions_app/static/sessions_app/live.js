// The live view: every few seconds this page says which versions of which rows it shows, and gets what is new:
// cells, or whole rows. Clocks run by themselves. Ticked rows stay ticked. It waits while the page is hidden, a
// dialog or a row's menu is open, or a request runs.
"use strict";

const EVERY = 5000; // milliseconds
const table = () => document.querySelector("#result_list");
const rowsOf = (list) => [...list.querySelectorAll(":scope > tbody")];
const keyOf = (row) => row.querySelector("[data-key]")?.dataset.key;
const versionOf = (row) => row.querySelector("[data-version]")?.dataset.version ?? "";
let ahead = 0; // the service's clock before this page's, in milliseconds

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

function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function tick() {
  const now = Date.now() + ahead;
  for (const clock of document.querySelectorAll("#result_list [data-since]")) {
    clock.textContent = span(now - clock.dataset.since);
  }
}

// Puts what is new into the table. The rows that go on are the same elements as before.
function show(list, news) {
  const rows = new Map(rowsOf(list).map((row) => [keyOf(row), row]));
  const ticked = new Set([...list.querySelectorAll("input.action-select:checked")].map((box) => box.value));
  const focused = document.activeElement?.value;
  const fresh = new DOMParser().parseFromString(news.rows, "text/html").querySelector("#result_list");
  for (const row of fresh ? rowsOf(fresh) : []) {
    rows.get(keyOf(row))?.remove();
    rows.set(keyOf(row), document.importNode(row, true));
  }
  for (const [key, cells] of Object.entries(news.cells)) {
    for (const [name, html] of Object.entries(cells)) {
      const cell = rows.get(key)?.querySelector(`.field-${name}`);
      if (cell) cell.innerHTML = html; // as the service drew and escaped it
    }
  }
  const wanted = news.order.map((key) => rows.get(key)).filter(Boolean);
  for (const row of rowsOf(list)) if (!wanted.includes(row)) row.remove();
  wanted.forEach((row, place) => {
    const there = rowsOf(list)[place];
    if (there !== row) list.insertBefore(row, there ?? null);
  });
  for (const box of list.querySelectorAll("input.action-select")) {
    box.checked = ticked.has(box.value);
    if (box.value === focused && box !== document.activeElement) box.focus({ preventScroll: true });
  }
  // Alpine moves the rows' menus to the end of the page, a moment later.
  if (fresh) setTimeout(() => window.htmx?.process(document.body), 200);
}

async function update() {
  const list = table();
  const known = Object.fromEntries((list ? rowsOf(list) : []).map((row) => [keyOf(row), versionOf(row)]));
  const address = new URL("changes/", location.href);
  address.search = location.search;
  const reply = await fetch(address, {
    method: "POST",
    credentials: "same-origin",
    cache: "no-store",
    headers: {
      "Content-Type": "application/json",
      "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "",
    },
    body: JSON.stringify({ known }),
  });
  if (reply.redirected || reply.status === 403) {
    note("Not updated: you are signed out. Reload the page.");
    return false;
  }
  if (!reply.ok) throw new Error(reply.status);
  const news = await reply.json();
  ahead = news.now - Date.now();
  if (isBusy()) return true;
  if (!list !== !news.order.length) {
    location.reload();
    return false;
  }
  if (list) show(list, news);
  tick();
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
  setInterval(tick, 1000);
});
