// What all pages of the desk share: saying so when a part of a page could not be fetched.

import { meaningOf, say, sayOffline } from "./trouble.js";

document.addEventListener("htmx:afterRequest", ({ detail }) => detail.successful && say(""));
document.addEventListener("htmx:responseError", ({ detail }) => say(meaningOf(detail.xhr.status)));
document.addEventListener("htmx:sendError", sayOffline);
document.querySelector("[data-print]")?.addEventListener("click", () => print());
document.querySelector(".error-summary, [aria-invalid='true']")?.focus();
