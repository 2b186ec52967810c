/** What is kept for later: backups and workspaces. */
import { byteSize, count, relative } from '../../lib/amounts.ts'
import { ok, warn, type Check, type Finding } from './check.ts'
import { canOpenBoard, isBoardThere, NO_BOARD } from './no-board.ts'

export const backups: Check = {
  name: 'backups',
  async look(installation) {
    if (!(await isBoardThere(installation))) return NO_BOARD
    const [newest] = await (await installation.services.backups()).list()
    if (newest === undefined)
      return [warn('there is no backup yet; the gateway makes them by itself', 'yard backup')]
    const hours = (await installation.services.config()).settings.backups.every_hours
    const facts = `the newest was made ${relative(newest.createdAt, installation.now)} (${byteSize(newest.size)})`
    return [
      installation.now - newest.createdAt > 2 * hours * 3600
        ? warn(`${facts}, and one is due every ${hours} h`, 'yard backup')
        : ok(facts),
    ]
  },
}

export const workspaces: Check = {
  name: 'workspaces',
  async look(installation) {
    if (!(await canOpenBoard(installation))) return NO_BOARD
    const kernel = await installation.kernel()
    const all = (await kernel.workspacesWithOwners()).filter(
      ({ workspace }) => workspace.state === 'leased' || workspace.state === 'kept',
    )
    const strays = await (
      await installation.services.workspaces()
    ).strays(all.map(({ workspace }) => workspace.path))
    const findings: Finding[] = strays.map((path) =>
      warn(
        `${path} belongs to no task of this board`,
        'look at it, and remove it by hand if nothing in it is needed',
      ),
    )
    const kept = all.filter(
      ({ workspace, task }) => workspace.state === 'kept' && (task === null || task.status === 'archived'),
    )
    if (kept.length > 0)
      findings.push(
        warn(
          `${count(kept.length, 'workspace')} of archived tasks ${kept.length === 1 ? 'is' : 'are'} still there`,
          'yard gc, and yard workspaces for the reasons',
        ),
      )
    return findings.length > 0 ? findings : [ok(count(all.length, 'workspace'))]
  },
}
