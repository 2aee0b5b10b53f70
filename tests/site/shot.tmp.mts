import { launch, openWindow } from './src/browser.ts'
import { serveSite } from './src/built-site.ts'
import { violationsOf } from './src/violations.ts'
const [url = '/playground/', prefix = 'play'] = process.argv.slice(2)
await using site = await serveSite()
const browser = await launch()
for (const scheme of ['light', 'dark'] as const) for (const device of ['desktop', 'phone'] as const) {
  const page = await (await openWindow(browser, scheme, device)).newPage()
  page.on('pageerror', (e) => console.log('PAGEERROR', String(e)))
  page.on('console', (m) => { if (m.type() === 'error') console.log('CONSOLE', m.text()) })
  await page.goto(site.origin + url)
  await page.locator('html[data-has-hydrated=true]').waitFor()
  await page.screenshot({ path: `/tmp/team/${prefix}-${scheme}-${device}.png`, fullPage: true })
  console.log(scheme, device, await violationsOf(page), await page.evaluate(() => document.documentElement.scrollWidth))
}
const page = await (await openWindow(browser, 'light')).newPage()
const sizes: Promise<[string, number]>[] = []
page.on('response', (r) => { if (r.request().resourceType() === 'script') sizes.push(r.request().sizes().then((s) => [r.url(), s.responseBodySize])) })
await page.goto(site.origin + url, { waitUntil: 'networkidle' })
const all = await Promise.all(sizes); console.log('JS', all.reduce((s, [, n]) => s + n, 0), all.map(([u, n]) => u.split('/').pop() + ' ' + n).join('\n'))
for (const h of ['#%', '#preset=start&challenge=%', '#preset=start&challenge=%E0%A4%A', '#preset=pkce-not-listed&assumePkceS256=true']) {
  const p = await browser.newPage(); p.on('pageerror', (e) => console.log('PAGEERROR', h, String(e)))
  await p.goto(site.origin + url + h); await p.locator('html[data-has-hydrated=true]').waitFor(); console.log(h, await p.locator('h1').first().textContent(), await p.locator('[data-testid=scope]').textContent().catch(() => 'none'))
}
await browser.close()
