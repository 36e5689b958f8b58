// The desk by hand and by keyboard: steps are asked of the API, the page shows what it answers.
(() => {
  const form = () => document.querySelector("form.ng-work");
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;

  async function take(work) {
    const said = work.querySelector(".ng-work-said");
    const told = Object.fromEntries([...new FormData(work)].filter(([, value]) => value !== ""));
    const wanted = (work.querySelector("select").selectedOptions[0].dataset.asks || "").split(" ");
    const body = { step: told.step, reason: told.reason || "", seen: Number(work.dataset.seen) };
    for (const name of ["unit", "into", "by_h"]) {
      if (wanted.includes(name) && told[name] !== undefined) {
        body[name] = name === "by_h" ? Number(told[name]) : told[name];
      }
    }
    const headers = { "Content-Type": "application/json" };
    if (work.dataset.csrf) headers[work.dataset.header] = work.dataset.csrf;
    said.textContent = "…";
    work.dataset.asked = "1";
    try {
      const answer = await fetch(work.dataset.to, { method: "POST", headers, body: JSON.stringify(body) });
      const words = await answer.json();
      if (answer.ok) return location.reload();
      said.textContent = words.message;
    } catch (fault) {
      said.textContent = String(fault);
    }
    delete work.dataset.asked;
  }

  function show(work) {
    const wanted = (work.querySelector("select").selectedOptions[0].dataset.asks || "").split(" ");
    for (const name of ["unit", "into", "by_h"]) {
      work.querySelector(`.ng-asks-${name}`).hidden = !wanted.includes(name);
    }
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.ng-work")) return;
    event.preventDefault();
    // A second press while the first is under way is no second step.
    if (!event.target.dataset.asked) take(event.target);
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("form.ng-work")) show(form());
  });

  // A form that is laid out anew because the case has moved keeps what was being typed.
  let reason = "";
  document.addEventListener("input", (event) => {
    if (event.target.matches("form.ng-work [name=reason]")) reason = event.target.value;
  });
  new MutationObserver(() => {
    const typed = document.querySelector("form.ng-work [name=reason]");
    if (typed && typed.value === "" && document.activeElement !== typed) typed.value = reason;
  }).observe(document.body, { childList: true, subtree: true });

  let row = -1;
  function move(by) {
    const links = [...document.querySelectorAll(".ng-queue td.ng-col-number a, .ng-queue .ng-col-number a")];
    if (!links.length) return;
    row = Math.max(0, Math.min(links.length - 1, row + by));
    links[row].focus();
  }
  document.addEventListener("keydown", (event) => {
    const work = form();
    if (event.key === "Enter" && event.ctrlKey && work && work.contains(event.target)) {
      event.preventDefault();
      work.requestSubmit();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const search = document.querySelector(".ng-filters input[name=text]");
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "/" && search) search.focus();
    else if (event.key === "s" && work) work.querySelector("select").focus();
    else return;
    event.preventDefault();
  });
})();
