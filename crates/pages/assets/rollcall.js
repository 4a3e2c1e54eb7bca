// What makes the pages livelier. Each of them works without.
(() => {
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });
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
      const text = Math.abs(seconds) < 5 ? "just now" : words.format(Math.trunc(seconds / size), unit);
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
    button.textContent = "Copied";
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

  prepare(document);
  document.getElementById("errors")?.focus();
  document.addEventListener("htmx:after:swap", () => prepare(document));
  setInterval(() => tell(document), 10000);
})();
