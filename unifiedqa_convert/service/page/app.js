/** The page: loads the datasets and models, and shows the view that the URL names. */

import { get } from "./api.js";
import { Ask } from "./ask.js";
import { Convert } from "./convert.js";
import { $ } from "./dom.js";
import { Quiz } from "./quiz.js";

const VIEWS = ["convert", "ask", "quiz"];
const FIRST = "commonsenseqa";

async function start() {
  show(here().view);
  const [datasets, models] = await Promise.all([get("/v1/datasets"), get("/v1/models")]);
  const { question_converter: converter, score } = models;
  const loaded = [`${converter.name} ${converter.version}`, score && `${score.name} ${score.version}`];
  $("models").textContent = `unifiedqa-convert ${models.version}, with ${loaded.filter(Boolean).join(" and ")}`;
  const names = datasets.map((one) => one.name);
  const convert = new Convert(datasets, (name) => { location.hash = `#/convert/${name}`; });
  const quiz = new Quiz(datasets, models);
  new Ask(models);
  const go = (focus) => {
    const { view, dataset } = here();
    show(view, focus);
    const first = names.includes(FIRST) ? FIRST : names[0];
    if (view === "convert") convert.open(names.includes(dataset) ? dataset : convert.name ?? first);
    if (view !== "quiz") quiz.stop();
  };
  addEventListener("hashchange", () => go(true));
  go(false);
}

/** The view and dataset in the URL: `#/convert/copa`. */
function here() {
  const [, view, dataset] = location.hash.split("/");
  return { view: VIEWS.includes(view) ? view : VIEWS[0], dataset: dataset && decodeURIComponent(dataset) };
}

function show(view, focus = false) {
  const changed = $(`view-${view}`).hidden;
  for (const name of VIEWS) $(`view-${name}`).hidden = name !== view;
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.getAttribute("href") === `#/${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view[0].toUpperCase()}${view.slice(1)} · unifiedqa-convert`;
  if (focus && changed) {
    $("main").focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

start().catch((error) => {
  $("offline").textContent = error.message;
  $("offline").hidden = false;
  throw error;
});
