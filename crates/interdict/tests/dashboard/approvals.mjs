// What hits many is proposed by one person and approved by another one.
import { BASE, api, assert, look, lookOnPhone, signIn, tell } from "./story.mjs";

const { SECOND, READER, GOOD } = process.env;

async function signInAs(page, email) {
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(page, email, GOOD);
}

async function propose(page, domain) {
  await page.goto(`${BASE}/dashboard/test/blacklist`);
  await page.getByRole("button", { name: "Add" }).click();
  const dialog = page.getByRole("dialog", { name: "Add to the blacklist" });
  await dialog.getByLabel("Kind", { exact: true }).selectOption({ label: "Domain of addresses" });
  await dialog.getByLabel("Domain of addresses").fill(domain);
  await dialog.getByLabel("Reason").fill("ring of 2026");
  await dialog.getByRole("button", { name: "Submit" }).click();
  await page.getByRole("heading", { level: 1, name: "What this would have hit" }).waitFor();
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByText("It waits for somebody else to approve it.").waitFor();
}

await tell(async (page) => {
  for (const name of ["a", "b", "c"]) {
    await api("/v1/customers", { email: `${name}@example.com` });
    await api("/v1/customers", { email: `${name}@example.net` });
  }
  const attempt = { initiator: "customer", email: "x@example.com", dryRun: true };
  await signIn(page);
  await page.goto(`${BASE}/dashboard/test/settings`);
  await page.getByLabel("A second person approves more than").fill("2");
  await page.getByRole("button", { name: "Save" }).first().click();
  await page.getByText("saved").first().waitFor();
  await propose(page, "example.com");
  await propose(page, "example.net");
  assert((await api("/v1/decisions", attempt)).outcome === "allow", "it does not count yet");
  // Who proposed it may take it back, and nothing else.
  assert((await page.getByRole("button", { name: "Approve" }).count()) === 0, "nobody approves their own");
  await look(page, "approvals-own");
  await page.getByRole("button", { name: "Withdraw" }).first().click();
  await page.getByText("Refused. Nothing has changed.").waitFor();
  // Somebody who only reads sees it, without buttons.
  await signInAs(page, READER);
  await page.getByRole("link", { name: "Approvals 1" }).click();
  await page.getByText("ring of 2026").waitFor();
  assert((await page.getByRole("button", { name: /Approve|Refuse/ }).count()) === 0, "a reader is offered nothing");
  // Another person approves it.
  await signInAs(page, SECOND);
  await page.getByRole("link", { name: "Approvals 1" }).click();
  await page.getByText("3 customers").waitFor();
  await look(page, "approvals");
  await lookOnPhone(page, "approvals");
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByText("Approved. It counts from now on.").waitFor();
  await page.getByText("Nothing is waiting for approval.").waitFor();
  assert((await api("/v1/decisions", attempt)).outcome === "block", "it counts");
  await look(page, "approvals-empty");
});
