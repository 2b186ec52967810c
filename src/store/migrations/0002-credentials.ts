/** Who may come in over HTTP. Of a secret only its hash is kept, so a copy of the board opens no door. */
import type { Migration } from './migration.ts'

export const credentials: Migration = {
  version: 2,
  name: 'credentials',
  statements: ({ serialKey, int, strict }) => [
    `create table credentials (
      id ${serialKey},
      kind text not null check (kind in ('token','session','login')),
      secret_hash text not null,
      person text not null,
      label text not null,
      scope text not null check (scope in ('read','write','operate')),
      created_at ${int} not null,
      created_by text not null,
      expires_at ${int},
      ended_at ${int},
      ended_by text
    )${strict}`,
    `create unique index credentials_secret on credentials (secret_hash)`,
  ],
}
