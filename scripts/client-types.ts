/** Writes the shapes of the HTTP interface as plain TypeScript into src/client/types.ts. */
import { writeFileSync } from 'node:fs'
import { clientTypes } from '../test/helpers/client-types.ts'

writeFileSync(new URL('../src/client/types.ts', import.meta.url), clientTypes())
