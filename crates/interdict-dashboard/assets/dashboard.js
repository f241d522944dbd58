// What makes the pages nicer: each of them works without it.
"use strict";

// Times in the reader's own zone.
function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-shown])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    time.dataset.shown = "";
  }
}

// Dialogs in browsers that do not know of `command` and `commandfor`.
function invoke(event) {
  if ("commandForElement" in HTMLButtonElement.prototype) return;
  const button = event.target.closest("button[commandfor]");
  const dialog = button && document.getElementById(button.getAttribute("commandfor"));
  if (!dialog) return;
  if (button.getAttribute("command") === "show-modal") dialog.showModal();
  else dialog.close();
}

// A dialog that the server sent open, because something in it was wrong, is a real one again.
function reopen() {
  for (const dialog of document.querySelectorAll("dialog[open]")) {
    dialog.close();
    dialog.showModal();
  }
}

// Arrows in menus, as menus have them.
function moveInMenu(event) {
  const menu = event.target.closest("[role=menu]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || !step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("[role=menuitem]")];
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
}

// "/" goes to the search field.
function findSearch(event) {
  const typing = event.target.closest("input, textarea, select, dialog[open]");
  const search = document.querySelector("[data-search]");
  if (event.key !== "/" || typing || !search || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  search.focus();
  search.select();
}

// One box that ticks all others.
function tickAll(event) {
  const name = event.target.dataset && event.target.dataset.all;
  if (!name) return;
  for (const box of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)) {
    box.checked = event.target.checked;
  }
}

// The label of a value is the kind that was chosen.
function nameValue(select) {
  const label = select.form.querySelector(".of-kind span");
  label.textContent = select.selectedOptions[0].text;
  document.getElementById(label.parentElement.htmlFor).inputMode = { email: "email", phone: "tel" }[select.value] || "text";
}

// On a narrow screen a row stands as a block, and each cell says what it is. The roles stay those of a table.
function nameCells(root) {
  for (const table of root.querySelectorAll("table:not(.stacks)")) {
    const heads = [...table.querySelectorAll("thead th")];
    if (heads.length === 0) continue;
    const names = heads.map((head) => (head.querySelector(".hidden, input") ? "" : head.textContent.trim()));
    table.classList.add("stacks");
    table.setAttribute("role", "table");
    for (const part of table.querySelectorAll("thead, tbody")) part.setAttribute("role", "rowgroup");
    for (const head of heads) head.setAttribute("role", "columnheader");
    for (const row of table.rows) {
      row.setAttribute("role", "row");
      if (row.parentElement.localName === "thead") continue;
      [...row.cells].forEach((cell, at) => {
        cell.setAttribute("role", cell.localName === "th" ? "rowheader" : "cell");
        if (names[at] && cell.textContent.trim()) cell.dataset.name = names[at];
      });
    }
  }
}

document.addEventListener("click", invoke);
document.addEventListener("change", tickAll);
document.addEventListener("change", (event) => {
  if (event.target.matches(".kind-chosen")) nameValue(event.target);
});
document.addEventListener("keydown", moveInMenu);
document.addEventListener("keydown", findSearch);
document.addEventListener("toggle", (event) => {
  if (event.newState === "open" && event.target.matches("[role=menu]")) event.target.querySelector("[role=menuitem]").focus();
}, true);
document.addEventListener("htmx:afterSwap", () => {
  showTimes(document);
  nameCells(document);
});
document.documentElement.classList.add("scripted");
document.querySelectorAll(".kind-chosen").forEach(nameValue);
reopen();
showTimes(document);
nameCells(document);
// On a phone the pages stand in a line that moves: the one where one is comes into sight.
document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
