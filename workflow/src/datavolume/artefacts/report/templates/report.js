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
// What is folded on the screen is printed too
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const item of folded) item.open = true;
});
addEventListener("afterprint", () => {
  for (const item of folded) item.open = false;
});
