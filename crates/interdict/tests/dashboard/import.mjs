// A file of many entries: sent, looked at, taken, and taken back.
import { api, assert, look, lookOnPhone, signIn, tell } from "./story.mjs";

const file = (text) => ({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(text) });

await tell(async (page) => {
  await api("/blacklist", { email: "user1@example.com", reason: "older" });
  await signIn(page);
  await page.getByRole("link", { name: "Blacklist" }).click();
  await page.getByRole("link", { name: "Import", exact: true }).click();
  await page.getByText("No file was sent so far.").waitFor();
  await look(page, "imports");
  await lookOnPhone(page, "imports");
  let rows = "email,reason\nnonsense,\n";
  for (let number = 0; number < 3000; number += 1) rows += `user${number}@example.com,import ${number}\n`;
  await page.getByLabel("File (CSV or NDJSON, at most 1 GiB)").setInputFiles(file(rows));
  await page.getByRole("button", { name: "Check the file" }).click();
  // The page looks again by itself until the rows were read.
  await page.getByText("Nothing is written yet.").waitFor();
  await page.getByRole("row", { name: "New 2999" }).waitFor();
  await page.getByRole("row", { name: "Changed 1", exact: true }).waitFor();
  await page.getByRole("row", { name: /2 email must be an email address/ }).waitFor();
  await look(page, "import-checked");
  await lookOnPhone(page, "import-checked");
  const attempt = { initiator: "customer", email: "user2999@example.com" };
  assert((await api("/v1/decisions", attempt)).outcome === "allow", "nothing is written");
  await page.getByRole("button", { name: "Import" }).click();
  await page.getByText("All rows were read, and the good ones are in force.").waitFor();
  assert((await api("/v1/decisions", attempt)).outcome === "block", "it counts");
  await look(page, "import-done");
  const [errors] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "All of them, to download" }).click(),
  ]);
  assert(errors.suggestedFilename().endsWith("-errors.csv"), `the bad rows are a file: ${errors.suggestedFilename()}`);
  await page.getByRole("link", { name: "Blacklist" }).first().click();
  const [list] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Export (CSV)" }).click(),
  ]);
  assert(list.suggestedFilename() === "block-entries.csv", "the list is a file");
  await page.goBack();
  await page.getByRole("link", { name: "Import", exact: true }).or(page.getByRole("link", { name: "All imports" })).click();
  await page.locator("main table a").first().click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("What it did was taken back.").waitFor();
  await page.getByRole("row", { name: "Undone: deleted 2999" }).waitFor();
  await page.getByRole("row", { name: "Undone: as before 1" }).waitFor();
  assert((await api("/v1/decisions", attempt)).outcome === "allow", "it counts no longer");
  await look(page, "import-undone");
  // A file that makes no sense says what would.
  await page.getByRole("link", { name: "All imports" }).click();
  await page.getByLabel("File (CSV or NDJSON, at most 1 GiB)").setInputFiles(file("mail;why\na@example.com;x\n"));
  await page.getByRole("button", { name: "Check the file" }).click();
  await page.getByRole("alert").filter({ hasText: "column 1 is not known" }).waitFor();
  await look(page, "import-failed");
});
