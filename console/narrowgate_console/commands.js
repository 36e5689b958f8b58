// Commands by hand: forms ask the API, the page shows what it answers.
(() => {
  async function ask(from, to, body, said) {
    const headers = { "Content-Type": "application/json" };
    if (from.dataset.csrf) headers[from.dataset.header] = from.dataset.csrf;
    from.dataset.asked = "1";
    if (said) said.textContent = "…";
    try {
      const answer = await fetch(to, { method: "POST", headers, body: JSON.stringify(body) });
      const words = await answer.json();
      if (answer.ok) return location.reload();
      if (said) said.textContent = words.message;
      else alert(words.message);
    } catch (fault) {
      if (said) said.textContent = String(fault);
      else alert(String(fault));
    }
    delete from.dataset.asked;
  }

  const minutes = (text) => {
    const [hour, minute] = text.split(":").map(Number);
    return hour * 60 + minute;
  };
  const read = {
    number: (text) => Number(text),
    truth: (text) => text === "true",
    steps: (text) => text.split(";").filter((part) => part.trim()).map((part) => {
      const [at, level] = part.trim().split(/\s+/);
      return { at_min: minutes(at), level_pct: Number(level) };
    }),
  };

  // The offset of the city's clocks at that hour, which may be another than now.
  function zoned(local, zone) {
    const shift = (at) => {
      const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
      return Date.parse(`${clock.format(at).replace(" ", "T")}Z`) - at;
    };
    const meant = Date.parse(`${local}:00Z`);
    const near = meant - shift(meant);
    return new Date(meant - shift(near)).toISOString();
  }

  function body(form) {
    const told = new FormData(form);
    const args = {};
    for (const field of form.querySelectorAll("fieldset:not([disabled]) [data-form]")) {
      if (field.value !== "") args[field.name] = read[field.dataset.form](field.value);
    }
    const asked = { kind: told.get("kind"), arguments: args };
    if (told.has("device")) return { ...asked, device: told.get("device") };
    const values = told.get("values").split(",").map((value) => value.trim()).filter((value) => value);
    asked.selection = { [told.get("column")]: values };
    const begins = form.querySelector("[name=begins]");
    if (begins.value) asked.not_before = zoned(begins.value, begins.dataset.zone);
    return asked;
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form.ng-command");
    if (!form || event.target.name !== "kind") return;
    for (const part of form.querySelectorAll("fieldset")) {
      part.hidden = part.disabled = part.dataset.kind !== event.target.value;
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form.ng-command")) return;
    event.preventDefault();
    // A second press while the first is under way is no second command.
    if (!form.dataset.asked) ask(form, form.dataset.to, body(form), form.querySelector(".ng-work-said"));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.ng-take-back");
    if (button && !button.dataset.asked) ask(button, button.dataset.to, {}, null);
  });
})();
