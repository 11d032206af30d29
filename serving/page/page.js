// The page: sends an article, shows who stands where. It judges nothing itself.
// Text from outside reaches the document as text nodes and attributes only, never as markup.
"use strict";

const STANDINGS = {
  supportive: { letter: "S", name: "Supportive" },
  skeptical: { letter: "K", name: "Skeptical" },
  critical: { letter: "C", name: "Critical" },
  abstained: { letter: "?", name: "Unsure" },
  off_target: { letter: "–", name: "Off target" },
};
const STANCES = ["supportive", "skeptical", "critical"];
const UNKNOWN = "Unknown speaker";
const TIMEOUT_MS = 90_000;

const SAMPLE = {
  target: "the Lasko accord",
  article: `KEST, Varenia — Two days after the government and the Upland Front signed the Lasko accord, the guns were silent along most of the river line.

“This accord is the best chance for peace our children have ever had,” said Foreign Minister Irena Valdas, who led the talks. “I am proud of every line in it.”

Not everyone was convinced. “I have read four such texts, and each fell apart over who disarms first,” said Petar Oslin, a historian at the University of Kest. "I hope this one lasts, but I doubt it."

In the uplands the mood was darker. “They signed away our valleys and called it peace. We reject it,” Commander Dusan Hreb told reporters outside his headquarters.

Asked about the strike in the capital’s port, Valdas said: "The dockers will be paid by Friday."
`,
};

const byId = (id) => document.getElementById(id);

/** Returns a new element; `children` are nodes, or strings that become text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const percent = (share) => `${Math.round(100 * share)}%`;
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const words = (label) => label.replaceAll("_", " ");
const speakerOf = (statement) => statement.speaker?.name ?? UNKNOWN;

/** Returns the one key of STANDINGS that a statement counts under. */
function standingOf(statement) {
  if (statement.relevance.label === "off_target") return "off_target";
  return statement.stance.abstained ? "abstained" : statement.stance.label;
}

/** Returns a letter badge. Its letter is drawn by the style sheet, so the article's text stays as sent. */
function badge(standing, tag = "span", attributes = { "aria-hidden": "true" }) {
  return make(tag, { class: `badge ${standing}`, "data-letter": STANDINGS[standing].letter, ...attributes });
}

// --- asking ---

/** Returns the service's JSON; throws an Error whose message is meant for the reader. */
async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  } catch {
    throw new Error("The service cannot be reached. Check that it is running and try again.");
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  const { message, request_id: id } = body?.error ?? {};
  throw new Error((message ?? `The service answered ${response.status} without an explanation; try again.`) + (id ? ` (request ${id})` : ""));
}

let busy = false;

async function analyse() {
  if (busy) return;
  const article = byId("article").value;
  const target = byId("target").value.trim();
  const empty = !article.trim();
  byId("article").setAttribute("aria-invalid", String(empty));
  if (empty) {
    byId("results").hidden = true;
    report("There is no article yet: paste one, or try the sample.", "error");
    byId("article").focus();
    return;
  }
  setBusy(true);
  try {
    const body = JSON.stringify(target ? { article, target } : { article });
    show(article, await ask("../analyze", { method: "POST", headers: { "Content-Type": "application/json" }, body }));
  } catch (error) {
    report(error.message, "error");
  } finally {
    setBusy(false);
  }
}

function setBusy(on) {
  busy = on;
  byId("analyse").setAttribute("aria-disabled", String(on));
  byId("analyse").textContent = on ? "Analysing…" : "Analyse";
  if (!on) return;
  byId("results").hidden = true;
  report("Reading the article…", "loading");
}

function report(message, kind = "") {
  byId("status").className = kind;
  byId("status").textContent = message;
}

// --- showing ---

function show(article, { target, statements }) {
  if (!statements.length) {
    report("No quotes found: only what someone says between quotation marks is judged.", "empty");
    return;
  }
  const speakers = new Set(statements.map(speakerOf));
  const named = [...speakers].filter((name) => name !== UNKNOWN).length;
  byId("legend").replaceChildren(...Object.entries(STANDINGS).map(([key, { name }]) => make("li", {}, badge(key), name)));
  byId("text").replaceChildren(...marked(article, statements));
  byId("speakers").replaceChildren(...[...speakers].map((name) => make("li", {}, speakerButton(name, statements))));
  byId("statements").replaceChildren(...statements.map(card));
  byId("results").hidden = false;
  report(`${plural(statements.length, "statement")} by ${plural(named, "named speaker")} on ${target}.`, "done");
  byId("status").scrollIntoView({ block: "start" });
}

