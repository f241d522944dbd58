// Whoever has a second factor shows it here, too, after the issuer has let them in.
import { look, tell, BASE } from "./story.mjs";

await tell(async (page) => {
  await page.goto(`${BASE}/dashboard`);
  await page.getByRole("button", { name: "Sign in with Company" }).click();
  await page.getByRole("link", { name: "Let me in" }).click();
  await page.getByLabel("Code").fill("000000");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("The code is wrong").waitFor();
  await look(page, "code");
  await page.getByLabel("Code").fill(process.env.RECOVERY);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
});
