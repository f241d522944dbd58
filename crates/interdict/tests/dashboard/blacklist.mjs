// Odus, "The Blacklist" via the dashboard, word for word; and what people expect beyond.
import { api, assert, look, lookOnPhone, signIn, tell } from "./story.mjs";

await tell(async (page) => {
  for (let number = 0; number < 60; number += 1) {
    await api("/blacklist", { email: `user${number}@example.com`, reason: `reason ${number}` });
  }
  await signIn(page);
  await page.getByRole("link", { name: "Blacklist" }).click();
  // All blacklisted addresses, their reason, and the date they were added; a page at a time.
  await page.getByRole("row", { name: /user59@example.com.*reason 59/ }).waitFor();
  await look(page, "blacklist");
  await lookOnPhone(page, "blacklist");
  await page.getByRole("link", { name: "Next page" }).click();
  await page.getByRole("row", { name: /user0@example.com/ }).waitFor();
  // Click the Add button, enter the address, an optional reason, and click Submit.
  await page.getByRole("link", { name: "Blacklist", exact: true }).first().click();
  await page.getByRole("button", { name: "Add" }).click();
  const dialog = page.getByRole("dialog", { name: "Add to the blacklist" });
  await dialog.getByLabel("Email").fill("not an address");
  await dialog.getByLabel("Reason").fill("fraud");
  await dialog.getByRole("button", { name: "Submit" }).click();
  await dialog.getByRole("alert").waitFor();
  await look(page, "add-refused");
  await lookOnPhone(page, "add-refused");
  assert((await dialog.getByLabel("Reason").inputValue()) === "fraud", "what was typed is still there");
  await dialog.getByLabel("Email").fill("Mallory@Example.com");
  await dialog.getByRole("button", { name: "Submit" }).click();
  const row = page.getByRole("row", { name: /mallory@example.com.*fraud/ });
  await row.waitFor();
  const attempt = { initiator: "customer", email: "mallory@example.com" };
  assert((await api("/v1/decisions", attempt)).outcome === "block", "it counts");
  // Find it by a part, as one types.
  await page.getByLabel("Search").fill("allor");
  await page.getByRole("row", { name: /user59/ }).waitFor({ state: "detached" });
  await row.waitFor();
  // Click the delete action next to the entry and confirm.
  await row.getByRole("button", { name: "Delete" }).click();
  await look(page, "delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Deleted. It no longer counts.").waitFor();
  assert((await api("/v1/decisions", attempt)).outcome === "allow", "it counts no longer");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.").waitFor();
  assert((await api("/v1/decisions", attempt)).outcome === "block", "it counts again");
  // Many at once.
  await page.getByRole("checkbox", { name: "Select user59@example.com" }).check();
  await page.getByRole("checkbox", { name: "Select user58@example.com" }).check();
  await page.getByRole("button", { name: "Delete the ticked ones" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Deleted. It no longer counts.").waitFor();
  assert((await page.getByRole("row", { name: /user5[89]@/ }).count()) === 0, "both are gone");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.").waitFor();
  assert((await page.getByRole("row", { name: /user5[89]@/ }).count()) === 2, "both are back");
  // Listed once more: the same entry, and one is told.
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("dialog").getByLabel("Email").fill("mallory@example.com");
  await page.getByRole("dialog").getByLabel("Reason").fill("second look");
  await page.getByRole("dialog").getByRole("button", { name: "Submit" }).click();
  await page.getByText("It was listed already").waitFor();
  // An entry has a page: what it is, what was noted, its terms, its history.
  await page.getByRole("link", { name: "mallory@example.com" }).click();
  await page.getByRole("heading", { level: 1, name: /mallory@example.com/ }).waitFor();
  await page.getByLabel("Note", { exact: true }).fill("Called back: <b>not</b> her card.");
  await page.getByRole("button", { name: "Add note" }).click();
  await page.getByText("Called back: <b>not</b> her card.").waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await page.getByRole("button", { name: "Change" }).click();
  await look(page, "entry-change");
  await page.getByRole("dialog").getByLabel("Soft: whoever is whitelisted passes").check();
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByText("Changed. It counts like this from now on.").waitFor();
  await page.getByText("Strength: hard soft").waitFor();
  await look(page, "entry");
  await lookOnPhone(page, "entry");
  // Two at once: the second is told.
  await other.getByRole("button", { name: "Change" }).click();
  await other.getByRole("dialog").getByLabel("Reason").fill("too late");
  await other.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await other.getByRole("heading", { name: "Somebody else was faster" }).waitFor();
  await other.close();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone.").waitFor();
  // What is broad shows whom it would have hit, before it is submitted; an email only when it is asked for.
  await page.getByRole("button", { name: "Add" }).click();
  await dialog.getByLabel("Kind", { exact: true }).selectOption({ label: "Domain of addresses" });
  await dialog.getByLabel("Domain of addresses").fill("Example.com");
  assert((await dialog.getByLabel("Email").count()) === 0, "one field for a value, named by its kind");
  await dialog.getByText("More options").click();
  await dialog.getByLabel("Merchant-initiated payments").uncheck();
  await dialog.getByRole("button", { name: "Submit" }).click();
  await page.getByRole("heading", { level: 1, name: "What this would have hit" }).waitFor();
  await page.getByRole("heading", { level: 2, name: /example.com/ }).waitFor();
  assert((await page.getByRole("row", { name: /Blocked/ }).count()) >= 2, "the attempts from above");
  await look(page, "preview");
  await lookOnPhone(page, "preview");
  await page.getByRole("button", { name: "Back" }).click();
  assert((await dialog.getByLabel("Domain of addresses").inputValue()) === "Example.com", "what was typed is there");
  assert(!(await dialog.getByLabel("Merchant-initiated payments").isChecked()), "so are the boxes");
  await dialog.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByText("Added. It counts from now on.").waitFor();
  await page.getByRole("row", { name: /example.com Domain of addresses customer-initiated/ }).waitFor();
  await page.getByRole("button", { name: "Add" }).click();
  await dialog.getByLabel("Email").fill("mallory@example.com");
  await dialog.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("heading", { level: 2, name: /mallory@example.com/ }).waitFor();
  await page.getByRole("link", { name: "Blacklist", exact: true }).first().click();
  // Customers with the list status, in a tab of their own.
  const customer = await api("/v1/customers", { email: "carl@example.com", name: "Carl" });
  await api(`/v1/customers/${customer.id}/blacklist`, { reason: "abuse" });
  await page.getByRole("link", { name: "Customers", exact: true }).last().click();
  await page.getByRole("row", { name: /Carl.*abuse/ }).waitFor();
  await look(page, "blacklist-customers");
  await page.getByRole("link", { name: "Whitelist" }).click();
  await page.getByText("Nothing is listed.").waitFor();
  await look(page, "whitelist-empty");
});
