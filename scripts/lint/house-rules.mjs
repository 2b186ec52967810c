// The walls of the house, as rules for oxlint: who may import whom, and what happens in one place only.
// Every message says where to go instead. The table is the one in ARCHITECTURE.md.
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Folder of src → what it may import of ours (a folder, or one file), and the way out. */
const FOLDERS = {
  domain: {
    may: [],
    instead: 'It holds pure rules: pass the value in, or decide here and act in src/kernel.',
  },
  lib: {
    may: [],
    instead: 'It holds what could be anyone’s: pass the value in, or move this to the folder that knows it.',
  },
  contract: {
    may: ['domain'],
    instead: 'It holds shapes and names only, and the dashboard loads it: put behaviour in src/kernel.',
  },
  store: {
    may: ['domain', 'lib'],
    instead: 'It holds SQL only: decide in src/domain, open transactions in src/kernel.',
  },
  kernel: {
    may: ['domain', 'store', 'lib'],
    instead: 'Put SQL in src/store and ask it from here; wire names belong to src/contract and the doors.',
  },
  workspaces: {
    may: ['domain', 'lib'],
    instead: 'Let src/dispatch or src/runner ask the kernel and pass the answer in.',
  },
  agents: {
    may: ['domain', 'lib'],
    instead: 'Describe how the agent is driven here; let src/runner start it and ask the kernel.',
  },
  runner: {
    may: ['kernel', 'workspaces', 'agents', 'mcp', 'domain', 'lib'],
    instead: 'Ask the board through src/kernel.',
  },
  dispatch: {
    may: ['kernel', 'workspaces', 'agents', 'runner/launch.ts', 'domain', 'lib'],
    instead: 'Start a worker through src/runner/launch.ts, and ask the board through src/kernel.',
  },
  home: {
    may: ['kernel', 'contract', 'domain', 'lib'],
    instead:
      'It holds what every door does with a home beside its board: name what you need in src/home/services.ts, and wire it in src/app.',
  },
  notify: {
    may: ['kernel', 'contract', 'domain', 'lib'],
    instead: 'Read and acknowledge the outbox through src/kernel.',
  },
  chat: {
    may: ['kernel', 'contract', 'domain', 'lib'],
    instead: 'A door holds no rule: call a verb of src/kernel.',
  },
  server: {
    may: ['kernel', 'home', 'contract', 'domain', 'lib'],
    instead: 'A door holds no rule: call a verb of src/kernel.',
  },
  mcp: {
    may: ['kernel', 'contract', 'domain', 'lib'],
    instead: 'A door holds no rule: call a verb of src/kernel.',
  },
  cli: {
    may: ['kernel', 'home', 'contract', 'domain', 'lib'],
    instead: 'A door holds no rule: call a verb of src/kernel. Wire things together in src/app.ts.',
  },
  client: {
    may: ['contract', 'domain'],
    instead: 'It runs in browsers and in other people’s programs: ask the server.',
  },
  dashboard: { may: ['contract', 'domain'], instead: 'It runs in a browser: ask the server.' },
}
/** Where everything is wired together: may import from all of them, and nobody but app.ts and bin.ts imports it. */
FOLDERS.app = { may: Object.keys(FOLDERS), instead: 'The dashboard is served, never imported.' }
const BROWSER_SAFE = ['domain', 'contract', 'client', 'dashboard']

/** Modules with one home. A place is a prefix of the path below src. */
const MODULES = [
  {
    names: ['pg', 'kysely'],
    places: ['store/'],
    message: 'is used in src/store only. Put the SQL there and ask it by name from here.',
  },
  {
    names: ['node:sqlite'],
    places: ['store/', 'lib/home-lock.ts'],
    message:
      'is used in src/store only (and by the lock of the home). Put the SQL there and ask it by name from here.',
  },
  {
    names: ['node:child_process', 'child_process'],
    places: ['runner/', 'workspaces/', 'agents/', 'cli/', 'lib/process'],
    message:
      'starts processes, which src/runner, workspaces, agents, cli and lib/process* do. Ask one of them from here.',
  },
]

const CLOCK =
  'Time and chance come from src/lib: take `now` as a value, or a clock or id maker as a dependency.'
const EXIT =
  'Only src/cli, src/bin.ts and src/runner/main.ts end the process. Throw, or return; they set the exit code.'

/** Where a file lives: { folder, below } for product code, undefined for tests, benches and scripts. */
function place(filename) {
  const path = relative(root, filename).split(sep).join('/')
  if (/\.test\.tsx?$/.test(path)) return undefined
  if (path.startsWith('src/')) {
    const below = path.slice('src/'.length)
    return { folder: below.includes('/') ? below.slice(0, below.indexOf('/')) : undefined, below }
  }
  return path.startsWith('dashboard/src/') ? { folder: 'dashboard', below: path } : undefined
}