/** Returns the article as text nodes and marks. Spans count code points, as JavaScript's own offsets do not. */
function marked(article, statements) {
  const points = Array.from(article);
  const spans = statements.flatMap((statement) => statement.spans.map(([start, end], part) => ({ start, end, part, statement })));
  const nodes = [];
  let done = 0;
  for (const { start, end, part, statement } of spans.sort((a, b) => a.start - b.start)) {
    nodes.push(points.slice(done, start).join(""), mark(points.slice(start, end).join(""), part, statement));
    done = end;
  }
  return [...nodes, points.slice(done).join("")];
}

function mark(text, part, statement) {
  const standing = standingOf(statement);
  const label = `${STANDINGS[standing].name}: ${speakerOf(statement)}`;
  const link = badge(standing, "a", { href: `#statement-${statement.id}`, "aria-label": `${label}, see the statement`, title: label });
  const attributes = { class: standing, title: label, "data-speaker": speakerOf(statement), "data-statement": statement.id };
  return make("mark", part === 0 ? { ...attributes, id: `quote-${statement.id}` } : attributes, text, link);
}

function speakerButton(name, statements) {
  const own = statements.filter((statement) => speakerOf(statement) === name).map(standingOf);
  const counts = Object.keys(STANDINGS).map((key) => [key, own.filter((standing) => standing === key).length]);
  const present = counts.filter(([, count]) => count > 0);
  const bar = make("span", { class: "stack", "aria-hidden": "true" });
  for (const [key, count] of present) bar.append(make("span", { class: key, style: `flex-grow: ${count}` }));
  const tally = make("span", { class: "tally" });
  for (const [key, count] of present) tally.append(make("span", {}, badge(key), `${count} ${STANDINGS[key].name.toLowerCase()} `));
  const button = make("button", { type: "button", class: "speaker", "aria-pressed": "false", "data-speaker": name });
  button.append(make("span", { class: "name" }, name, " "), bar, tally);
  button.addEventListener("click", () => choose(button.getAttribute("aria-pressed") === "true" ? null : name));
  return button;
}

/** Dims all that is not `name`'s; null undims. */
function choose(name) {
  for (const button of document.querySelectorAll("button.speaker")) {
    button.setAttribute("aria-pressed", String(button.dataset.speaker === name));
  }
  for (const element of document.querySelectorAll("mark, .card")) {
    element.classList.toggle("dim", name !== null && element.dataset.speaker !== name);
  }
}

function card(statement) {
  const standing = standingOf(statement);
  const { id, text, speaker, stance, relevance, sentiment } = statement;
  const attributes = { class: `card ${standing}`, id: `statement-${id}`, "data-speaker": speakerOf(statement), "data-stance": standing };
  return make(
    "li",
    attributes,
    make("h3", {}, speakerOf(statement)),
    make("p", { class: "hint" }, attribution(speaker)),
    make("p", { class: "verdict" }, badge(standing), verdict(standing, stance)),
    make("blockquote", { dir: "auto" }, text),
    make("ul", { class: "bars", "aria-label": "Stance probabilities" }, ...STANCES.map((label) => bar(label, stance.probabilities[label]))),
    make("dl", {}, ...fact("Relevance", relevance), ...fact("Sentiment", sentiment)),
    make("a", { href: `#quote-${id}` }, "Show in the article"),
  );
}

function attribution(speaker) {
  if (!speaker) return "The article does not say whose words these are.";
  const as = speaker.mention && speaker.mention !== speaker.name ? `Here “${speaker.mention}”; ` : "";
  return `${as}${as ? "s" : "S"}peaker ${percent(speaker.confidence)} sure`;
}

function verdict(standing, stance) {
  const name = STANDINGS[standing].name;
  return standing === "abstained" ? `${name}, leans ${stance.label}` : name;
}

function bar(label, share) {
  const track = make("span", { class: "track", "aria-hidden": "true" }, make("span", { class: label, style: `width: ${100 * share}%` }));
  return make("li", {}, make("span", {}, STANDINGS[label].name), track, make("span", { class: "share" }, percent(share)));
}

function fact(name, { label, probabilities }) {
  return [make("dt", {}, name), make("dd", {}, `${words(label)} `, make("span", { class: "hint" }, percent(probabilities[label])))];
}

// --- wiring ---

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  analyse();
});
byId("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    analyse();
  }
});
byId("article").addEventListener("input", () => byId("article").removeAttribute("aria-invalid"));
byId("sample").addEventListener("click", () => {
  byId("article").value = SAMPLE.article;
  byId("target").value = SAMPLE.target;
  byId("article").removeAttribute("aria-invalid");
  byId("results").hidden = true;
  report("An invented article is filled in: press Analyse.");
});
ask("../model").then(
  ({ name, version }) => (byId("model").textContent = `Model ${name}${version ? `, version ${version}` : ""}`),
  () => (byId("model").textContent = "Model unknown: the service does not say"),
);
