// Buttons that copy a link. Shown where the browser can: on pages that came by https, or from this machine.

function offer() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = button.dataset.done;
});
document.addEventListener("htmx:afterSettle", offer);
offer();
