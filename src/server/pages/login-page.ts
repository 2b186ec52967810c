/** The way in for browsers. The code of a login link stands behind its #, which no server and no log gets to see. */
import { html } from 'hono/html'
import { pageFrame } from './page-frame.ts'

export const LOGIN_SCRIPT = `'use strict'
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
function follow() {
  const code = location.hash.slice(1)
  if (code === '') return
  history.replaceState(null, '', location.pathname)
  enter(code)
}
// Whoever pastes a link where this page is open already does not load it again.
addEventListener('hashchange', follow)
follow()
`

export const loginPage = (message = '') =>
  pageFrame({
    title: 'Yardmaster: log in',
    script: '/login.js',
    narrow: true,
    content: html`<h1>Yardmaster</h1>
      <p>
        In a terminal on the machine it runs on, type <code>yard open</code> and follow the link it prints.
      </p>
      <form method="post" action="/login">
        <label for="code"
          >Or paste the code of such a link, or the content of <code>server.token</code></label
        >
        <input id="code" name="code" type="password" autocomplete="off" required />
        <button>Log in</button>
      </form>
      <p role="status">${message}</p>`,
  })
