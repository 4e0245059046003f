// Sends damaged SIP, SDP, RTP, RTCP, requests and lists of numbers at every way in, and says whether anything broke: an error that no contract names, an input that
// takes too long, a call or timer that stays, memory that grows. Prints JSON. The cases of a seed are always the same.
//
//   node bench/fuzz.ts [inputs] [--seed n] [--kind name] [--case n] [--keep]
//
// --case plays one case alone and shows it; --keep writes cases that failed to test/corpus/fuzz.
import { parseArgs } from 'node:util'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { keepCase } from '../test/fuzz/corpus.ts'
import { diceOf, INPUT_MS_MAX, Probe, type FuzzCase } from '../test/fuzz/fuzz-kind.ts'
import { fuzzKinds } from '../test/fuzz/index.ts'
import { round } from './figures.ts'

/** No input can be stopped from its own thread: another one watches that cases go on ending. */
const HUNG_MS = 30_000
const FAILURES_MAX = 20
/** Code that is compiled and caches that fill count as growth only in the beginning. */
const WARM_UP_SHARE = 0.15
const HEAP_GROWTH_MB_MAX = 5

type Options = { inputs: number; seed: number; kind: string | undefined; case: number | undefined; keep: boolean }
type Failure = { kind: string; case: number; why: string; kept?: string }
type KindResult = { kind: string; cases: number; inputs: number; inputsPerSecond: number; slowestInput: { cpuMs: number; bytes: number }; heapGrowthMb: number; failures: Failure[] }
type Telling = { type: 'case'; kind: string; index: number } | { type: 'kind'; result: KindResult }

function usedHeapMb(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return getHeapStatistics().used_heap_size / 1e6
}

const whyOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : String(error))

async function fuzzKind(name: string, inputs: number, options: Options, tell: (telling: Telling) => void): Promise<KindResult> {
  const { kind } = fuzzKinds[name]!
  const failures: Failure[] = []
  const probe = new Probe()
  let heapBefore: number | undefined
  let index = 0
  const beganMs = performance.now()
  for (; probe.inputs < inputs && failures.length < FAILURES_MAX; index += 1) {
    if (index % 50 === 0) tell({ type: 'case', kind: name, index })
    const steps: FuzzCase = kind.draw(diceOf(options.seed, name, index))
    try {
      await kind.play(steps, probe)
    } catch (error) {
      const why = whyOf(error)
      failures.push({ kind: name, case: index, why, ...(options.keep ? { kept: keepCase(name, `${options.seed}-${index}`, why.split('\n', 1)[0]!, steps) } : {}) })
    }
    if (heapBefore === undefined && probe.inputs >= inputs * WARM_UP_SHARE) heapBefore = usedHeapMb()
  }
  const seconds = (performance.now() - beganMs) / 1_000
  if (probe.slowest.cpuMs >= INPUT_MS_MAX) failures.push({ kind: name, case: -1, why: `an input of ${probe.slowest.bytes} bytes took ${probe.slowest.cpuMs} ms` })
  const heapGrowthMb = usedHeapMb() - (heapBefore ?? Infinity)
  if (heapGrowthMb > HEAP_GROWTH_MB_MAX) failures.push({ kind: name, case: -1, why: `the heap grew by ${round(heapGrowthMb)} MB` })
  return { kind: name, cases: index, inputs: probe.inputs, inputsPerSecond: Math.round(probe.inputs / seconds), slowestInput: { cpuMs: round(probe.slowest.cpuMs), bytes: probe.slowest.bytes }, heapGrowthMb: round(heapGrowthMb), failures }
}

async function work(options: Options): Promise<void> {
  const tell = (telling: Telling): void => parentPort!.postMessage(telling)
  for (const [name, { share }] of Object.entries(fuzzKinds)) {
    if (options.kind !== undefined && options.kind !== name) continue
    tell({ type: 'kind', result: await fuzzKind(name, options.inputs * (options.kind === undefined ? share : 1), options, tell) })
  }
}

/** Resolves with what every kind did; a hung one is a failure and ends the run. */
function watch(options: Options): Promise<KindResult[]> {
  const { promise, resolve, reject } = Promise.withResolvers<KindResult[]>()
  const results: KindResult[] = []
  const worker = new Worker(new URL(import.meta.url), { workerData: options })
  let last = { kind: '', index: 0 }
  let timer: NodeJS.Timeout
  const wait = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      results.push({ kind: last.kind, cases: last.index, inputs: 0, inputsPerSecond: 0, slowestInput: { cpuMs: HUNG_MS, bytes: 0 }, heapGrowthMb: 0, failures: [{ kind: last.kind, case: last.index, why: `hung in this case or one of the 49 after it` }] })
      void worker.terminate()
    }, HUNG_MS)
  }
  wait()
  worker.on('message', (telling: Telling) => {
    wait()
    if (telling.type === 'case') last = telling
    else {
      results.push(telling.result)
      console.error(JSON.stringify(telling.result))
    }
  })
  worker.on('error', reject)
  worker.on('exit', () => {
    clearTimeout(timer)
    resolve(results)
  })
  return promise
}

async function showCase(name: string, index: number, options: Options): Promise<void> {
  const steps = fuzzKinds[name]!.kind.draw(diceOf(options.seed, name, index))
  for (const [at, { bytes, waitMs, way }] of steps.entries()) console.log(`${at}: ${way ?? ''} then ${waitMs} ms\n${JSON.stringify(Buffer.from(bytes).toString('latin1').slice(0, 2_000))}`)
  await fuzzKinds[name]!.kind.play(steps, new Probe())
  console.log('nothing broke')
}

if (!isMainThread) await work(workerData as Options)
else {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string', default: '1' }, kind: { type: 'string' }, case: { type: 'string' }, keep: { type: 'boolean', default: false } } })
  const options: Options = { inputs: Number(positionals[0] ?? 100_000), seed: Number(values.seed), kind: values.kind, case: values.case === undefined ? undefined : Number(values.case), keep: values.keep }
  if (options.kind !== undefined && !(options.kind in fuzzKinds)) throw new Error(`${options.kind} is none of ${Object.keys(fuzzKinds).join(' ')}`)
  if (options.case !== undefined && options.kind !== undefined) await showCase(options.kind, options.case, options)
  else {
    const beganMs = performance.now()
    const kinds = await watch(options)
    const seconds = (performance.now() - beganMs) / 1_000
    const inputs = kinds.reduce((sum, kind) => sum + kind.inputs, 0)
    const failures = kinds.flatMap((kind) => kind.failures)
    console.log(JSON.stringify({ bench: 'fuzz', node: process.version, seed: options.seed, inputs, seconds: round(seconds), inputsPerSecond: Math.round(inputs / seconds), kinds }, undefined, 1))
    process.exitCode = failures.length === 0 && inputs >= options.inputs ? 0 : 1
  }
}
