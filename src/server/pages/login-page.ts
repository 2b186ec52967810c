/** The way in for browsers. The code of a login link stands behind its #, which no server and no log gets to see. */
import { html } from 'hono/html'

export const LOGIN_SCRIPT = `'use strict'
const code = location.hash.slice(1)
const form = document.querySelector('form')
const message = document.querySelector('[role=status]')
const say = (text) => { message.textContent = text }
async function enter(secret) {
  say('Logging in …')
  try {
    const answer = await fetch('/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: secret }),
    })
    if (answer.ok) return location.replace('/')
    const problem = await answer.json()
    say(problem.detail + ' ' + problem.next)
  } catch {
    say('The server does not answer. Is the gateway running? yard gateway status')
  }
}
form.addEventListener('submit', (event) => {
  event.preventDefault()
  enter(form.elements.code.value.trim())
})
if (code !== '') {
  history.replaceState(null, '', location.pathname)
  enter(code)
}
`

export const PAGE_STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem }
main.login { max-width: 26rem; margin: 15vh auto 0 }
h1 { font-size: 1.5rem } h2 { margin-top: 2.5rem } h3 { margin: 2rem 0 .25rem; font-size: 1rem }
label { display: block; margin: 1rem 0 .25rem }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem .6rem }
button { font: inherit; margin-top: 1rem; padding: .5rem 1.2rem }
code, pre { font: .9em ui-monospace, monospace }
pre { overflow-x: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .4rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0 }
.quiet { opacity: .7 }
`

export const loginPage = (message = '') =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Yardmaster: log in</title>
        <link rel="stylesheet" href="/login.css" />
        <script src="/login.js" defer></script>
      </head>
      <body>
        <main class="login">
          <h1>Yardmaster</h1>
          <p>
            In a terminal on the machine it runs on, type <code>yard open</code> and follow the link it
            prints.
          </p>
          <form method="post" action="/login">
            <label for="code"
              >Or paste the code of such a link, or the content of <code>server.token</code></label
            >
            <input id="code" name="code" type="password" autocomplete="off" required />
            <button>Log in</button>
          </form>
          <p role="status">${message}</p>
        </main>
      </body>
    </html>`
