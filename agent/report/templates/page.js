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

const on = (element, events, then) => {
  for (const event of events) element.addEventListener(event, then);
};

// A number in a rationale points at its cell in the heatmap, and opens the call that it leads to. A finger has nothing
// to point with: it is told first where the number stands, with the way to its call.
const cells = new Map([...document.querySelectorAll(".heat td[title]")].map((cell) => {
  return [cell.title.split(" · ").slice(1).join(" · "), cell];
}));
const open = (hash) => {
  const call = document.querySelector(`${hash} details`);
  if (call) call.open = true;
};
for (const number of document.querySelectorAll(".number[title]")) {
  const at = (number.dataset.at ?? "").split("|").map((place) => cells.get(place));
  const point = (lit) => () => at.forEach((cell) => cell?.classList.toggle("pointed", lit));
  on(number, ["mouseenter", "focus"], point(true));
  on(number, ["mouseleave", "blur"], point(false));
  let finger = false;
  number.addEventListener("pointerdown", (event) => { finger = event.pointerType === "touch"; });
  number.addEventListener("click", (event) => {
    if (!finger) return number.hash && open(number.hash);
    event.preventDefault();
    const stands = number.closest(".why").querySelector(".stands");
    const told = document.createElement(number.hash ? "a" : "span");
    if (number.hash) {
      told.href = number.hash;
      told.addEventListener("click", () => open(number.hash));
    }
    told.textContent = `${number.textContent}: ${number.title}`;
    stands.replaceChildren(told);
    stands.hidden = false;
  });
}

// A row of the heatmap, a recommendation, or what the chart has of a sector itself shows that sector in the chart.
const chart = document.querySelector("svg.rotation");
const drawn = [...document.querySelectorAll("svg.rotation [data-sector]")];
for (const row of chart ? [...document.querySelectorAll(".heat tr[data-sector], .advice li[data-sector]"), ...drawn] : []) {
  const own = drawn.filter((each) => each.dataset.sector === row.dataset.sector);
  const show = (lit) => () => {
    chart.classList.toggle("pointing", lit && own.length > 0);
    own.forEach((each) => each.classList.toggle("pointed", lit));
  };
  on(row, ["mouseenter", "focusin"], show(true));
  on(row, ["mouseleave", "focusout"], show(false));
}

// Says that a table or a drawing goes on to the right, where it does.
for (const frame of document.querySelectorAll(".cut")) {
  const box = frame.firstElementChild;
  const look = () => {
    const more = box.scrollWidth - box.clientWidth - box.scrollLeft > 4;
    frame.classList.toggle("more", more);
    frame.nextElementSibling.hidden = box.scrollWidth <= box.clientWidth + 4;
  };
  on(box, ["scroll"], look);
  on(window, ["resize"], look);
  look();
}
