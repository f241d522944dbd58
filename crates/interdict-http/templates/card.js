// Stripe's own field for cards, in a frame of Stripe's: a card's number never comes to this service.
// What comes is a token, in the form's hidden field.
"use strict";

const form = document.getElementById("pay");
const button = form.querySelector("button");
const message = document.getElementById("card-message");

function begin() {
  if (typeof Stripe === "undefined") {
    message.textContent = "The field for your card could not be loaded. Please load this page again.";
    button.disabled = true;
    return;
  }
  const stripe = Stripe(form.dataset.stripeKey);
  const style = getComputedStyle(document.body);
  const card = stripe.elements().create("card", {
    style: { base: { color: style.color, fontSize: style.fontSize } },
  });
  card.mount("#card");
  card.on("change", (event) => {
    message.textContent = event.error ? event.error.message : "";
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const made = await stripe.createPaymentMethod({ type: "card", card });
    if (made.error) {
      message.textContent = made.error.message;
      button.disabled = false;
      return;
    }
    form.elements.paymentMethod.value = made.paymentMethod.id;
    form.submit();
  });
}

begin();
