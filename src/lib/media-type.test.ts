import { expect, test } from 'vitest'
import { mediaTypeOf } from './media-type.ts'

test('the type of a file is told by its name, whatever it is called', () => {
  expect(mediaTypeOf('report.MD')).toBe('text/markdown')
  for (const name of ['__proto__', 'x.constructor', 'toString', 'report', '', '.', 'x.unheard-of'])
    expect([name, mediaTypeOf(name)]).toEqual([name, null])
})
