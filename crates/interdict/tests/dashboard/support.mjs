// As a support person would: find a customer by part of an address, see why a payment was refused, lift it, with
// the keyboard and no manual.
import { BASE, PASSWORD, api, assert, look, signIn, tell } from "./story.mjs";

await tell(async (page) => {
  const customer = await api("/v1/customers", { email: "zoe.miller@example.com", name: "Zoe Miller" });
  await api("/v1/customers", { email: "zoe.miller@example.com", name: "Zoe M." });
  await api("/blacklist", { email: "zoe.miller@example.com", reason: "stolen card, 12 March" });
  const somebody = await api("/v1/customers", { email: "somebody@example.com" });
  // Two who came with the same device.
  for (const { id } of [customer, somebody]) {
    await api("/v1/decisions", { initiator: "customer", customer: id, device: "dev_42" });
  }
  await page.goto(`${BASE}/dashboard/test/customers?query=miller`);
  await look(page, "sign-in");
  await page.getByLabel("Email").fill("owner@interdict.local");
  await page.getByLabel("Password").fill("not the password");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("Email or password is wrong.").waitFor();
  await look(page, "sign-in-refused");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  // Back where one wanted to go.
  await page.getByRole("row", { name: /Zoe Miller/ }).waitFor();
  assert((await page.getByRole("row", { name: /somebody/ }).count()) === 0, "the search was kept");
  await page.getByLabel("Search").fill("");
  await page.getByRole("row", { name: /somebody/ }).waitFor();
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("oe.mil");
  await page.getByRole("row", { name: /somebody/ }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: /Zoe Miller/ }).focus();
  await page.keyboard.press("Enter");
  // Why: what stands, for which payments, with the reason.
  const standing = page.getByRole("region", { name: "Status" });
  await standing.getByText("On the blacklist").first().waitFor();
  await standing.getByText("stolen card, 12 March").first().waitFor();
  await page.getByText("Perhaps the same person").waitFor();
  await page.getByText("Others with the same address: 1").waitFor();
  await page.getByText("Others on the same device: 1").waitFor();
  await look(page, "customer-blocked");
  // Lift it where it stands.
  await standing.getByRole("button", { name: "Lift" }).first().focus();
  await page.keyboard.press("Enter");
  await page.getByText("Deleted. It no longer counts.").waitFor();
  await standing.getByText("No block and no exemption applies.").first().waitFor();
  const decision = await api("/v1/decisions", { initiator: "customer", customer: customer.id });
  assert(decision.outcome === "allow", "lifted");
  // Test and live cannot be mixed up.
  await page.getByText("Test mode", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Switch to live" }).click();
  await page.getByText("Live mode", { exact: true }).waitFor();
  await page.goto(`${BASE}/dashboard/live/customers`);
  await page.getByText("No customers yet.").waitFor();
  await look(page, "customers-live-empty");
  await page.goto(`${BASE}/dashboard/live/customers/${customer.id}`);
  await page.getByText("There is no such customer in this mode.").waitFor();
  await look(page, "not-there");
  // Signed out is out, in every tab.
  await page.goto(`${BASE}/dashboard/test/customers`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.goto(`${BASE}/dashboard/test/customers/${customer.id}`);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});
