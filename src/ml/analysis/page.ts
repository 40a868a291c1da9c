import { createHash } from 'node:crypto'
import { type Language, text } from '../../base/i18n.ts'
import { dataScript, type Html, html, trusted } from './html.ts'
import { SCRIPT, STYLE } from './style.ts'

/** What a page is made of. */
export interface Page {
  /** What it opens in where the reader's browser doesn't say. */
  readonly language: Language
  readonly brand: Html
  readonly title: string
  readonly heading: Html
  readonly origin: Html
  readonly nav: Html
  readonly main: Html
  readonly footer: Html
  /** Embedded as JSON, by the id of the element. */
  readonly data: Readonly<Record<string, unknown>>
}

const LOGO = trusted(
  '<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true"><rect x="1" y="12" width="5" height="9" rx="1.4" fill="var(--soft)"/><rect x="8.5" y="6" width="5" height="15" rx="1.4" fill="var(--accent)"/><rect x="16" y="1" width="5" height="20" rx="1.4" fill="var(--against)"/></svg>',
)

/** One HTML file that opens from disk: words in Korean and English, nothing loaded from elsewhere. */
export function pageOf(p: Page): string {
  const radio = (l: Language) =>
    html`<input class="lang" type="radio" name="lang" id="lang-${l}" ${l === p.language ? trusted('checked') : null} aria-label="${text(l, 'language.name')}">`
  const page = html`<body>
${radio('en')}${radio('ko')}
<header><div>
  <div class="top"><div class="brand">${LOGO} Galley <span>${p.brand}</span></div>
  <div class="switch"><label for="lang-en" lang="und">English</label><label for="lang-ko" lang="und">한국어</label></div></div>
  <h1>${p.heading}</h1>
  <p class="origin">${p.origin}</p>
  <nav>${p.nav}</nav>
</div></header>
<main>${p.main}</main>
<footer><p>${p.footer}</p></footer>
${Object.entries(p.data).map(([id, value]) => html`${dataScript(id, value)}\n`)}${trusted(`<script>${SCRIPT}</script>`)}
</body>`
  const title = html`${p.title}`
  // a page that holds other people's values runs one script, ours, and asks no one for anything
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="${p.language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${policy}"><title>${title.markup}</title><style>${STYLE}</style></head>
${page.markup}
</html>
`
}
