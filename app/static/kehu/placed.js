// One tap that says where it is done: the form is sent with the position if the browser gives it within a few seconds, and
// without one if it does not.

const PATIENCE = 4000; // milliseconds

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-placed]");
  if (!form || form.dataset.placed === "known" || !navigator.geolocation) return;
  event.preventDefault();
  const button = event.submitter;
  if (button) button.setAttribute("aria-busy", "true");
  let sent = false;
  const send = (coords) => {
    if (sent) return;
    sent = true;
    form.dataset.placed = "known";
    if (coords) {
      form.elements.latitude.value = coords.latitude.toFixed(6);
      form.elements.longitude.value = coords.longitude.toFixed(6);
    }
    delete form.dataset.sent; // the shell holds back what is sent twice: this is the first time
    form.requestSubmit();
  };
  // The browser's own patience begins only once the person has answered its question.
  setTimeout(send, PATIENCE * 2);
  navigator.geolocation.getCurrentPosition(
    (found) => send(found.coords),
    () => send(),
    { timeout: PATIENCE, maximumAge: 60000 },
  );
});
