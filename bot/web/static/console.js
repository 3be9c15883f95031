/*
 * What a page of the desk does besides its forms: it hears that something changed, and asks for that part again.
 *
 * A part that refreshes itself says so (`hx-get`, `hx-trigger="desk:changed from:body, every 30s"`), so that without
 * a stream it still comes anew twice a minute. Words marked `data-announce` are read out when they change, once.
 */
"use strict";
(() => {
  const address = document.body.dataset.live;
  if (!address || !window.htmx) return;

  // ---- hearing

  const TOGETHER = 250; // milliseconds: several changes at once are one refresh
  const changed = new Set();
  let soon = 0;
  let news = null;

  const refresh = () => {
    soon = 0;
    htmx.trigger(document.body, "desk:changed");
    for (const id of changed) htmx.trigger(document.body, `desk:case-${id}`);
    changed.clear();
  };
  const refreshSoon = () => {
    // Not every desk at the very same moment.
    if (!soon) soon = setTimeout(refresh, TOGETHER * (1 + Math.random()));
  };
  const listen = () => {
    if (news || document.hidden || !("EventSource" in window)) return;
    news = new EventSource(address);
    // An event says only which case changed; each part that shows it is fetched anew, with its own permission check.
    news.addEventListener("case", (event) => {
      changed.add(event.data);
      refreshSoon();
    });
    news.addEventListener("missed", refreshSoon);
  };
  const rest = () => {
    news?.close();
    news = null;
  };
  // A browser keeps few connections to one site: pages that nobody looks at keep none, and read anew when they are seen.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return rest();
    if (!news) refreshSoon();
    listen();
  });
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (event) => {
    if (event.persisted) refreshSoon();
    listen();
  });
  listen();

  // ---- never in somebody's way

  const held = new Set();
  // Who is inside a part keeps it as it is when what they are at would go; it comes anew once they left it.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    const at = document.activeElement;
    const byItself = !event.detail.requestConfig?.triggeringEvent?.submitter && event.detail.requestConfig?.verb === "get";
    if (!byItself || !part.contains(at) || at === part) return;
    const stays = at.id && !at.matches("input, textarea, select") && event.detail.serverResponse.includes(`id="${at.id}"`);
    if (stays) return; // htmx gives the focus back to what has the same id
    event.detail.shouldSwap = false;
    held.add(part);
  });
  document.body.addEventListener("focusout", (event) => {
    for (const part of held) {
      if (part.contains(event.target) && !part.contains(event.relatedTarget)) {
        held.delete(part);
        refreshSoon();
      }
    }
  });

  // ---- said once

  const said = document.getElementById("news");
  const words = () => [...document.querySelectorAll("[data-announce]")].map((one) => one.textContent.trim()).join(" ");
  let last = words();
  document.body.addEventListener("htmx:afterSettle", () => {
    const now = words();
    if (said && now && now !== last) said.textContent = now;
    last = now;
  });
})();
