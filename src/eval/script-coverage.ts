// Knows which ways of a script (话术) some conversations took, and which none did. Pure.
import type { Trace } from '../robot/script/conversation.ts'
import type { Script } from '../robot/script/schema.ts'

export type ScriptCoverage = { nodes: Share; ways: Share; answers: Share }
/** `missed`: what no conversation came by, as it is named in the file. */
export type Share = { taken: number; of: number; missed: readonly string[] }

export function coverageOf(script: Script, traces: readonly Trace[]): ScriptCoverage {
  const taken = new Set(traces.flatMap(({ node, took }) => (took === 'enter' ? [`nodes.${node}`] : [`nodes.${node}.${took}`, took])))
  const share = (all: readonly string[], name: (one: string) => string = (one) => one): Share => ({ taken: all.filter((one) => taken.has(one)).length, of: all.length, missed: all.filter((one) => !taken.has(one)).map(name) })
  const ways = Object.entries(script.nodes).flatMap(([name, node]) => [
    ...Object.keys(node.on ?? {}).map((intent) => `nodes.${name}.on.${intent}`),
    ...Object.keys(node.keys ?? {}).map((key) => `nodes.${name}.keys.${key}`),
    ...(node.collect ? [`nodes.${name}.collect`] : []),
    ...(node.max ? [`nodes.${name}.max`] : []),
    ...(node.transfer ? [`nodes.${name}.transfer.else`] : []),
  ])
  return {
    nodes: share(Object.keys(script.nodes).map((name) => `nodes.${name}`)),
    ways: share(ways),
    answers: share([...script.faq.map((_, i) => `faq.${i}`), ...Object.keys(script.global).map((event) => `global.${event}`)], (one) => (one.startsWith('faq.') ? `${one}（${script.faq[Number(one.slice(4))]!.on}）` : one)),
  }
}

export function describeCoverage({ nodes, ways, answers }: ScriptCoverage): string {
  const row = (title: string, { taken, of, missed }: Share): string => `${title}  ${taken}/${of}${of === 0 ? '' : `（${Math.round((100 * taken) / of)} %）`}${missed.length === 0 ? '' : `\n  未走到 missed: ${missed.join('、')}`}`
  return [row('节点 nodes', nodes), row('分支 ways', ways), row('知识库与全局 answers', answers)].join('\n')
}
