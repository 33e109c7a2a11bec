"use strict";
// Sorts a table by the column whose header is clicked; buttons turn Enter and Space into clicks.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.querySelectorAll("th[aria-sort]")];
  heads.forEach((head, at) => head.addEventListener("click", () => {
    const [first, second] = at ? ["descending", "ascending"] : ["ascending", "descending"];
    const order = head.getAttribute("aria-sort") === first ? second : first;
    const sign = order === "ascending" ? 1 : -1;
    const value = (row) => row.cells[at].dataset.v;
    const compare = (one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
      return sign * (at ? a - b : a.localeCompare(b));
    };
    heads.forEach((each) => each.setAttribute("aria-sort", each === head ? order : "none"));
    body.append(...[...body.rows].sort(compare));
  }));
}

// A number in a rationale points at its cell in the heatmap, and opens the call that it leads to.
const cells = new Map([...document.querySelectorAll(".heat td[title]")].map((cell) => {
  return [cell.title.split(" · ").slice(1).join(" · "), cell];
}));
for (const number of document.querySelectorAll("a.number")) {
  const at = number.dataset.at.split("|").map((place) => cells.get(place));
  const point = (on) => () => at.forEach((cell) => cell?.classList.toggle("pointed", on));
  for (const event of ["mouseenter", "focus"]) number.addEventListener(event, point(true));
  for (const event of ["mouseleave", "blur"]) number.addEventListener(event, point(false));
  number.addEventListener("click", () => {
    const call = document.querySelector(`${number.hash} details`);
    if (call) call.open = true;
  });
}
