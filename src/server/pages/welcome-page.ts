/** Where a browser arrives that has logged in, while there is no dashboard: what there is, and where. */
import { html } from 'hono/html'
import { pageFrame } from './page-frame.ts'

export interface Welcome {
  readonly name: string
  /** What the session may do. */
  readonly scope: string
  /** Where the board is. */
  readonly location: string
}

export const welcomePage = ({ name, scope, location }: Welcome) =>
  pageFrame({
    title: 'Yardmaster',
    content: html`<h1>Yardmaster</h1>
      <p>
        You are logged in as <strong>${name}</strong>, with the scope <code>${scope}</code>. The board is at
        <code>${location}</code>.
      </p>
      <h2>In a terminal</h2>
      <dl>
        <dt><code>yard list</code></dt>
        <dd>the cards on the board</dd>
        <dt><code>yard create "…"</code></dt>
        <dd>another one; <code>--assignee</code> says who does the work</dd>
        <dt><code>yard watch</code></dt>
        <dd>what happens, live</dd>
        <dt><code>yard why &lt;id&gt;</code></dt>
        <dd>what a card waits for, and the command that frees it</dd>
        <dt><code>yard doctor</code></dt>
        <dd>whether everything is well</dd>
      </dl>
      <h2>Over HTTP</h2>
      <dl>
        <dt><a href="/api/docs">Operations</a></dt>
        <dd>everything programs can ask, with its shapes</dd>
        <dt><a href="/api/openapi.json">openapi.json</a></dt>
        <dd>the same for programs</dd>
        <dt><a href="/metrics">Metrics</a></dt>
        <dd>for Prometheus; a token with the scope <code>read</code> is enough</dd>
      </dl>
      <p class="quiet">
        Browsers that are logged in, and tokens: <code>yard token list</code>. One of them ends with
        <code>yard token revoke &lt;id&gt;</code>.
      </p>`,
  })
