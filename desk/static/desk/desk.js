// What all pages of the desk share: saying so when a part of a page could not be fetched.

const trouble = document.getElementById("trouble");

function say(text) {
  trouble.textContent = text ?? "";
  trouble.hidden = !text;
}

document.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful && say(""));
document.addEventListener("htmx:responseError", ({ detail }) => {
  const isOut = detail.xhr.status === 401;
  say(isOut ? trouble.dataset.loggedOut : trouble.dataset.failed);
});
document.addEventListener("htmx:sendError", () => say(trouble.dataset.offline));
document.querySelector(".error-summary, [aria-invalid='true']")?.focus();
