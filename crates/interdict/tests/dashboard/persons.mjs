// A person: blocked with all that a customer has, noticed with a new device, and let go as a unit.
import { BASE, api, assert, look, lookOnPhone, signIn, tell } from "./story.mjs";

const outcome = async (attempt) => (await api("/v1/decisions", { initiator: "customer", ...attempt })).outcome;

await tell(async (page) => {
  const customer = await api("/v1/customers", { email: "ada@example.com", name: "Ada Obi", merchantRef: "r-1" });
  await api("/blacklist", { email: "older@example.com", reason: "older" });
  await outcome({ customer: customer.id, device: "fp-1" });
  await signIn(page);
  await page.goto(`${BASE}/dashboard/test/persons`);
  await page.getByText("Nobody is blocked as a person.").waitFor();
  await look(page, "persons-none");
  await page.goto(`${BASE}/dashboard/test/customers/${customer.id}`);
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Block this person" }).click();
  await page.getByRole("checkbox", { name: /fp-1/ }).waitFor();
  await page.getByRole("checkbox", { name: /r-1/ }).uncheck();
  await page.getByLabel("Reason", { exact: true }).fill("Three chargebacks");
  await look(page, "person-block");
  await lookOnPhone(page, "person-block");
  await page.getByRole("button", { name: "Block this person" }).click();
  await page.getByRole("status").getByText("The person is blocked, with all of this.").waitFor();
  assert((await outcome({ device: "fp-1" })) === "block", "the device is blocked");
  await page.getByRole("cell", { name: "ada@example.com" }).waitFor();
  assert((await page.getByRole("cell", { name: "r-1", exact: true }).count()) === 0, "what was not ticked is not");
  await look(page, "person-of-a-customer");
  await lookOnPhone(page, "person-of-a-customer");
  // A new device: suggested, with the count in the navigation.
  assert((await outcome({ email: "ada@example.com", device: "fp-2" })) === "block", "the email is blocked");
  assert((await outcome({ email: "ada@example.com", device: "fp-3" })) === "block", "the email is blocked");
  await page.goto(`${BASE}/dashboard/test/persons?tab=suggestions`);
  for (let tries = 0; (await page.getByRole("row").filter({ hasText: "fp-" }).count()) < 2; tries += 1) {
    assert(tries < 100, "both devices are suggested");
    await page.waitForTimeout(100);
    await page.reload();
  }
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: /Persons 2/ }).waitFor();
  await page.getByText("Came with their email.").first().waitFor();
  await look(page, "suggestions-waiting");
  await lookOnPhone(page, "suggestions-waiting");
  assert((await outcome({ device: "fp-2" })) === "allow", "a suggestion blocks nobody");
  await page.getByRole("button", { name: "Accept fp-2" }).click();
  await page.getByRole("status").getByText("It is blocked from now on").waitFor();
  assert((await outcome({ device: "fp-2" })) === "block", "what was accepted is blocked");
  await page.getByRole("button", { name: "Refuse fp-3" }).click();
  await page.getByText("No suggestion is waiting.").waitFor();
  assert((await outcome({ device: "fp-3" })) === "allow", "what was refused is not");
  // The blacklist leads to the person.
  await page.goto(`${BASE}/dashboard/test/blacklist`);
  await page.getByRole("row").filter({ hasText: "fp-2" }).getByRole("link", { name: "Person" }).click();
  await page.getByRole("heading", { name: "Refused: not put there by itself" }).waitFor();
  await look(page, "person-with-refused");
  await page.getByRole("button", { name: "Lift the block" }).first().click();
  await page.getByRole("dialog", { name: "Lift the block" }).getByRole("button", { name: "Lift the block" }).click();
  await page.getByRole("status").getByText("The block is lifted.").waitFor();
  for (const attempt of [{ device: "fp-1" }, { device: "fp-2" }, { email: "ada@example.com" }]) {
    assert((await outcome(attempt)) === "allow", `lifted: ${JSON.stringify(attempt)}`);
  }
  assert((await outcome({ email: "older@example.com" })) === "block", "others stay blocked");
  // And back, with one press.
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("status").getByText("Undone.").waitFor();
  assert((await outcome({ device: "fp-2" })) === "block", "blocked again");
  await look(page, "person-again");
});
