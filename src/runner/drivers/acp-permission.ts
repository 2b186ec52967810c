/** Answers an agent that asks whether it may: nobody else is there to be asked, so the profile's permissions decide. */
import { isAbsolute, relative, resolve } from 'node:path'
import type { Permissions } from '../../domain/cli-agent.ts'
import type { ToolCall } from '../../agents/output/acp.ts'

export interface PermissionChoice {
  readonly optionId: string
  readonly kind: string
}

/** The option to choose; null when none fits. Of those that fit, the one that reaches least far. */
export const choose = (isAllowed: boolean, options: readonly PermissionChoice[]): string | null => {
  const wanted = isAllowed ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always']
  return wanted.flatMap((kind) => options.find((option) => option.kind === kind) ?? [])[0]?.optionId ?? null
}

/**
 * `full`: everything. `workspace`: looking, the board's tools, and changes of files that all lie inside of the workspace; a
 * command cannot be held there, and is refused. `board`: looking, and the board's tools.
 */
export function mayCall(permissions: Permissions, call: ToolCall, workspace: string): boolean {
  if (permissions === 'full') return true
  switch (call.kind) {
    case 'read':
    case 'search':
    case 'think':
      return true
    case 'edit':
    case 'delete':
    case 'move':
      return (
        permissions === 'workspace' &&
        call.paths.length > 0 &&
        call.paths.every((path) => isInside(path, workspace))
      )
    case 'execute':
    case 'fetch':
    case 'switch_mode':
      return false
    default:
      return isOfBoard(call)
  }
}

/**
 * Whether a tool is one of ours, under any of the names that agents make of server and tool. Only the beginning counts: what
 * follows may be words of the model.
 */
const isOfBoard = ({ name, title }: ToolCall): boolean =>
  /^(?:mcp[_-]{1,2})?(?:kanban[^a-z0-9]{1,3})?kanban_[a-z_]+(?![a-z0-9./-])/i.test(name || title)

function isInside(path: string, workspace: string): boolean {
  const way = relative(workspace, resolve(workspace, path))
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way)
}
