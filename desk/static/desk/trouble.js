// Saying on a page that something could not be fetched or sent.

const trouble = document.getElementById("trouble");

export function say(text) {
  trouble.textContent = text ?? "";
  trouble.hidden = !text;
}

/** What it means that a request was refused with this status. */
export function meaningOf(status) {
  const { loggedOut, stale, failed } = trouble.dataset;
  return { 401: loggedOut, 403: stale }[status] ?? failed;
}

export const sayOffline = () => say(trouble.dataset.offline);