const isBelow = (path, places) => places.some((place) => path.startsWith(place))
const nameOf = (key, computed) => (computed ? (key.type === 'Literal' ? key.value : undefined) : key.name)

/** Calls visit(node, source) for each import, export-from, import() and require. */
const onImports = (visit) => {
  const declared = (node) => {
    if (node.source) visit(node.source, node.source.value, node)
  }
  return {
    ImportDeclaration: declared,
    ExportNamedDeclaration: declared,
    ExportAllDeclaration: declared,
    ImportExpression(node) {
      if (node.source.type === 'Literal') visit(node.source, node.source.value, node)
    },
    TSImportType(node) {
      const literal = node.source ?? node.argument?.literal
      if (literal?.type === 'Literal') visit(literal, literal.value, node)
    },
    CallExpression(node) {
      const [argument] = node.arguments
      if (
        node.callee.type === 'Identifier' &&
        node.callee.name === 'require' &&
        argument?.type === 'Literal'
      ) {
        visit(argument, argument.value, node)
      }
    },
  }
}

const walls = {
  create(context) {
    const here = place(context.filename)
    if (!here?.folder) return {}
    const rule = FOLDERS[here.folder]
    return onImports((node, source) => {
      if (typeof source !== 'string') return
      if (!rule) {
        context.report({
          node,
          message: `src/${here.folder} is not a room of the house. Move this to one of the folders in ARCHITECTURE.md, or add it there and in scripts/lint/house-rules.mjs.`,
        })
        return
      }
      if (source.startsWith('node:') && BROWSER_SAFE.includes(here.folder)) {
        context.report({
          node,
          message: `${here.folder} also runs in a browser, so it uses nothing of Node. Do this in src/lib or in the folder that calls it, and pass the value in.`,
        })
        return
      }
      if (!source.startsWith('.')) return
      const target = relative(root, join(dirname(context.filename), source))
        .split(sep)
        .join('/')
      const own = here.folder === 'dashboard' ? 'dashboard/' : `src/${here.folder}/`
      if (target.startsWith(own)) return
      if (
        rule.may.some((name) =>
          name.endsWith('.ts') ? target === `src/${name}` : target.startsWith(`src/${name}/`),
        )
      )
        return
      const may = rule.may.length > 0 ? `may import only ${rule.may.join(', ')}` : 'imports nothing of ours'
      context.report({ node, message: `${here.folder} ${may}. ${rule.instead}` })
    })
  },
}

const modules = {
  create(context) {
    const here = place(context.filename)
    if (!here) return {}
    return onImports((node, source) => {
      const found = MODULES.find(({ names }) =>
        names.some((name) => source === name || String(source).startsWith(`${name}/`)),
      )
      if (found && !isBelow(here.below, found.places))
        context.report({ node, message: `${source} ${found.message}` })
    })
  },
}

const CLOCK_MEMBERS = {
  Date: ['now'],
  Math: ['random'],
  performance: ['now', 'timeOrigin'],
  crypto: ['randomUUID'],
  process: ['hrtime'],
  Temporal: ['Now'],
}
const CLOCK_IMPORTS = {
  'node:crypto': ['randomUUID'],
  'node:perf_hooks': ['performance'],
  'node:process': ['hrtime'],
}

const clock = {
  create(context) {
    const here = place(context.filename)
    if (!here || here.folder === 'lib' || here.folder === 'dashboard') return {}
    const report = (node) => context.report({ node, message: CLOCK })
    return {
      MemberExpression(node) {
        const owner =
          node.object.type === 'Identifier'
            ? node.object.name
            : nameOf(node.object.property ?? {}, node.object.computed)
        if (
          Object.hasOwn(CLOCK_MEMBERS, owner ?? '') &&
          CLOCK_MEMBERS[owner].includes(nameOf(node.property, node.computed))
        )
          report(node)
      },
      NewExpression(node) {
        if (node.callee.name === 'Date' && node.arguments.length === 0) report(node)
      },
      CallExpression(node) {
        if (node.callee.name === 'Date') report(node)
      },
      ImportDeclaration(node) {
        for (const specifier of node.specifiers) {
          if (CLOCK_IMPORTS[node.source.value]?.includes(specifier.imported?.name)) report(specifier)
        }
      },
    }
  },
}

const exit = {
  create(context) {
    const here = place(context.filename)
    if (!here || isBelow(here.below, ['cli/', 'bin.ts', 'runner/main.ts'])) return {}
    return {
      MemberExpression(node) {
        if (node.object.name === 'process' && nameOf(node.property, node.computed) === 'exit')
          context.report({ node, message: EXIT })
      },
      ImportDeclaration(node) {
        if (node.source.value !== 'node:process') return
        for (const specifier of node.specifiers) {
          if (specifier.imported?.name === 'exit') context.report({ node: specifier, message: EXIT })
        }
      },
    }
  },
}

export default { meta: { name: 'house' }, rules: { walls, modules, clock, exit } }
