
function show(event) {
  const turn = event.target.closest?.(".turn");
  if (!turn) return;
  const title = turn.querySelector("title");
  if (title) { // the panel says it at once; the browser's own tooltip would only cover it
    turn.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  const drawing = turn.closest(".drawing");
  const [first, ...rest] = turn.getAttribute("aria-label").split("\n");
  drawing.querySelector(".panel strong").textContent = first;
  drawing.querySelector(".panel span").textContent = rest.join("\n");
  drawing.querySelector(".told")?.classList.remove("told");
  turn.classList.add("told");
}

const STEPS = { ArrowRight: [1, ".turn"], ArrowLeft: [-1, ".turn"], ArrowDown: [1, ".miss"], ArrowUp: [-1, ".miss"] };

function walk(event) {
  const turn = event.target.closest?.(".turn");
  if (!turn || event.altKey || event.ctrlKey || event.metaKey) return;
  const turns = [...turn.closest("svg").querySelectorAll(".turn")];
  let next = { Home: turns[0], End: turns.at(-1) }[event.key];
  if (STEPS[event.key]) {
    const [step, kind] = STEPS[event.key];
    let at = turns.indexOf(turn) + step;
    while (turns[at] && !turns[at].matches(kind)) at += step;
    next = turns[at] ?? turn;
  }
  if (!next) return;
  event.preventDefault();
  turn.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

document.addEventListener("mouseover", show);
document.addEventListener("focusin", show);
document.addEventListener("keydown", walk);
