// Keys that work anywhere on a page: "?" shows what they are, arrows press the page's own buttons. Space is the player's.

const FIELDS = "input, textarea, select, [contenteditable], [role=radio], [role=slider], [role=combobox], [role=listbox], " +
  "[role=tab], [role=grid], [role=menu], [role=dialog], dialog, audio, video";

class Shortcuts {
  constructor(root) {
    this.dialog = root.querySelector("dialog");
    root.querySelector(".open").addEventListener("click", () => this.dialog.showModal());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.onKey = (event) => this.key(event);
    window.addEventListener("keydown", this.onKey);
  }

  update({ rows, press }) {
    this.press = press;
    const list = this.dialog.querySelector("dl");
    list.replaceChildren(...rows.flatMap(([keys, meaning]) => {
      const term = document.createElement("dt");
      term.append(...keys.map((key) => Object.assign(document.createElement("kbd"), { textContent: key })));
      return [term, Object.assign(document.createElement("dd"), { textContent: meaning })];
    }));
  }

  key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || this.dialog.open) return;
    const target = event.composedPath()[0];
    if (target instanceof Element && (target.closest(FIELDS) || event.composedPath().some((node) => node.matches?.(FIELDS)))) return;
    if (event.key === "?") {
      event.preventDefault();
      return this.dialog.showModal();
    }
    for (const name of this.press[event.key] ?? []) {
      const button = document.querySelector(`.st-key-${CSS.escape(name)} button:not(:disabled)`);
      if (!button) continue;
      event.preventDefault();
      return button.click();
    }
  }

  close() {
    window.removeEventListener("keydown", this.onKey);
  }
}

export default function ({ data, parentElement }) {
  parentElement.earshotKeys ??= new Shortcuts(parentElement);
  parentElement.earshotKeys.update(data);
  return () => {
    parentElement.earshotKeys?.close();
    parentElement.earshotKeys = null;
  };
}
