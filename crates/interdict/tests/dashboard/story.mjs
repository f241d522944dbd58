// What the stories share: a browser, somebody who is signed in, and a look at each page that axe takes, too.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.BROWSER_MODULES + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const { BASE, KEY, EMAIL, PASSWORD, SCREENSHOTS, ISSUER } = process.env;

// The machine may be busy with builds.
const PATIENCE_MS = 60_000;

export async function api(path, body, method = "POST") {
  const answer = await fetch(BASE + path, {
    method,
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

export function assert(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

export async function signIn(page, email = EMAIL, password = PASSWORD) {
  await page.goto(`${BASE}/dashboard`);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

// Looks at a page in both themes: keeps a screenshot of each, and lets axe look.
export async function look(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${SCREENSHOTS}/${name}-${colorScheme}.png`, fullPage: true });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const said = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`);
    assert(said.length === 0, `axe finds nothing on ${name} (${colorScheme}): ${said.join("; ")}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

// Nothing may be wider than the phone that it is read on.
export async function lookOnPhone(page, name) {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  await look(page, `${name}-360`);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert(width <= 360, `${name} fits on a phone, and is ${width} wide`);
  // Nor may a table hide a part of itself.
  const cut = await page.locator(".table").evaluateAll((tables) =>
    tables.filter((table) => table.scrollWidth > table.clientWidth + 1).map((table) => table.textContent.trim().slice(0, 40)),
  );
  assert(cut.length === 0, `no table of ${name} is cut off on a phone: ${cut}`);
  if (before) await page.setViewportSize(before);
}

export async function tell(story, options = {}) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    page.on("pageerror", (error) => {
      throw error;
    });
    await story(page, context);
    // An issuer of OpenID Connect is another host that people go to.
    const ours = [BASE, ISSUER, "data:"].filter(Boolean);
    const elsewhere = asked.filter((url) => !ours.some((start) => url.startsWith(start)));
    assert(elsewhere.length === 0, `no other host is asked: ${elsewhere}`);
  } finally {
    await browser.close();
  }
}
