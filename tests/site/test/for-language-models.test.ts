import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveSite } from '../src/built-site.ts'
import type { ServedSite } from '../src/built-site.ts'

let site: ServedSite

beforeAll(async () => {
  site = await serveSite()
})
afterAll(() => site[Symbol.asyncDispose]())

test('llms.txt: lists the Markdown version of every page of the docs', async () => {
  const list = await (await fetch(`${site.origin}/llms.txt`)).text()
  const listed = Array.from(list.matchAll(/\]\(https:\/\/[^/]+(\/[^)]+)\)/g), ([, url = '']) => url)
  const broken: string[] = []
  for (const url of listed) {
    const response = await fetch(`${site.origin}${url}`)
    const isMarkdown = response.headers.get('content-type')?.startsWith('text/markdown') === true
    if (!isMarkdown || !/^# /m.test(await response.text())) broken.push(url)
  }
  expect(broken).toEqual([])
  // Docusaurus leaves the number of a decision out of its address.
  const pages = new Set(
    listed.map((url) => url.replace(/(\/index)?\.md$/, '/').replace(/\/\d{4}-/, '/')),
  )
  // These are programs.
  expect(site.pages.filter((url) => !pages.has(url))).toEqual(['/', '/playground/', '/simulator/'])
})

test('robots.txt: names the site map, which exists', async () => {
  const robots = await (await fetch(`${site.origin}/robots.txt`)).text()
  const [, url = ''] = /^Sitemap: (\S+)$/m.exec(robots) ?? []
  const response = await fetch(`${site.origin}${new URL(url).pathname}`)
  expect(response.status).toBe(200)
})
