// Odus, Restrictions, "Apply a Restriction via the Dashboard" and "Remove a Restriction", word for word.
import { api, assert, look, lookOnPhone, signIn, tell } from "./story.mjs";

await tell(async (page) => {
  const customer = await api("/customers", { email: "anna@example.com", name: "Anna <i>Example</i>" });
  await signIn(page);
  // Open the Customers section and select the customer.
  await page.getByRole("link", { name: "Customers" }).click();
  await look(page, "customers");
  await lookOnPhone(page, "customers");
  await page.getByRole("link", { name: /Anna .*anna@example.com/ }).click();
  const name = page.getByRole("heading", { level: 1 });
  await name.getByText("Anna <i>Example</i>").waitFor();
  const chip = name.getByText("Restricted", { exact: true });
  assert((await chip.count()) === 0, "nobody is restricted yet");
  // Click the Actions button and select Restrict customer.
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Restrict customer" }).click();
  // Fill in the Restrict reason field, toggle, and click Restrict.
  const dialog = page.getByRole("dialog", { name: "Restrict customer" });
  await dialog.getByLabel("Restrict reason").fill("chargeback <script>alert(1)</script>");
  await dialog.getByRole("switch", { name: "Restrict customer initiated" }).check();
  await look(page, "restrict");
  await dialog.getByRole("button", { name: "Restrict" }).click();
  // The page shows a red Restricted chip next to the customer name.
  await chip.waitFor();
  await look(page, "customer-restricted");
  await lookOnPhone(page, "customer-restricted");
  assert((await page.getByText("chargeback <script>").count()) > 0, "the reason is text, and stays it");
  const attempt = { customer: customer.id };
  assert((await api("/v1/decisions", { initiator: "customer", ...attempt })).outcome === "block", "CIT is blocked");
  assert((await api("/v1/decisions", { initiator: "merchant", ...attempt })).outcome === "allow", "MIT is not");
  // The same steps, with the switch off.
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Restrict customer" }).click();
  await dialog.getByRole("switch", { name: "Restrict customer initiated" }).uncheck();
  await dialog.getByRole("button", { name: "Restrict" }).click();
  await page.getByText("The restriction is lifted.").waitFor();
  assert((await chip.count()) === 0, "the chip is gone");
  // Undo instead of fear.
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.").waitFor();
  await chip.waitFor();
});
