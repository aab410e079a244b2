/* The start page's cards change places in the list of what is shown. */

for (const form of document.querySelectorAll("[data-arrange]")) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    const card = button.closest("[data-card]");
    if (button.dataset.move === "-1") card.previousElementSibling?.before(card);
    else card.nextElementSibling?.after(card);
    button.focus();
  });
}
