// Knows which node of a script leads where, and what is known of the callee on the way. Does not know what is wrong with that.
import type { Branch, Script, ScriptNode } from './schema.ts'

export type Edge = {
  from: string
  to: string
  /** Where the target stands in the file. */
  path: readonly PropertyKey[]
  /** What the callee does to go this way. */
  by: string
  /** What this turn says about who is on the phone; absent: nothing. */
  identity?: 'yes' | 'no' | undefined
}

/** The turn after which a node goes on: what a branch says, or what a yes to "is that you" means. */
export function identityAfter(node: ScriptNode, intent: string, branch: Branch | undefined): 'yes' | 'no' | 'third-party' | undefined {
  if (branch?.identity !== undefined) return branch.identity
  if (node.asks !== 'identity') return undefined
  return intent === 'affirm' ? 'yes' : intent === 'deny' || intent === 'wrong-number' ? 'no' : intent === 'third-party' ? 'third-party' : undefined
}

/** The ways out of one node that it names itself. */
export function edgesFrom(name: string, node: ScriptNode): Edge[] {
  const path = ['nodes', name] as const
  const edges: Edge[] = []
  for (const [intent, branch] of Object.entries(node.on ?? {})) {
    const identity = identityAfter(node, intent, branch)
    edges.push({ from: name, to: branch.go, path: [...path, 'on', intent], by: intent, identity: identity === 'third-party' ? 'no' : identity })
  }
  for (const [key, branch] of Object.entries(node.keys ?? {})) edges.push({ from: name, to: branch.go, path: [...path, 'keys', key], by: `key ${key}`, identity: branch.identity === 'third-party' ? 'no' : branch.identity })
  if (node.collect) edges.push({ from: name, to: node.collect.go, path: [...path, 'collect', 'go'], by: 'keys' })
  if (node.go !== undefined) edges.push({ from: name, to: node.go, path: [...path, 'go'], by: 'go' })
  if (node.transfer) edges.push({ from: name, to: node.transfer.else, path: [...path, 'transfer', 'else'], by: 'nobody answers' })
  if (node.max) edges.push({ from: name, to: node.max.go, path: [...path, 'max', 'go'], by: `more than ${node.max.times} times` })
  return edges
}

export const reactionWays: ReadonlySet<string> = new Set(['return', 'wait', 'hang-up'])

/** True where the callee is listened to. */
export function listens(node: ScriptNode): boolean {
  return node.on !== undefined || node.keys !== undefined || node.collect !== undefined
}

/** Every way that leads to a node: the nodes' own, and from each node that listens those of the reactions that may happen anywhere. */
export function allEdges(script: Script): Edge[] {
  const own = Object.entries(script.nodes).flatMap(([name, node]) => edgesFrom(name, node))
  const anywhere: Omit<Edge, 'from'>[] = []
  const add = (to: string | undefined, path: readonly PropertyKey[], by: string, identity?: 'no'): void => {
    if (to !== undefined && !reactionWays.has(to)) anywhere.push({ to, path, by, identity })
  }
  for (const [event, reaction] of Object.entries(script.global)) {
    add(reaction.go, ['global', event, 'go'], event, reaction.identity === undefined ? undefined : 'no')
    add(reaction.max?.go, ['global', event, 'max', 'go'], event)
  }
  for (const [i, faq] of script.faq.entries()) {
    add(faq.go, ['faq', i, 'go'], faq.on)
    add(faq.max?.go, ['faq', i, 'max', 'go'], faq.on)
  }
  const from = Object.entries(script.nodes).filter(([, node]) => listens(node)).map(([name]) => name)
  return [...own, ...anywhere.flatMap((edge) => from.map((name) => ({ from: name, ...edge })))]
}

/** The places where a conversation can be: node and whether the person is confirmed, with the shortest way there. */
export function placesReached(script: Script): Map<string, { node: string; confirmed: boolean; way: readonly string[] }> {
  const places = new Map<string, { node: string; confirmed: boolean; way: readonly string[] }>()
  const edges = Map.groupBy(allEdges(script), ({ from }) => from)
  const queue = [{ node: script.start, confirmed: false, way: [script.start] }]
  while (queue.length > 0) {
    const place = queue.shift()!
    const key = `${place.node} ${place.confirmed}`
    if (script.nodes[place.node] === undefined || places.has(key)) continue
    places.set(key, place)
    for (const { to, by, identity } of edges.get(place.node) ?? []) queue.push({ node: to, confirmed: identity === undefined ? place.confirmed : identity === 'yes', way: [...place.way, `(${by})`, to] })
  }
  return places
}

/** One round that a conversation could go for ever, as node names; undefined when every round passes a counter. */
export function endlessRound(script: Script): string[] | undefined {
  const edges = Map.groupBy(Object.entries(script.nodes).filter(([, { max }]) => max === undefined).flatMap(([name, node]) => edgesFrom(name, node)), ({ from }) => from)
  const done = new Set<string>()
  const walk = (name: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name]
    if (done.has(name) || script.nodes[name]?.max !== undefined) return undefined
    for (const { to } of edges.get(name) ?? []) {
      const round = walk(to, [...way, name])
      if (round) return round
    }
    done.add(name)
    return undefined
  }
  for (const name of Object.keys(script.nodes)) {
    const round = walk(name, [])
    if (round) return round
  }
  return undefined
}

/** Nodes from which a conversation can come to an end of its own. */
export function nodesThatEnd(script: Script): ReadonlySet<string> {
  const ending = new Set(Object.entries(script.nodes).filter(([, { end }]) => end !== undefined).map(([name]) => name))
  const edges = allEdges(script)
  for (let before = -1; before !== ending.size;) {
    before = ending.size
    for (const { from, to } of edges) if (ending.has(to)) ending.add(from)
  }
  return ending
}
