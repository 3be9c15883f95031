/* Drawing black parts on a letter: by pointer and by keyboard. The fields below the picture hold what counts. */
"use strict";
(() => {
  const paper = document.querySelector("[data-redact]");
  if (!paper) return;
  const form = paper.closest("form");
  const names = ["x", "y", "w", "h"];
  const most = 20;
  const within = (value, low, high) => Math.min(Math.max(value, low), high);
  const rounded = (value) => Math.round(value * 10) / 10;
  const sets = () => [...form.querySelectorAll(".box-fields")];
  const inputs = (set) => names.map((name) => set.querySelector(`[name="${name}"]`));
  const read = (set) => inputs(set).map((input) => (input.value === "" ? NaN : Number(input.value)));
  const write = (set, values) => inputs(set).forEach((input, at) => { input.value = values ? rounded(values[at]) : ""; });
  const isEmpty = (set) => inputs(set).every((input) => input.value === "");

  function freeSet() {
    const free = sets().find(isEmpty);
    if (free || sets().length >= most) return free;
    const last = sets().at(-1);
    const copy = last.cloneNode(true);
    write(copy, null);
    copy.querySelector("legend").textContent = paper.dataset.box.replace("{number}", sets().length + 1);
    last.after(copy);
    return copy;
  }

  function place(mark, [x, y, w, h]) {
    // By script, because the page's policy takes no style written into it.
    mark.style.left = `${x}%`;
    mark.style.top = `${y}%`;
    mark.style.width = `${w}%`;
    mark.style.height = `${h}%`;
  }

  function draw() {
    const focused = document.activeElement?.dataset?.of;
    paper.querySelectorAll(".mark").forEach((mark) => mark.remove());
    sets().forEach((set, at) => {
      const values = read(set);
      if (values.some(Number.isNaN)) return;
      const mark = document.createElement("button");
      mark.type = "button";
      mark.className = "mark";
      mark.dataset.of = String(at);
      mark.setAttribute("aria-label", paper.dataset.box.replace("{number}", at + 1));
      place(mark, values);
      mark.addEventListener("keydown", (event) => byKey(event, set, at));
      paper.append(mark);
      if (focused === String(at)) mark.focus();
    });
  }

  function byKey(event, set, at) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") {
      write(set, null);
      event.preventDefault();
      draw();
      form.querySelector("[data-add]").focus();
    } else if (step) {
      let [x, y, w, h] = read(set);
      if (event.shiftKey) [w, h] = [within(w + step[0], 0.5, 100 - x), within(h + step[1], 0.5, 100 - y)];
      else [x, y] = [within(x + step[0], 0, 100 - w), within(y + step[1], 0, 100 - h)];
      write(set, [x, y, w, h]);
      event.preventDefault();
      draw();
    }
  }

  let from = null;
  const at = (event) => {
    const edge = paper.querySelector("img").getBoundingClientRect();
    return [
      within(((event.clientX - edge.left) / edge.width) * 100, 0, 100),
      within(((event.clientY - edge.top) / edge.height) * 100, 0, 100),
    ];
  };
  const between = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1])];
  const drawn = document.createElement("div");
  drawn.className = "mark";

  paper.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    from = at(event);
    paper.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  paper.addEventListener("pointermove", (event) => {
    if (!from) return;
    place(drawn, between(from, at(event)));
    paper.append(drawn);
  });
  addEventListener("pointerup", (event) => {
    if (!from) return;
    const box = between(from, at(event));
    from = null;
    drawn.remove();
    const set = box[2] > 0.5 && box[3] > 0.5 ? freeSet() : null;
    if (set) {
      write(set, box);
      draw();
    }
  });
  addEventListener("pointercancel", () => { from = null; drawn.remove(); });

  form.querySelector("[data-add]").addEventListener("click", () => {
    const set = freeSet();
    if (!set) return;
    write(set, [40, 40, 20, 5]);
    draw();
    paper.querySelector(`[data-of="${sets().indexOf(set)}"]`).focus();
  });
  form.addEventListener("input", draw);
  form.querySelectorAll("[data-drawing]").forEach((part) => { part.hidden = false; });
  draw();
})();
