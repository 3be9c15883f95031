/* What a page of the desk does besides its forms: it hears that something changed, and asks for that part again. */
"use strict";
(() => {
  const address = document.body.dataset.live;
  if (address && "EventSource" in window) {
    const news = new EventSource(address);
    // An event says only which case changed; each part that shows it is fetched anew, with its own permission check.
    news.addEventListener("case", (event) => {
      htmx.trigger(document.body, "desk:changed");
      htmx.trigger(document.body, `desk:case-${event.data}`);
    });
    addEventListener("pagehide", () => news.close());
  }
})();
