// What makes the pages livelier. Each of them works without.
(() => {
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

  // Times in the viewer's zone, and as long ago as they are by now.
  const tell = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = exact.format(at);
      if (time.hasAttribute("data-exact")) continue;
      const seconds = Math.round((at - Date.now()) / 1000);
      const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[5];
      const text = Math.abs(seconds) < 5 ? document.body.dataset.justNow : words.format(Math.trunc(seconds / size), unit);
      if (time.textContent !== text) time.textContent = text;
    }
  };

  const prepare = (root) => {
    tell(root);
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
    for (const part of root.querySelectorAll("[data-script][hidden]")) part.hidden = false;
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(field.value ?? field.textContent);
    } catch {
      field.select?.();
      document.execCommand("copy");
    }
    const before = button.innerHTML;
    button.textContent = document.body.dataset.copied;
    setTimeout(() => { button.innerHTML = before; }, 1500);
  });

  // A file is read into the field that it stands for; nothing is sent before the form is.
  document.addEventListener("change", async (event) => {
    const file = event.target.closest?.("[data-into]")?.files?.[0];
    if (file) document.getElementById(event.target.dataset.into).value = await file.text();
  });

  // "/" and Ctrl-K or Command-K lead to the search.
  document.addEventListener("keydown", (event) => {
    const search = document.querySelector("[data-key='/']");
    const isTyping = event.target.closest?.("input, textarea, select");
    const isWanted = (event.key === "/" && !isTyping) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
    if (!search || !isWanted) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  // A page that is seen hears at once that there is something new. One that is not seen holds no connection.
  let heard = null;
  let due = 0;
  const hear = () => {
    const part = document.querySelector("[data-live]");
    if (!part || document.hidden || heard) return;
    heard = new EventSource(part.dataset.live);
    heard.addEventListener("moved", () => {
      if (due) return;
      // However much happens, a page does not ask more often than this.
      due = setTimeout(() => {
        due = 0;
        for (const part of document.querySelectorAll("[hx-trigger^='moved']")) part.dispatchEvent(new CustomEvent("moved"));
      }, 500);
    });
  };
  const rest = () => { heard?.close(); heard = null; };
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : hear()));
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", hear);

  prepare(document);
  document.getElementById("errors")?.focus();
  document.addEventListener("htmx:after:swap", () => prepare(document));
  setInterval(() => tell(document), 10000);
})();
