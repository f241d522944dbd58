// Every page of a shop that is alive, in both themes, on a desk and on a phone, with axe; and the work of those
// who keep keys, people and settings.
import { BASE, assert, look, lookOnPhone, signIn, tell } from "./story.mjs";

await tell(async (page) => {
  await signIn(page);
  // After signing in: test mode, overview.
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  assert(page.url().endsWith("/dashboard/test"), "test mode comes first");
  assert((await page.locator("svg").count()) > 0, "the overview has charts");
  const chips = new Set();
  for (const name of ["Overview", "Customers", "Blacklist", "Whitelist", "Approvals", "Payments", "Decisions", "API keys", "Audit log", "Team", "Settings"]) {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    const file = name.toLowerCase().replaceAll(" ", "-");
    await look(page, file);
    await lookOnPhone(page, file);
    for (const chip of await page.locator(".chip").allTextContents()) chips.add(chip);
    const bytes = (await page.content()).length;
    assert(bytes < 600_000, `${name} is ${bytes} bytes long`);
  }
  for (const wanted of ["Restricted", "Blacklisted", "Whitelisted", "Succeeded", "Declined"]) {
    assert(chips.has(wanted), `the shop shows somebody or something ${wanted}: ${[...chips]}`);
  }
  // Lists the other way round, and what never matched.
  await page.goto(`${BASE}/dashboard/test/blacklist`);
  await page.getByRole("link", { name: "Added", exact: true }).click();
  await page.locator("th[aria-sort=ascending]").waitFor();
  await page.getByLabel("Show", { exact: true }).selectOption({ label: "Never matched" });
  await page.waitForURL(/show=unmatched/);
  await page.getByRole("cell", { name: "never" }).first().waitFor();
  await look(page, "blacklist-unmatched");
  // Who is forgotten is forgotten for good: a word is asked for.
  await page.goto(`${BASE}/dashboard/test/customers`);
  await page.locator("main table a").filter({ hasText: "@" }).first().click();
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: "Erase customer" }).click();
  await page.getByRole("dialog", { name: "Erase customer" }).getByRole("button", { name: "Erase" }).click();
  await page.getByRole("alert").getByText("Type the word").waitFor();
  await look(page, "erase");
  // A payment that was refused opens its grounds.
  await page.goto(`${BASE}/dashboard/test/payments?blocked=on`);
  await page.locator("main table a").first().click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await look(page, "payment");
  await lookOnPhone(page, "payment");
  // A decision that was made, with all seven tiers.
  await page.goto(`${BASE}/dashboard/test/decisions?outcome=block`);
  await page.locator("main table a").first().click();
  await page.getByRole("heading", { level: 1, name: "A decision" }).waitFor();
  await look(page, "decision");
  await lookOnPhone(page, "decision");
  // What would be decided.
  await page.goto(`${BASE}/dashboard/test/decisions/try?initiator=customer&email=mallory%40example.com`);
  await look(page, "decision-try");
  await lookOnPhone(page, "decision-try");
  // Who is blocked as a whole, and what may be theirs.
  await page.goto(`${BASE}/dashboard/test/persons`);
  await look(page, "persons");
  await lookOnPhone(page, "persons");
  await page.goto(`${BASE}/dashboard/test/persons?tab=suggestions`);
  await look(page, "suggestions");
  await lookOnPhone(page, "suggestions");
  await page.goto(`${BASE}/dashboard/test/persons`);
  await page.locator("main table a").first().click();
  await page.getByRole("heading", { level: 1, name: "Person" }).waitFor();
  await look(page, "person");
  await lookOnPhone(page, "person");
  // Reports, each of which has rows.
  for (const report of ["never-matched", "expired", "ending", "good-customers-blocked"]) {
    await page.goto(`${BASE}/dashboard/test/reports?report=${report}`);
    await page.locator("main table a").first().waitFor();
    await look(page, `report-${report}`);
    await lookOnPhone(page, `report-${report}`);
  }
  // The audit, by what was done.
  await page.goto(`${BASE}/dashboard/test/audit`);
  await page.getByLabel("What", { exact: true }).selectOption({ label: "Payment blocked" });
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/action=payment\.blocked/);
  const others = await page.locator("main tbody tr").filter({ hasNotText: "Payment blocked" }).count();
  assert(others === 0 && (await page.locator("main tbody tr").count()) > 0, "nothing else is listed");
  await look(page, "audit-filtered");
  await lookOnPhone(page, "audit-filtered");
  // And by a day, in a past that the demonstration has made up.
  const day = new Date(Date.now() - 3 * 24 * 3600 * 1000).toISOString().slice(0, 10);
  await page.goto(`${BASE}/dashboard/test/audit?from=${day}&to=${day}`);
  const times = await page.locator("main tbody tr td:first-child time").evaluateAll((all) => all.map((time) => time.dateTime));
  assert(times.length > 0 && times.every((time) => time.startsWith(day)), `all is of ${day}: ${times}`);
  // A key may what is chosen, and nothing is chosen beforehand.
  await page.goto(`${BASE}/dashboard/test/keys`);
  await page.getByRole("button", { name: "Create key" }).click();
  const dialog = page.getByRole("dialog", { name: "Create a key of test mode" });
  assert((await dialog.locator("input:checked").count()) === 0, "nothing is chosen");
  assert(!(await dialog.getByLabel("read payments").isVisible()), "one by one is for whoever wants that");
  await dialog.getByLabel("Choose one by one:").check();
  await dialog.getByLabel("read payments").check();
  await look(page, "key-create");
  await lookOnPhone(page, "key-create");
  await dialog.getByLabel("Kind").selectOption("publishable");
  assert(!(await dialog.getByLabel("Choose one by one:").isVisible()), "a publishable key has nothing to be chosen");
  // A payment that the bank declined.
  await page.goto(`${BASE}/dashboard/test/payments?status=cancelled`);
  await page.locator("main tbody tr").filter({ hasText: "Declined" }).first().getByRole("link").first().click();
  await page.getByRole("heading", { name: "Declined by the bank or the payment provider" }).waitFor();
  await look(page, "payment-declined");
  await lookOnPhone(page, "payment-declined");
  // Files of many entries.
  await page.goto(`${BASE}/dashboard/test/imports`);
  await look(page, "imports-of-a-shop");
  await lookOnPhone(page, "imports-of-a-shop");
  // One's own.
  await page.goto(`${BASE}/dashboard/account`);
  await look(page, "account");
  await lookOnPhone(page, "account");
  await page.goto(`${BASE}/dashboard/test/nowhere`);
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await look(page, "no-such-page");
});
