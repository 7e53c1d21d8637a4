"use strict";
// Passkeys need a script; everything else works without. What is hidden is shown where the browser knows passkeys.

async function send(address, csrf, content) {
  return fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(content),
  });
}

async function use(place) {
  const { options, passkey, csrf, next } = place.dataset;
  const begun = await send(options, csrf, {});
  if (!begun.ok) throw new Error("options");
  const asked = await begun.json();
  const credential = asked.user
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  const label = place.querySelector("input");
  const done = await send(passkey, csrf, { answer: credential.toJSON(), next, label: label ? label.value : "" });
  const told = await done.json();
  if (!done.ok) throw new Error(told.message || "refused");
  if (told.codes && told.codes.length) {
    show(told);
  } else {
    location.assign(told.next);
  }
}

function show(told) {
  const main = document.querySelector("main");
  const list = document.createElement("ul");
  list.className = "codes";
  for (const code of told.codes) {
    const item = list.appendChild(document.createElement("li"));
    item.appendChild(document.createElement("code")).textContent = code;
  }
  const title = document.createElement("h1");
  title.textContent = told.title;
  title.tabIndex = -1;
  const text = document.createElement("p");
  text.textContent = told.text;
  const link = document.createElement("a");
  link.href = told.next;
  link.textContent = told.link;
  const file = document.createElement("a");
  file.href = told.file;
  file.download = "fyren-recovery-codes.txt";
  file.textContent = told.fileText;
  const ways = [file, link].map((one) => {
    const way = document.createElement("p");
    way.append(one);
    return way;
  });
  main.replaceChildren(title, text, list, ...ways);
  title.focus();
}

if (window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON) {
  for (const place of document.querySelectorAll("[data-passkey]")) {
    place.hidden = false;
    place.nextElementSibling.hidden = true;
    const button = place.querySelector("button");
    const problem = place.querySelector("[role=alert]");
    button.addEventListener("click", async () => {
      button.disabled = true;
      problem.hidden = true;
      try {
        await use(place);
      } catch {
        problem.hidden = false;
        button.disabled = false;
      }
    });
  }
}
