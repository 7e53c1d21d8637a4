// The page works without this. With it a turn needs no reload, and the state lives in the memory of this tab alone.

const page = document.documentElement;
const log = document.getElementById("log");
const PATIENCE = 25_000; // milliseconds until an answer is given up
const UNHURRIED = 400; // milliseconds before it says that somebody is writing
const LEAVING_PRESSES = 3;
const LEAVING_WITHIN = 2_000; // milliseconds

let state = null;
let underway = null; // the AbortController of the turn that waits for its answer
let failed = []; // the elements of a turn that did not get through
let gone = false;

const byId = (id) => document.getElementById(id);
const copyOf = (id) => byId(id).content.firstElementChild.cloneNode(true);

function takeState(root) {
  for (const field of root.querySelectorAll('input[name="state"]')) {
    state = field.value;
    field.remove();
  }
}

// -- leaving ----------------------------------------------------------------------------------------------------------

function leave() {
  const elsewhere = byId("exit").href;
  gone = true;
  state = null;
  underway?.abort();
  document.body.replaceChildren();
  location.replace(elsewhere);
}

let presses = [];

document.addEventListener("keydown", (event) => {
  if (event.key !== "Shift") presses = [];
  else if (!event.repeat) {
    presses = [...presses, event.timeStamp].filter((time) => event.timeStamp - time < LEAVING_WITHIN);
    if (presses.length >= LEAVING_PRESSES && !gone) leave();
  }
});

document.addEventListener("click", (event) => {
  const languages = byId("languages");
  if (languages?.open && !languages.contains(event.target)) languages.open = false;
  if (event.target.closest?.("#exit")) {
    event.preventDefault();
    leave();
  }
});

// A page that the browser kept for the way back shows nothing either.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && gone) location.reload();
});

// -- a turn -----------------------------------------------------------------------------------------------------------

function turnOf(form, button) {
  const fields = new FormData(form);
  if (button?.name) fields.append(button.name, button.value);
  const choices = fields.getAll("choice");
  if (fields.has("language")) return { body: { language: fields.get("language") }, said: button.textContent };
  if (choices.length) {
    const ticked = [...form.querySelectorAll("input:checked")].map((box) => box.parentElement.textContent.trim());
    const said = ticked.length ? new Intl.ListFormat(page.lang).format(ticked) : button.textContent;
    return { body: { choice: choices.length === 1 ? choices[0] : choices }, said };
  }
  const text = fields.get("text").trim();
  return text && { body: { text }, said: text, written: true };
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-turn]")) return;
  event.preventDefault();
  if (underway) return;
  const turn = turnOf(event.target, event.submitter);
  if (!turn) return;
  byId("languages").open = false;
  forgetFailed();
  if (turn.written) byId("text").value = "";
  send(turn);
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "text" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  if (!matchMedia("(pointer: fine)").matches) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

async function send(turn) {
  const said = copyOf("said");
  said.querySelector("p").textContent = turn.said;
  log.append(said);
  bring(said);
  const writing = copyOf("writing");
  const unhurried = setTimeout(() => log.append(writing), UNHURRIED);
  underway = new AbortController();
  const patience = setTimeout(() => underway.abort(), PATIENCE);
  try {
    const response = await fetch("/api/turn", {
      method: "POST",
      body: JSON.stringify({ state, ...turn.body }),
      headers: { "Content-Type": "application/json", Accept: "text/html", "Accept-Language": page.lang },
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: underway.signal,
    });
    const answer = await response.text();
    if (gone) return;
    if (response.ok) hear(new DOMParser().parseFromString(answer, "text/html"), said, turn);
    else miss(turn, said, JSON.parse(answer).message);
  } catch {
    if (!gone) miss(turn, said, null);
  } finally {
    clearTimeout(unhurried);
    clearTimeout(patience);
    writing.remove();
    underway = null;
  }
}

function hear(answer, said, turn) {
  if ("ended" in answer.documentElement.dataset) return leave();
  const newest = document.adoptNode(answer.getElementById("newest"));
  const older = byId("newest");
  takeState(newest);
  // Only the newest questions can be answered; older ones stay as what was said.
  older.querySelectorAll(".choices, .hint, .progress").forEach((element) => element.remove());
  older.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
  older.querySelectorAll("[aria-labelledby]").forEach((element) => element.removeAttribute("aria-labelledby"));
  older.removeAttribute("id");
  older.removeAttribute("aria-labelledby");
  older.removeAttribute("tabindex");
  if (answer.documentElement.lang !== page.lang) speak(answer);
  log.append(newest);
  const text = byId("text");
  const isWriting = text.value !== "" || (turn.written && matchMedia("(pointer: fine)").matches);
  if (!isWriting) newest.focus({ preventScroll: true });
  if (text.value === "") bring(said);
}

// The whole page changes its language; what was said before keeps its own.
function speak(answer) {
  const draft = byId("text").value;
  takeState(answer);
  page.lang = answer.documentElement.lang;
  page.dir = answer.documentElement.dir;
  for (const id of ["languages", "exit", "composer", "bottom", "said", "writing", "failed"]) {
    byId(id).replaceWith(document.adoptNode(answer.getElementById(id)));
  }
  document.querySelector(".skip").textContent = answer.querySelector(".skip").textContent;
  log.setAttribute("aria-label", answer.getElementById("log").getAttribute("aria-label"));
  const [old, review] = [byId("review"), answer.getElementById("review")];
  if (review) old ? old.replaceWith(review) : log.before(review);
  else old?.remove();
  byId("text").value = draft;
}

function miss(turn, said, message) {
  const notice = copyOf("failed");
  const [text, again] = [notice.querySelector("p"), notice.querySelector("button")];
  text.textContent = message ?? text.dataset.away;
  again.addEventListener("click", () => {
    if (underway) return;
    forgetFailed();
    if (turn.written && byId("text").value.trim() === turn.body.text) byId("text").value = "";
    send(turn);
  });
  failed = [said, notice];
  log.append(notice);
  if (turn.written && byId("text").value === "") byId("text").value = turn.body.text;
  again.focus({ preventScroll: true });
  bring(notice);
}

function forgetFailed() {
  failed.forEach((element) => element.remove());
  failed = [];
}

function bring(element) {
  element.scrollIntoView({ block: "start" });
}

takeState(document);
