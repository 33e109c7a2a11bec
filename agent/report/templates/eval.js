"use strict";
// Shows the cases of the chosen verdict and tag; a link to a case opens it.
const [verdict, tag] = document.querySelectorAll(".filter select");
const shown = document.querySelector(".filter output");
const cases = [...document.querySelectorAll("[data-verdict]")];
const filter = () => {
  for (const each of cases) {
    const other = verdict.value && verdict.value !== each.dataset.verdict;
    each.hidden = Boolean(other || (tag.value && !each.dataset.tags.split(" ").includes(tag.value)));
  }
  const rows = cases.filter((each) => each.matches("tr"));
  shown.value = `${rows.filter((each) => !each.hidden).length} of ${rows.length} shown`;
};
const open = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.matches("details")) target.open = true;
};
for (const each of [verdict, tag]) each.addEventListener("change", filter);
addEventListener("hashchange", open);
filter();
open();
