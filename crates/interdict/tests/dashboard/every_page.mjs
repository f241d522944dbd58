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
  for (const name of ["Overview", "Customers", "Blacklist", "Whitelist", "Payments", "Try a decision", "API keys", "Audit log", "Team", "Settings"]) {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    const file = name.toLowerCase().replaceAll(" ", "-");
    await look(page, file);
    await lookOnPhone(page, file);
    for (const chip of await page.locator(".chip").allTextContents()) chips.add(chip);
    const bytes = (await page.content()).length;
    assert(bytes < 600_000, `${name} is ${bytes} bytes long`);
  }
  for (const wanted of ["Restricted", "Blacklisted", "Whitelisted", "Succeeded", "Cancelled"]) {
    assert(chips.has(wanted), `the shop shows somebody or something ${wanted}: ${[...chips]}`);
  }
  // A payment that was refused opens its grounds.
  await page.goto(`${BASE}/dashboard/test/payments?blocked=on`);
  await page.locator("main table a").first().click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await look(page, "payment");
  await lookOnPhone(page, "payment");
  // What would be decided, with all seven tiers.
  await page.goto(`${BASE}/dashboard/test/decisions?initiator=customer&email=mallory%40example.com`);
  await look(page, "decision");
  await lookOnPhone(page, "decision");
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
