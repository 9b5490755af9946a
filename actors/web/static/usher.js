// Keeps the page Tonight up to date: replaces the parts that the server sends, and moves the film's position between
// them. Without this script the page is complete, as of when it was loaded.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const SILENT_MS = 50000, BLINK_MS = 4000;
  const stale = document.querySelector("[data-stale]");
  const have = new Map(live.dataset.have.split(",").map((pair) => pair.split(":")));
  let source = null, heardAt = Date.now(), serverAhead = 0;

  const clock = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    return `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, "0")}:${String(s % 60).padStart(2, "0")}`;
  };

  // Moves everything that shows where the film is.
  const move = () => {
    const hero = live.querySelector("[data-position]");
    if (!hero) return;
    const length = Number(hero.dataset.length);
    let at = Number(hero.dataset.position) + Math.max(0, Date.now() + serverAhead - Number(hero.dataset.at));
    if (length) at = Math.min(at, length);
    const label = hero.querySelector("[data-clock]"), text = clock(at);
    if (label.textContent !== text) label.textContent = text;
    if (!length) return;
    const percent = (100 * at) / length;
    for (const mark of live.querySelectorAll("[data-head]"))
      for (const name of mark.dataset.head.split(" ")) mark.setAttribute(name, `${percent}%`);
    for (const bar of live.querySelectorAll("[data-from]"))
      bar.setAttribute("width", `${Math.max(0, percent - Number(bar.dataset.from))}%`);
  };

  // Says since when there is no contact, or takes that back.
  const judge = () => {
    const silent = Date.now() - heardAt > (source && source.readyState === 1 ? SILENT_MS : BLINK_MS);
    const text = silent ? stale.dataset.stale.replace("{clock}", new Date(heardAt).toTimeString().slice(0, 5)) : "";
    if (stale.textContent !== text) stale.textContent = text;
    document.body.classList.toggle("is-stale", silent);
    if (silent && source && Date.now() - heardAt > 2 * SILENT_MS) open();
  };

  const replace = (sent) => {
    const old = live.querySelector(`[data-part="${sent.part}"]`);
    const holder = document.createElement("template");
    holder.innerHTML = sent.html;
    const fresh = holder.content.firstElementChild;
    if (!old || !fresh) return;
    old.replaceWith(fresh);
    have.set(sent.part, sent.version);
    if (fresh.dataset.title) document.title = `${fresh.dataset.title} · Usher`;
    move();
  };

  function open() {
    close();
    const pairs = [...have].map((pair) => pair.join(":")).join(",");
    source = new EventSource(`${live.dataset.events}?have=${encodeURIComponent(pairs)}`);
    source.addEventListener("beat", (event) => {
      heardAt = Date.now();
      serverAhead = Number(event.data) - heardAt;
      judge();
    });
    source.addEventListener("part", (event) => replace(JSON.parse(event.data)));
    source.onerror = () => { if (source.readyState === 2) setTimeout(() => document.hidden || open(), BLINK_MS); };
  }
  function close() {
    if (source) source.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pageshow", (event) => event.persisted && open());
  setInterval(() => { if (!document.hidden) { move(); judge(); } }, 1000);
  if (!document.hidden) open();
})();
