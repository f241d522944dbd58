// The main paths, with scripts turned off.
import { BASE, api, assert, signIn, tell } from "./story.mjs";

await tell(
  async (page) => {
    const customer = await api("/v1/customers", { email: "anna@example.com", name: "Anna" });
    await signIn(page);
    await page.getByRole("link", { name: "Customers" }).click();
    await page.getByLabel("Search").fill("nna@");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("link", { name: /Anna/ }).click();
    await page.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name: "Restrict customer" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("switch", { name: "Restrict customer initiated" }).check();
    await dialog.getByRole("button", { name: "Restrict" }).click();
    await page.getByText("The customer is restricted.").waitFor();
    await page.getByRole("link", { name: "Blacklist" }).click();
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("dialog").getByLabel("Email").fill("mallory@example.com");
    await page.getByRole("dialog").getByRole("button", { name: "Submit" }).click();
    const row = page.getByRole("row", { name: /mallory@example.com/ });
    await row.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await row.waitFor();
    // A file, which is sent, looked at and taken; the page comes again by itself until it is read.
    await page.getByRole("link", { name: "Import", exact: true }).click();
    const rows = { name: "list.csv", mimeType: "text/csv", buffer: Buffer.from("email\nfiled@example.com\n") };
    await page.getByLabel("File (CSV or NDJSON, at most 1 GiB)").setInputFiles(rows);
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("Nothing is written yet.").waitFor();
    await page.getByRole("row", { name: "New 1", exact: true }).waitFor();
    await page.getByRole("button", { name: "Import" }).click();
    await page.getByText("All rows were read, and the good ones are in force.").waitFor();
    const filed = await api("/v1/decisions", { initiator: "customer", email: "filed@example.com" });
    assert(filed.outcome === "block", "the file counts");
    // What is broad shows whom it would have hit.
    await page.getByRole("link", { name: "Blacklist" }).first().click();
    await page.getByRole("button", { name: "Add" }).click();
    await page.getByRole("dialog").getByLabel("Kind", { exact: true }).selectOption("country");
    // The value's label follows, by styles alone.
    await page.getByRole("dialog").getByRole("textbox", { name: "Country" }).fill("ng");
    await page.getByRole("dialog").getByRole("button", { name: "Submit" }).click();
    await page.getByRole("heading", { name: "What this would have hit" }).waitFor();
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByRole("row", { name: /NG Country/ }).waitFor();
    const attempt = { initiator: "customer", customer: customer.id };
    assert((await api("/v1/decisions", attempt)).outcome === "block", "what was done without a script is done");
    await page.goto(`${BASE}/dashboard`);
  },
  { javaScriptEnabled: false },
);
