// Stripe's own field for cards, in a frame of Stripe's: a card's number never comes to this service.
// What comes is a token, in the form's hidden field. The button waits for the field: a form without a
// token must not be sent.
"use strict";

const form = document.getElementById("pay");
const button = form.querySelector("button");
const message = document.getElementById("card-message");
const NOT_LOADED = "The field for your card could not be loaded. Please load this page again.";

function showField() {
  const stripe = Stripe(form.dataset.stripeKey);
  const style = getComputedStyle(document.body);
  const card = stripe.elements().create("card", {
    style: { base: { color: style.color, fontSize: style.fontSize } },
  });
  card.on("ready", () => {
    button.disabled = false;
  });
  card.on("change", (event) => {
    message.textContent = event.error ? event.error.message : "";
  });
  card.mount("#card");
  return () => stripe.createPaymentMethod({ type: "card", card });
}

async function pay(makeToken) {
  button.disabled = true;
  try {
    const made = await makeToken();
    if (made.paymentMethod) {
      form.elements.paymentMethod.value = made.paymentMethod.id;
      form.submit();
      return;
    }
    message.textContent = made.error.message;
  } catch {
    message.textContent = "Your card could not be checked, and nothing was charged. Please try again.";
  }
  button.disabled = false;
}

try {
  const makeToken = showField();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    pay(makeToken);
  });
} catch {
  message.textContent = NOT_LOADED;
}

// Back from the bank's page by the browser's own button: what it kept may be over by now.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    window.location.reload();
  }
});
