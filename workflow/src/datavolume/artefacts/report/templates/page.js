"use strict";
const dialog = document.querySelector("dialog");
const enlarged = dialog.querySelector("img");
for (const button of document.querySelectorAll(".enlarge")) {
  button.addEventListener("click", () => {
    const image = button.querySelector("img");
    enlarged.src = image.src;
    enlarged.alt = image.alt;
    dialog.showModal();
  });
}
enlarged.addEventListener("click", () => dialog.close());

// The contents stand open where there is room beside the page, and say where the reader is
const contents = document.querySelector("nav details");
const room = matchMedia("(min-width: 78rem)");
const unfold = () => { contents.open = room.matches; };
room.addEventListener("change", unfold);
unfold();
const links = [...contents.querySelectorAll("a")].map((link) => [link, document.querySelector(link.hash)]);
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const link = links.find(([, target]) => target === entry.target)[0];
    if (entry.isIntersecting) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-10% 0px -60% 0px" });
for (const [, target] of links) if (target && target !== document.body) seen.observe(target);

// What is folded on the screen is printed too
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("main details:not([open])")];
  for (const item of folded) item.open = true;
});
addEventListener("afterprint", () => {
  for (const item of folded) item.open = false;
});

// Interactive figures: plotly is unpacked at the first click
const packed = document.querySelector("#plotly-packed");
let plotly;
const unpack = async () => {
  const bytes = Uint8Array.from(atob(packed.textContent), (sign) => sign.charCodeAt(0));
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const script = document.createElement("script");
  script.textContent = text;
  document.head.append(script);
  return window.Plotly;
};
const interact = async (button) => {
  const drawing = button.closest("figure").querySelector(".drawing");
  const still = drawing.querySelector(".enlarge");
  let moving = drawing.querySelector(".moving");
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", on);
  button.textContent = on ? "Still figure" : "Interactive figure";
  still.hidden = on;
  still.style.display = on ? "none" : "";
  if (moving) moving.hidden = !on;
  if (!on || moving) return;
  moving = document.createElement("div");
  moving.className = "moving";
  drawing.append(moving);
  plotly ??= unpack();
  const { data, layout } = JSON.parse(document.getElementById(`data-of-${button.dataset.figure}`).textContent);
  delete layout.width;
  delete layout.height;
  await (await plotly).newPlot(moving, data, { ...layout, autosize: true }, { responsive: true, displaylogo: false });
};
for (const button of document.querySelectorAll(".interact")) {
  button.hidden = !(packed && "DecompressionStream" in window);
  button.addEventListener("click", () => interact(button));
}
