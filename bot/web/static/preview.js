/* The preview page, made smooth. Without this file the same page works with forms and redirects.
   Every text arrives in data attributes or as parts; nothing is ever put in the page as HTML. */
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  const words = document.body.dataset;
  const log = $("log"), end = $("end"), dots = $("dots"), field = $("text"), compose = $("compose"), below = $("below");
  const token = compose.elements.token.value;
  const TIME_LIMIT = 15000; // milliseconds for one request
  const kept = `wegwijs:${words.tag}`; // in sessionStorage: gone when the tab is closed
  const draft = "wegwijs:draft";

  /** No answer from the server; `text` is said instead of "no connection" when it did answer, but with a failure. */
  class Unreachable extends Error {
    constructor(text) { super(); this.text = text; }
  }

  // ---- what is kept over a reload -------------------------------------------------------------------------------

  const store = {
    read(key) { try { return sessionStorage.getItem(key); } catch { return null; } },
    write(key, value) {
      try { if (value) sessionStorage.setItem(key, value); else sessionStorage.removeItem(key); } catch { /* full or forbidden */ }
    },
    forgetOthers() {
      try {
        for (const key of Object.keys(sessionStorage)) if (key.startsWith("wegwijs:") && key !== kept && key !== draft) sessionStorage.removeItem(key);
      } catch { /* forbidden */ }
    },
  };
  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // ---- state ----------------------------------------------------------------------------------------------------

  let queue = JSON.parse(store.read(kept) || "[]"); // {id, text, choice?}: written, not yet taken in
  const drawn = new Map(); // id → {node, state, text, sent}: own bubbles that the server has not shown yet
  let last = Math.max(0, ...[...log.querySelectorAll("[data-number]")].map((node) => Number(node.dataset.number)));
  let failures = 0, running = false, again = false, timer = 0, pausedUntil = 0, streaming = false, expired = false, troubled = false;
  let busy = false, source = null, stuck = !$("start");

  const keep = () => store.write(kept, queue.length ? JSON.stringify(queue) : "");

  // ---- building bubbles -----------------------------------------------------------------------------------------

  function make(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  }

  function part(piece) {
    if (piece.kind === "break") return make("br");
    if (piece.kind === "link" && /^(https?:\/\/|tel:)/.test(piece.href)) {
      const link = make("a", piece.strong ? "strong" : "", piece.text);
      Object.assign(link, { href: piece.href, target: "_blank", rel: "noopener noreferrer nofollow" });
      return isolated(link, "ltr");
    }
    if (!piece.strong) return document.createTextNode(piece.text);
    const bold = make("b", "", piece.text);
    if (piece.lang) bold.lang = piece.lang;
    return isolated(bold);
  }

  function isolated(node, direction) {
    const bdi = make("bdi");
    if (direction) bdi.dir = direction;
    bdi.append(node);
    return bdi;
  }

  /** A picture with its words for who cannot see it; a sound with its words for who cannot hear it. */
  function figure(file, line) {
    const node = make("figure");
    Object.assign(node, { lang: line.language, dir: line.direction });
    if (file.save) {
      const link = make("a", "file", file.alt);
      Object.assign(link, { href: file.src, download: file.alt });
      node.append(link);
    } else if (file.sound) {
      const audio = make("audio");
      Object.assign(audio, { controls: true, preload: "none", src: file.src, ariaLabel: file.alt });
      node.append(audio, make("figcaption", "", file.alt));
    } else {
      const image = make("img");
      Object.assign(image, { src: file.src, alt: file.alt });
      image.addEventListener("load", () => { if (stuck) toEnd(); });
      node.append(image);
    }
    return node;
  }

  function bubble(mine, text, small, files = []) {
    const node = make("div", `line ${mine ? "mine" : "ours"} new`);
    const inner = make("div", "bubble");
    inner.append(make("span", "unseen", `${mine ? words.you : "Wegwijs"}: `), ...files, text, small);
    node.append(inner);
    return node;
  }

  function clockTime(line) {
    const time = make("time", "", line.time);
    time.dateTime = line.at;
    return time;
  }

  function choices(line) {
    const form = make("form", "choices");
    const group = make("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", words.choices);
    form.append(group);
    line.buttons.forEach((title, place) => {
      const button = make("button", "", title);
      Object.assign(button, { name: "choice", value: `${line.number}:${place}`, lang: line.language, dir: line.direction });
      group.append(button);
    });
    return form;
  }

  function place(node, number) {
    const later = [...log.querySelectorAll(".line[data-number]")].find((other) => Number(other.dataset.number) > number);
    const waiting = [...drawn.values()][0];
    log.insertBefore(node, later || (waiting ? waiting.node : dots));
  }

  function show(line) {
    if (log.querySelector(`[data-number="${line.number}"]`)) return;
    const text = make("div", "text");
    Object.assign(text, { lang: line.language, dir: line.direction });
    text.append(...line.parts.map(part));
    const plain = line.parts.map((piece) => (piece.kind === "break" ? "\n" : piece.text)).join("");
    const own = line.mine && [...drawn].find(([, waiting]) => waiting.text === plain);
    if (own) { // the bubble that is already there becomes the real one, so nothing jumps and nothing is read twice
      const [id, { node, state }] = own;
      drawn.delete(id);
      node.dataset.number = line.number;
      node.querySelector(".text").replaceWith(text);
      state.replaceWith(clockTime(line));
      place(node, line.number);
      return;
    }
    const node = bubble(line.mine, text, clockTime(line), line.media.map((file) => figure(file, line)));
    node.dataset.number = line.number;
    if (line.buttons.length) node.append(choices(line));
    place(node, line.number);
  }

  function draw(item, unsent) {
    const text = make("div", "text", item.text);
    text.dir = "auto";
    const state = make("span", "state", unsent ? words.unsent : "\u00a0");
    const node = bubble(true, text, state);
    node.tabIndex = -1;
    drawn.set(item.id, { node, state, text: item.text, sent: false });
    log.insertBefore(node, dots);
    if (!unsent) setTimeout(() => { if (state.textContent === "\u00a0") state.textContent = words.sending; }, 900);
    return node;
  }

  function undraw(id) {
    drawn.get(id)?.node.remove();
    drawn.delete(id);
  }

  /** Only the last buttons can be pressed, and only until the person has written. */
  function relock() {
    let open = null;
    for (const node of [...log.querySelectorAll(".line:not(#dots)")].reverse()) {
      if (node.classList.contains("mine")) break;
      if (node.querySelector(".choices")) { open = node; break; }
    }
    for (const button of log.querySelectorAll(".choices button")) button.disabled = button.form.parentElement !== open;
  }

  function typing(now) {
    busy = now;
    dots.hidden = !now;
    const text = now ? words.typing : "";
    if ($("typing").textContent !== text) $("typing").textContent = text;
  }

  // ---- scrolling ------------------------------------------------------------------------------------------------

  const scroller = () => (getComputedStyle(log).overflowY === "visible" ? document.scrollingElement : log);
  function atEnd() {
    const box = scroller();
    return box.scrollHeight - box.scrollTop - box.clientHeight < 90;
  }
  function toEnd(smooth) {
    const still = !smooth || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const box = scroller();
    box.scrollTo({ top: box.scrollHeight, behavior: still ? "instant" : "smooth" });
    stuck = true;
    below.hidden = true;
  }
  function onScroll() {
    stuck = atEnd();
    if (stuck) below.hidden = true;
  }

  // ---- what went wrong, in one place ----------------------------------------------------------------------------

  function say(text, { retry = false, reload = false } = {}) {
    if ($("notice-text").textContent !== text) $("notice-text").textContent = text;
    $("retry").hidden = !retry;
    $("reload").hidden = !reload;
    if (stuck) toEnd();
  }

  function giveBack(item) {
    undraw(item.id);
    if (!item.choice && !field.value.trim()) { field.value = item.text; grow(); }
    relock();
  }

  /** The server does not know this page any more: what waits goes back into the field, and a new page takes it on. */
  function expire() {
    expired = true;
    field.value = [field.value, ...queue.filter((item) => !item.choice).map((item) => item.text)].filter(Boolean).join("\n");
    for (const item of queue) undraw(item.id);
    queue = [];
    keep();
    grow();
    typing(false);
    relock();
    say(words.expired, { reload: true });
  }

  // ---- talking to the server ------------------------------------------------------------------------------------

  async function ask(address, options = {}) {
    const limit = new AbortController();
    const alarm = setTimeout(() => limit.abort(), TIME_LIMIT);
    try {
      return await fetch(address, { ...options, headers: { accept: "application/json" }, signal: limit.signal });
    } catch {
      throw new Unreachable();
    } finally {
      clearTimeout(alarm);
    }
  }

  async function read(response) {
    try { return await response.json(); } catch { throw new Unreachable(); }
  }

  async function flush() {
    while (queue.length && !expired && Date.now() >= pausedUntil) {
      const item = queue[0];
      const fields = { token, id: item.id, ...(item.choice ? { choice: item.choice } : { text: item.text }) };
      const response = await ask("/messages", { method: "POST", body: new URLSearchParams(fields) });
      if (response.ok) {
        const { language } = await read(response);
        queue.shift();
        keep();
        const waiting = drawn.get(item.id);
        if (waiting) waiting.sent = true;
        if (language !== root.lang) { location.reload(); return; }
      } else if (response.status === 429) {
        pausedUntil = Date.now() + 1000 * (Number(response.headers.get("retry-after")) || 10);
        unsent();
        troubled = true;
        say(words.tooMany, { retry: true });
        return;
      } else if (response.status === 403) {
        expire();
      } else if (response.status < 500) {
        const { problem } = await read(response);
        queue.shift();
        keep();
        giveBack(item);
        if (response.status !== 409) say(problem);
      } else {
        throw new Unreachable(words.error);
      }
    }
  }

  async function news() {
    const response = await ask(`/messages?after=${last}`);
    if (response.status === 403) { expire(); return; }
    if (!response.ok) throw new Unreachable(words.error);
    const { lines, busy: working } = await read(response);
    const follow = stuck;
    for (const line of lines) show(line);
    if (lines.length) {
      last = Math.max(last, lines[lines.length - 1].number);
      $("start")?.remove();
    }
    // What was taken in stands on the timeline by now, perhaps in other words (a citizen number is masked).
    for (const [id, waiting] of [...drawn]) if (waiting.sent) undraw(id);
    typing(working && !lines.some((line) => !line.mine && line.buttons.length));
    busy = working;
    relock();
    if (lines.length || working) {
      if (follow) toEnd(true);
      else if (lines.some((line) => !line.mine)) below.hidden = false;
    }
  }

  function unsent() {
    for (const item of queue) if (drawn.has(item.id)) drawn.get(item.id).state.textContent = words.unsent;
    typing(false);
  }

  /** Send what waits, then fetch what is new. One at a time; a call in between makes it go round once more. */
  async function sync() {
    if (running) { again = true; return; }
    running = true;
    clearTimeout(timer);
    do {
      again = false;
      try {
        await flush();
        if (!expired) await news();
        failures = 0;
        if (troubled && !expired && Date.now() >= pausedUntil) { troubled = false; say(""); }
      } catch (problem) {
        if (!(problem instanceof Unreachable)) throw problem;
        failures += 1;
        unsent();
        // One missed poll is no news; a message that cannot leave is.
        if (queue.length || failures > 1) {
          troubled = true;
          say(problem.text || (queue.length ? words.kept : words.offline), { retry: true });
        }
      }
    } while (again && !failures);
    running = false;
    if (!expired) timer = setTimeout(sync, pause());
  }

  function pause() {
    if (failures) return Math.min(30, 2 ** failures) * 1000;
    if (queue.length) return Math.max(1000, pausedUntil - Date.now());
    if (busy) return 1500;
    return streaming ? 25000 : document.hidden ? 30000 : 4000;
  }

  function listen() {
    if (source || !("EventSource" in window)) return;
    source = new EventSource("/events");
    source.onopen = () => { streaming = true; sync(); };
    source.onmessage = sync;
    source.onerror = () => {
      streaming = false;
      if (source.readyState === EventSource.CLOSED) { source = null; setTimeout(listen, 60000); }
      sync();
    };
  }

  function send(item) {
    item.id = newId();
    queue.push(item);
    keep();
    $("start")?.remove();
    const node = draw(item, false);
    relock();
    if (Date.now() >= pausedUntil) { if (!failures) { say(""); typing(true); } }
    toEnd(true);
    if (expired) expire();
    else sync();
    return node;
  }

  // ---- what the person does -------------------------------------------------------------------------------------

  function grow() {
    if (!CSS.supports("field-sizing", "content")) field.rows = Math.min(6, field.value.split("\n").length);
  }

  compose.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.replace(/\r\n?/g, "\n").trim();
    if (!text) { field.focus(); return; }
    if ([...text].length > Number(words.longest)) { say(words.tooLong); field.focus(); return; }
    field.value = "";
    grow();
    send({ text });
    field.focus();
  });

  field.addEventListener("input", () => {
    grow();
    if ($("notice-text").textContent === words.tooLong) say("");
  });

  field.addEventListener("keydown", (event) => {
    const phone = matchMedia("(pointer: coarse)").matches; // there Enter is a new line, and the button sends
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || phone) return;
    event.preventDefault();
    compose.requestSubmit();
  });

  log.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    if (!event.target.classList.contains("choices") || !pressed) return;
    event.preventDefault();
    const node = send({ choice: pressed.value, text: pressed.textContent.trim() });
    node.focus({ preventScroll: true }); // the pressed button is locked now; the next Tab goes to what comes after it
  });

  $("retry").addEventListener("click", () => {
    pausedUntil = 0;
    failures = 0;
    say("");
    if (queue.length) typing(true);
    field.focus();
    sync();
  });

  $("reload").addEventListener("click", (event) => {
    event.preventDefault();
    location.reload();
  });

  below.addEventListener("click", () => toEnd(true));
  log.addEventListener("scroll", onScroll, { passive: true });
  addEventListener("scroll", onScroll, { passive: true });
  new ResizeObserver(() => { if (stuck) toEnd(); }).observe(log);

  // Language, colours and a new start are posts too; without a connection the page stays, instead of the browser's own.
  document.addEventListener("submit", async (event) => {
    const form = event.target, pressed = event.submitter;
    if (event.defaultPrevented) return;
    event.preventDefault();
    const action = form.getAttribute("action"); // not form.action: a field's name would hide the property
    const fields = new URLSearchParams(new FormData(form));
    if (pressed?.name) fields.set(pressed.name, pressed.value);
    if (action === "/theme") {
      root.dataset.theme = pressed.value;
      form.querySelector(`button:not([value="${pressed.value}"])`).focus();
    }
    try {
      const response = await ask(action, { method: "POST", body: fields, redirect: "manual" });
      if (action === "/theme") return;
      if (response.status === 429) { say(words.tooMany); return; }
      if (action === "/restart") { store.write(draft, ""); field.value = ""; queue = []; keep(); }
      location.assign("/"); // not a reload: the browser would put the old text back in the field
    } catch {
      if (action !== "/theme") say(words.offline);
    }
  });

  const menu = $("menu");
  document.addEventListener("click", (event) => { if (menu.open && !menu.contains(event.target)) menu.open = false; });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  addEventListener("online", () => { failures = 0; sync(); });
  addEventListener("offline", sync);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) sync(); });
  addEventListener("pagehide", () => {
    store.write(draft, field.value);
    source?.close();
    source = null;
    streaming = false;
  });
  addEventListener("pageshow", (event) => { if (event.persisted) { listen(); sync(); } });

  // ---- begin ----------------------------------------------------------------------------------------------------

  root.classList.add("js");
  store.forgetOthers();
  if (!field.value) { field.value = store.read(draft) || ""; grow(); }
  store.write(draft, "");
  for (const item of queue) draw(item, true);
  relock();
  if (stuck) toEnd();
  listen();
  sync();
})();
