// "Why was I refused on Tuesday?": somebody who supports customers finds the decision, sees what it rested on, lifts that, and
// sees what the same attempt would get now. What was said stays as it was.
import { api, assert, look, lookOnPhone, signIn, tell } from "./story.mjs";

await tell(async (page) => {
  await api("/blacklist", { email: "zoe@example.com", reason: "typed <b>wrong</b>" });
  const refused = await api("/v1/decisions", { initiator: "customer", email: "zoe@example.com", device: "d-1" });
  await api("/v1/decisions", { initiator: "customer", email: "somebody@example.com" });
  await signIn(page);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Decisions" }).click();
  const rows = page.locator("#rows tbody tr");
  assert((await rows.count()) === 2, "both are in the log");
  // A filter is enough by being chosen.
  await page.getByLabel("Outcome").selectOption("Blocked");
  await page.waitForFunction(() => document.querySelectorAll("#rows tbody tr").length === 1);
  assert(page.url().includes("outcome=block"), "the address can be sent to somebody");
  // By what the payer says, in whatever form.
  await page.getByLabel("Outcome").selectOption("Any");
  await page.waitForFunction(() => document.querySelectorAll("#rows tbody tr").length > 1);
  await page.getByLabel("Identifier, exactly").fill(" ZOE@Example.com");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForFunction(() => document.querySelectorAll("#rows tbody tr").length === 1);
  await rows.getByText("zoe@example.com").waitFor();
  await look(page, "decisions-found");
  await lookOnPhone(page, "decisions-found");
  await rows.getByRole("link").first().click();
  await page.getByText(refused.id).waitFor();
  await page.getByText("typed <b>wrong</b>").waitFor();
  assert((await page.locator("tr.decides").innerText()).startsWith("3"), "the third step decided");
  await look(page, "decision-found");
  const address = page.url();
  // From the source to where it is lifted.
  await page.locator(".sources a").first().click();
  await page.getByText("zoe@example.com").first().waitFor();
  assert(page.url().includes("/entries/bl_"), "it leads to the entry");
  const listed = await api("/blacklist?email[eq]=zoe@example.com", undefined, "GET");
  await api(`/blacklist/${listed.data[0].id}`, undefined, "DELETE");
  await page.goto(address);
  assert((await page.locator("tr.decides").innerText()).startsWith("3"), "what was said stays");
  await page.getByRole("link", { name: "See what the same attempt would get now" }).click();
  await page.getByText("No block and no exemption applies.").waitFor();
});
