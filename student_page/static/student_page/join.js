// A student types the code of a slip, or the class's, and says who they are where their teacher allows it.

import { NotReached, call } from "./connection.js";
import { fill } from "./elements.js";

const { texts } = JSON.parse(document.getElementById("page-data").textContent);
const one = (id) => document.getElementById(id);
const refusals = {
  join_code_unknown: texts.noSuchCode,
  validation_error: texts.noSuchCode,
  name_taken: texts.nameTaken,
  test_not_open: texts.notOpen,
};

async function join(student) {
  one("join-said").textContent = "";
  one("choose").hidden = true;
  const code = one("code").value;
  try {
    const found = await call("invitations/join", { body: { code, ...student } });
    if (found.invitation) location.assign(`${one("join").dataset.page}#invitation=${found.invitation}`);
    else offer(found);
  } catch (error) {
    const unreached = error.isServer ? texts.busy : texts.offline;
    one("join-said").textContent =
      error instanceof NotReached ? unreached : (refusals[error.code] ?? texts.failed);
  }
}

function offer({ title, class_name, names, names_may_be_chosen: mayChoose }) {
  if (!names.length) {
    one("join-said").textContent = fill(mayChoose ? texts.nobodyLeft : texts.slipNeeded, { title });
    return;
  }
  one("joined").textContent = `${title} · ${class_name}`;
  one("names").replaceChildren(
    ...names.map(({ number, name }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dir = "auto";
      button.textContent = name;
      button.onclick = () => join({ student: number });
      const line = document.createElement("li");
      line.append(button);
      return line;
    }),
  );
  one("choose").hidden = false;
  one("choose").querySelector("h2").focus();
}

one("join").addEventListener("submit", (event) => {
  event.preventDefault();
  join();
});
if (location.hash) {
  one("code").value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  join();
}
