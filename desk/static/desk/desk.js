// What all pages of the desk share: saying so when a part of a page could not be fetched.

const trouble = document.getElementById("trouble");

function say(text) {
  trouble.textContent = text ?? "";
  trouble.hidden = !text;
}

document.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful && say(""));
document.addEventListener("htmx:responseError", ({ detail }) => {
  const { loggedOut, stale, failed } = trouble.dataset;
  say({ 401: loggedOut, 403: stale }[detail.xhr.status] ?? failed);
});
document.addEventListener("htmx:sendError", () => say(trouble.dataset.offline));
document.querySelector(".error-summary, [aria-invalid='true']")?.focus();
