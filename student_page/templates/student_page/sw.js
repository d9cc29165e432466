// Keeps the page's own files, so that a reload without a network shows the page. Nothing of the API, nothing of
// anybody: what a student sees lies in the browser's storage and is cleared at the end of the test.
const CACHE = "take-1";
const PAGE = "{{ page|escapejs }}";
const SHELL = [{% for address in shell %}"{{ address|escapejs }}", {% endfor %}];

self.addEventListener("install", (event) => {
  const files = SHELL.map((address) => new Request(address, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("take-") && name !== CACHE);
  const tidy = caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name))));
  event.waitUntil(tidy.then(() => self.clients.claim()));
});

// The network first: a copy is for when there is none.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin || !SHELL.includes(pathname)) return;
  event.respondWith(
    fetch(request).then(
      (response) => {
        const copy = response.clone();
        if (response.ok) event.waitUntil(caches.open(CACHE).then((cache) => cache.put(pathname, copy)));
        return response;
      },
      () => caches.match(pathname).then((kept) => kept ?? Response.error()),
    ),
  );
});
