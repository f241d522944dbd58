// To an issuer of another site and back, as people do it: with a cookie that our own pages alone send along, and with no
// other way to come in.
import { BASE, EMAIL, ISSUER, assert, look, lookOnPhone, tell } from "./story.mjs";

const WANTED = `${BASE}/dashboard/test/customers?query=miller`;

await tell(async (page, context) => {
  await page.goto(WANTED);
  await page.getByRole("button", { name: "Sign in with Company" }).waitFor();
  await look(page, "sign-in");
  await lookOnPhone(page, "sign-in");
  await page.getByRole("button", { name: "Sign in with Company" }).click();
  await page.getByRole("link", { name: "Let me in" }).click();
  // Back where one wanted to go, with nothing to press on the way.
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  assert(page.url() === WANTED, `back at ${page.url()}`);
  await page.getByRole("link", { name: EMAIL }).waitFor();
  const cookies = (await context.cookies(BASE)).map(({ name, sameSite, httpOnly }) => [name, sameSite, httpOnly].join());
  assert(cookies.join(" ") === "interdict,Strict,true", `one cookie is left: ${cookies}`);
  await page.getByRole("button", { name: "Sign out" }).click();
  // A page of the issuer's that was kept leads nowhere a second time.
  await page.goto(`${BASE}/dashboard/sign-in/oidc/callback?code=old&state=old`);
  await page.getByRole("alert").getByText("This sign-in began in another browser").waitFor();
  await look(page, "sign-in-not-asked");
  await page.getByRole("button", { name: "Sign in with Company" }).click();
  await page.getByRole("link", { name: "Let me in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  assert(page.url().startsWith(`${BASE}/dashboard/`), `in at ${page.url()}`);
  assert(!page.url().startsWith(ISSUER), "at home");
});
