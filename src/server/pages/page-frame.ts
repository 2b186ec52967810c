/** What all pages of the server itself are framed in. No script of theirs stands in the page, and nothing comes from elsewhere. */
import { html } from 'hono/html'

export const PAGE_STYLE = `:root {
  color-scheme: light dark;
  font: 16px/1.5 system-ui, sans-serif;
  --ground: light-dark(#fbfbfa, #16181b);
  --panel: light-dark(#fff, #1f2226);
  --text: light-dark(#1d2023, #e7e9ec);
  --quiet: light-dark(#575d65, #a7adb5);
  --line: light-dark(#dcdfe3, #363b42);
  --accent: light-dark(#0b57c4, #8ab8ff);
  --on-accent: light-dark(#fff, #10233f);
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--text); overflow-wrap: break-word }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem }
main.narrow { max-width: 30rem; padding-top: 12vh }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 1rem }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem }
h3 { font-size: 1rem; margin: 2rem 0 .25rem }
a { color: var(--accent) }
a:focus-visible, button:focus-visible, input:focus-visible, pre:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
ul.plain { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.25rem; margin: .5rem 0 }
dt { font-weight: 600 }
dd { margin: 0 }
label { display: block; margin: 1.5rem 0 .35rem }
input { font: inherit; width: 100%; padding: .5rem .65rem; color: inherit; background: var(--panel); border: 1px solid var(--quiet); border-radius: .4rem }
button { font: inherit; font-weight: 600; margin-top: 1rem; padding: .5rem 1.25rem; color: var(--on-accent); background: var(--accent); border: 0; border-radius: .4rem; cursor: pointer }
[role=status] { min-height: 3em }
code, pre { font: .875em/1.5 ui-monospace, monospace }
h3 code { font-size: 1em; font-weight: 600 }
pre { overflow-x: auto; margin: .5rem 0; padding: .75rem 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: .4rem }
summary { width: fit-content; color: var(--accent); cursor: pointer }
table { border-collapse: collapse; width: 100% }
td { text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0; border-top: 1px solid var(--line) }
td:last-child { padding-right: 0; width: 60% }
.quiet { color: var(--quiet) }
@media (max-width: 40rem) {
  dl, table, tbody, tr, td { display: block; width: 100% }
  dd { margin-bottom: .75rem }
  td { border: 0; padding: 0 }
  tr { border-top: 1px solid var(--line); padding: .4rem 0 }
  td:last-child { width: auto }
}
`

type Content = ReturnType<typeof html>

export const pageFrame = ({
  title,
  script,
  narrow = false,
  content,
}: {
  readonly title: string
  /** Of this server. */
  readonly script?: string
  /** For a form, or a few lines. */
  readonly narrow?: boolean
  readonly content: Content
}): Content =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/login.css" />
        ${script === undefined ? '' : html`<script src="${script}" defer></script>`}
      </head>
      <body>
        <main class="${narrow ? 'narrow' : ''}">${content}</main>
      </body>
    </html>`
